"""What the product's own framing costs, and the constants that framing rests on.

Fits, on training faces of 300-W and YouTube Faces, the mapping from a detector's box to the
networks' crop (its `shift` and `side`), and on annotated photographs where the face lies in the
crop (`preprocess.FACE_IN_CROP`).  Then measures on whole frames the keypoint error with crops found
by the product against crops cut by the labels.  The frames show people of YouTube Faces, of whom
most trained the network: the figure for the others is given apart.

    python benchmarks/framing.py --data ../shared/data
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from edge_emotion.data.faces import KeypointFaces
from edge_emotion.data.images import read_image
from edge_emotion.data.table import parse_points, read_rows
from edge_emotion.labels import KEYPOINT_COLUMNS
from edge_emotion.metrics import nme
from edge_emotion.preprocess import KEYPOINT_SIDE_PX, crop_for_keypoints, face_inputs
from edge_emotion.types import Floats, Image
from edge_emotion_device import Analyzer, load_keypoints
from edge_emotion_device.detectors import open_detector
from edge_emotion_train.datasets import IBUG_MINUS_KAGGLE_PX, Split, load_sets
from edge_emotion_train.recipe import load_recipe
from machine import report

LabelledFrame = tuple[str, Image, Floats]  # name, picture, (15, 2) points in its pixels

_EDGES = ("x1", "y1", "x2", "y2")


def main() -> None:
    """Fit, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--keypoints", type=Path, help="the shipped model without")
    parser.add_argument("--detector", default="auto", help="as of `edge-emotion run`")
    parser.add_argument("--output", type=Path, help="write the figures as JSON")
    arguments = parser.parse_args()
    splits = load_sets(load_recipe("keypoints", "edge"), arguments.data)
    unseen = {str(name) for name in splits["youtube"].test.names}
    frames = list(read_frames(arguments.data / "frames", arguments.keypoints))
    figures = {
        "detector": open_detector(arguments.detector).name,
        "box_to_crop": fit_box_to_crop(
            splits, {name for name, _, _ in frames}, arguments.keypoints, arguments.detector
        ),
        "face_in_crop": fit_face_in_crop(arguments.data, arguments.keypoints, arguments.detector),
        "framing": framing_cost(frames, arguments.keypoints, arguments.detector),
        "framing_unseen": framing_cost(
            [frame for frame in frames if frame[0] in unseen],
            arguments.keypoints,
            arguments.detector,
        ),
    }
    report(figures, arguments.output)


def fit_box_to_crop(
    splits: dict[str, Split], left_out: set[str], model: Path | None, detector_name: str
) -> dict[str, object]:
    """Median shift and side of the crop that a face's points ask for, in sides of the box."""
    mean_face = _mean_face(model)
    detector = open_detector(detector_name)
    relations = []
    for name in ("300w", "youtube"):
        faces = splits[name].train
        assert isinstance(faces, KeypointFaces)
        rows = [row for row in range(0, len(faces), 3) if str(faces.names[row]) not in left_out]
        for image, points in zip(faces.images[rows], faces.keypoints[rows], strict=True):
            boxes = detector.detect(image)
            if not len(boxes) or np.isnan(points).any():
                continue
            crop = crop_for_keypoints(points, mean_face)
            side = float(np.sqrt(np.prod(boxes[0, 2:] - boxes[0, :2])))
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


def fit_face_in_crop(data: Path, model: Path | None, detector: str) -> dict[str, object]:
    """Median edges of annotated faces, forehead to chin, in parts of the product's crop."""
    boxes: dict[str, list[list[float]]] = {}
    for _, row in read_rows(data / "detection" / "faces.csv", ("image", *_EDGES)):
        if row["x1"] and row["ignore"] == row["occlusion"] == "0":
            boxes.setdefault(row["image"], []).append([float(row[edge]) for edge in _EDGES])
    relations = []
    mean_face = _mean_face(model)
    with Analyzer(keypoints=model, emotion=_beside(model), detector=detector) as analyzer:
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


def read_frames(folder: Path, model: Path | None) -> Iterator[LabelledFrame]:
    """The frames with their points, brought from iBUG's convention to Kaggle's."""
    mean_face = _mean_face(model)
    table = folder / "keypoints.csv"
    for line, row in read_rows(table, ("image", *KEYPOINT_COLUMNS)):
        points = parse_points(table, line, row, KEYPOINT_COLUMNS)
        side = crop_for_keypoints(points, mean_face).side  # the shift grows with the face
        points = points - IBUG_MINUS_KAGGLE_PX * np.float32(side / KEYPOINT_SIDE_PX)
        yield row["image"], read_image(folder / row["image"]), points


def framing_cost(
    frames: list[LabelledFrame], model: Path | None, detector: str
) -> dict[str, float]:
    """Errors on whole frames, by the distance of the eyes, with both kinds of crop."""
    truths, found, by_labels = [], [], []
    mean_face = _mean_face(model)
    with (
        Analyzer(keypoints=model, emotion=_beside(model), detector=detector) as analyzer,
        load_keypoints(model) as keypoints,
    ):
        for _, image, truth in frames:
            analyzer.reset()
            x, y = truth.mean(axis=0)
            readings = [
                reading
                for reading in analyzer.analyze(image)
                if reading.box[0] < x < reading.box[2] and reading.box[1] < y < reading.box[3]
            ]
            if not readings:
                continue
            crop = crop_for_keypoints(truth, mean_face)
            located = keypoints.locate(face_inputs(image, crop)[0])
            truths.append(truth)
            found.append(readings[0].keypoints)
            by_labels.append(crop.to_frame(located, KEYPOINT_SIDE_PX))
    with_found = float(nme(np.stack(truths), np.stack(found)).mean())
    with_labels = float(nme(np.stack(truths), np.stack(by_labels)).mean())
    return {
        "frames": len(frames),
        "faces_missed": len(frames) - len(found),
        "nme_crops_found": with_found,
        "nme_crops_by_labels": with_labels,
        "ratio": with_found / with_labels,
    }


def _mean_face(model: Path | None) -> Floats:
    with load_keypoints(model) as keypoints:
        return np.asarray(keypoints.metadata.mean_face, np.float32)


def _beside(keypoints: Path | None) -> Path | None:
    """The emotion model beside a keypoint model that is not the shipped one."""
    return None if keypoints is None else keypoints.with_name("emotion.tflite")


if __name__ == "__main__":
    main()
