"""Drawn photographs (see `edge_emotion_train.drawn_faces`) as the files that the readers know."""

import csv
from pathlib import Path

import cv2

from edge_emotion.data.faces import DetectionPhotos

HEADER = ("image", "x1", "y1", "x2", "y2", "blur", "occlusion", "ignore")
WIDER_FACE = "wider_face_split/wider_face_train_bbx_gt.txt"


def write_detection_folder(path: Path, photos: DetectionPhotos) -> None:
    """Write photographs as `path`/images/ and `path`/faces.csv."""
    rows: list[list[object]] = []
    for name, faces in zip(photos.names, photos.faces, strict=True):
        grades = zip(faces.blur, faces.occlusion, faces.ignore.astype(int), strict=True)
        rows += [
            [name, *map(str, box), *grade]
            for box, grade in zip(faces.boxes.tolist(), grades, strict=True)
        ] or [[name, "", "", "", "", "", "", 0]]
    _write_images(path / "images", photos)
    with (path / "faces.csv").open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([HEADER, *rows])


def write_wider_face(root: Path, photos: DetectionPhotos) -> Path:
    """Write photographs as WIDER FACE is unpacked below `root`; returns its text."""
    lines = []
    for name, faces in zip(photos.names, photos.faces, strict=True):
        lines += [f"0--Parade/{name}", str(len(faces))]
        rows = [
            f"{round(x1)} {round(y1)} {round(x2 - x1)} {round(y2 - y1)} {blur} 0 0 {ignore:d} "
            f"{occlusion} 0"
            for (x1, y1, x2, y2), blur, occlusion, ignore in zip(
                faces.boxes, faces.blur, faces.occlusion, faces.ignore, strict=True
            )
        ]
        lines += rows or ["0 0 0 0 0 0 0 0 0 0"]
    _write_images(root / "WIDER_train/images/0--Parade", photos)
    text = root / WIDER_FACE
    text.parent.mkdir(parents=True)
    text.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return text


def _write_images(folder: Path, photos: DetectionPhotos) -> None:
    folder.mkdir(parents=True)
    for image, name in zip(photos.images, photos.names, strict=True):
        cv2.imwrite(str(folder / str(name)), image)
