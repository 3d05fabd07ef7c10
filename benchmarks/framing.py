"""What the product's own framing costs, and the constants that framing rests on.

Fits, on faces that have both (300-W, YouTube Faces), the mapping from the Haar cascade's box to the
networks' crop (`detector._BOX_TO_CROP_*`), and on annotated photographs where the face lies in the
crop (`tracking._FACE_IN_CROP`).  Then measures, on whole frames that were used for neither, the
keypoint error with crops found by the product against crops cut by the labels.

    python benchmarks/framing.py --data ../shared/data
"""

import argparse
import json
from pathlib import Path

import cv2
import numpy as np

from edge_emotion.data.images import read_image
from edge_emotion.data.keypoints import read_keypoint_folder
from edge_emotion.data.table import parse_points, read_rows
from edge_emotion.labels import KEYPOINT_COLUMNS, LEFT_EYE, RIGHT_EYE
from edge_emotion.preprocess import KEYPOINT_SIDE_PX, crop_for_keypoints, face_inputs
from edge_emotion.types import Floats
from edge_emotion_device import Analyzer, load_keypoints
from edge_emotion_device.detector import HaarDetector
from edge_emotion_train.datasets import IBUG_MINUS_KAGGLE_PX

_EDGES = ("x1", "y1", "x2", "y2")


def main() -> None:
    """Fit, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--keypoints", type=Path, help="the shipped model without")
    parser.add_argument("--output", type=Path, help="write the figures as JSON")
    arguments = parser.parse_args()
    figures = {
        "box_to_crop": fit_box_to_crop(arguments.data, arguments.keypoints),
        "face_in_crop": fit_face_in_crop(arguments.data, arguments.keypoints),
        "framing": framing_cost(arguments.data / "frames", arguments.keypoints),
    }
    text = json.dumps(figures, indent=2)
    if arguments.output:
        arguments.output.parent.mkdir(parents=True, exist_ok=True)
        arguments.output.write_text(text + "\n")
    print(text)


def fit_box_to_crop(data: Path, model: Path | None) -> dict[str, float]:
    """Median shift and side of the crop that a face's points ask for, in sides of Haar's box."""
    mean_face = _mean_face(model)
    detector = HaarDetector()
    relations = []
    for name in ("keypoints_300w", "keypoints"):
        faces = read_keypoint_folder(data / name)
        for image, points in zip(faces.images[::3], faces.keypoints[::3], strict=True):
            boxes = detector.detect(image)
            if not len(boxes) or np.isnan(points).any():
                continue
            crop, side = crop_for_keypoints(points, mean_face), boxes[0, 2] - boxes[0, 0]
            relations.append(
                (
                    (crop.x + crop.side / 2 - (boxes[0, 0] + boxes[0, 2]) / 2) / side,
                    (crop.y + crop.side / 2 - (boxes[0, 1] + boxes[0, 3]) / 2) / side,
                    crop.side / side,
                )
            )
    x, y, side = np.median(relations, axis=0)
    spread = np.std(relations, axis=0).round(3).tolist()
    return {"x": float(x), "y": float(y), "side": float(side), "n": len(relations), "sd": spread}


def fit_face_in_crop(data: Path, model: Path | None) -> dict[str, object]:
    """Median edges of annotated faces, forehead to chin, in parts of the product's crop."""
    boxes: dict[str, list[list[float]]] = {}
    for _, row in read_rows(data / "detection" / "faces.csv", ("image", *_EDGES)):
        if row["x1"] and row["ignore"] == row["occlusion"] == "0":
            boxes.setdefault(row["image"], []).append([float(row[edge]) for edge in _EDGES])
    relations = []
    mean_face = _mean_face(model)
    with Analyzer(keypoints=model, emotion=_beside(model)) as analyzer:
        for name, annotated in list(boxes.items())[::2]:
            image = read_image(data / "detection" / "images" / name)
            analyzer.reset()
            for reading in analyzer.analyze(image):
                crop = crop_for_keypoints(reading.keypoints, mean_face)
                for x1, y1, x2, y2 in annotated:
                    inside = x1 < crop.x + crop.side / 2 < x2 and y1 < crop.y + crop.side / 2 < y2
                    if inside and 0.5 < (y2 - y1) / crop.side < 2:
                        edges = np.array([x1 - crop.x, y1 - crop.y, x2 - crop.x, y2 - crop.y])
                        relations.append(edges / crop.side)
    return {"edges": np.median(relations, axis=0).round(3).tolist(), "n": len(relations)}


def framing_cost(folder: Path, model: Path | None) -> dict[str, float]:
    """Errors on whole frames, by the distance of the eyes, with both kinds of crop."""
    found, cut = [], []
    missed = 0
    with (
        Analyzer(keypoints=model, emotion=_beside(model)) as analyzer,
        load_keypoints(model) as keypoints,
    ):
        mean_face = _mean_face(model)
        table = folder / "keypoints.csv"
        for line, row in read_rows(table, ("image", *KEYPOINT_COLUMNS)):
            truth = parse_points(table, line, row, KEYPOINT_COLUMNS)
            # The frames' labels follow iBUG's convention; the shift grows with the face.
            side = crop_for_keypoints(truth, mean_face).side
            truth = truth - IBUG_MINUS_KAGGLE_PX * np.float32(side / KEYPOINT_SIDE_PX)
            image = read_image(folder / row["image"], cv2.IMREAD_COLOR)
            analyzer.reset()
            center = truth.mean(axis=0)
            readings = [
                reading
                for reading in analyzer.analyze(image)
                if reading.box[0] < center[0] < reading.box[2]
                and reading.box[1] < center[1] < reading.box[3]
            ]
            if not readings:
                missed += 1
                continue
            crop = crop_for_keypoints(truth, mean_face)
            by_labels = crop.to_frame(
                keypoints.locate(face_inputs(image, crop)[0]), KEYPOINT_SIDE_PX
            )
            found.append(_nme(truth, readings[0].keypoints))
            cut.append(_nme(truth, by_labels))
    return {
        "frames": len(found) + missed,
        "faces_missed": missed,
        "nme_crops_found": float(np.mean(found)),
        "nme_crops_by_labels": float(np.mean(cut)),
        "ratio": float(np.mean(found) / np.mean(cut)),
    }


def _mean_face(model: Path | None) -> Floats:
    with load_keypoints(model) as keypoints:
        return np.asarray(keypoints.metadata.mean_face, np.float32)


def _nme(truth: Floats, predicted: Floats) -> float:
    eyes = np.linalg.norm(truth[LEFT_EYE] - truth[RIGHT_EYE])
    return float(np.nanmean(np.linalg.norm(predicted - truth, axis=1)) / eyes)


def _beside(keypoints: Path | None) -> Path | None:
    """The emotion model beside a keypoint model that is not the shipped one."""
    return None if keypoints is None else keypoints.with_name("emotion.tflite")


if __name__ == "__main__":
    main()
