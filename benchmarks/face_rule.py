"""How well the rule by which a face is read or dropped tells faces from what is none.

What the detector offers in annotated photographs is put to the rule (`sighting.hold`), and so are
squares drawn at random from photographs that show nobody.  The shipped detector learned from most
of these photographs: the others are counted apart, too.

    python benchmarks/face_rule.py --data ../shared/data
"""

import argparse
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from edge_emotion.data.images import read_image
from edge_emotion.data.splits import split_by_name
from edge_emotion.data.table import read_rows
from edge_emotion.detection import iou
from edge_emotion.preprocess import SquareCrop
from edge_emotion.types import Floats, Image
from edge_emotion_device import Analyzer
from edge_emotion_device.detectors import crop_for_box, open_detector
from edge_emotion_train.recipe import load_recipe
from machine import describe_run, report

_EDGES = ("x1", "y1", "x2", "y2")
_FACE_ABOVE, _NO_FACE_BELOW = 0.4, 0.05  # overlap with an annotated box, as intersection over union
_SQUARES = 4  # from each photograph of nobody
_SIDES_PX = (32, 160)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--detector", default="auto", help="as of `edge-emotion run`")
    parser.add_argument("--output", type=Path, help="write the figures as JSON")
    arguments = parser.parse_args()
    figures = {
        "detector": open_detector(arguments.detector).name,
        **judge(arguments.data / "detection", arguments.detector),
        "run": describe_run(("numpy", "opencv-python-headless", "ai-edge-litert")),
    }
    report(figures, arguments.output)


def judge(folder: Path, detector_name: str) -> dict[str, dict[str, dict[str, int]]]:
    """How many of the faces, of the detector's errors and of the random squares pass."""
    offered, passed = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    rng = np.random.default_rng(0)
    photographs = annotated(folder)
    unseen = kept_out(name for name, _, _ in photographs)
    detector = open_detector(detector_name)
    with Analyzer(detector=detector) as analyzer:
        for name, boxes, clear in photographs:
            image = read_image(folder / "images" / name)
            crops = [
                (kind, crop_for_box(box, detector))
                for box in detector.detect(image)
                if (kind := kind_of(box, boxes, clear))
            ]
            if not len(boxes):
                crops += [("random_squares", random_square(image, rng)) for _ in range(_SQUARES)]
            for kind, crop in crops:
                passes = analyzer._recognised(image, crop) is not None
                for group in ("all", "kept_out")[: 1 + (name in unseen)]:
                    offered[group, kind] += 1
                    passed[group, kind] += passes
    figures: dict[str, dict[str, dict[str, int]]] = {"all": {}, "kept_out": {}}
    for group, kind in sorted(offered):
        counts = {"offered": offered[group, kind], "passed": passed[group, kind]}
        figures[group][kind] = counts
    return figures


def kept_out(photographs: Iterable[str]) -> set[str]:
    """Those of some photographs, by their names, that the shipped detector did not learn from."""
    names = np.array(list(photographs))
    [source] = [one for one in load_recipe("detector", "edge").sets.values() if one.shares[2]]
    return set(names[split_by_name(names, source.shares)[2]].tolist())


def annotated(folder: Path) -> list[tuple[str, Floats, list[bool]]]:
    """Each photograph's name, its `(N, 4)` boxes, and which of them are clear faces."""
    rows: dict[str, list[dict[str, str]]] = {}
    for _, row in read_rows(folder / "faces.csv", ("image", *_EDGES, "occlusion", "ignore")):
        rows.setdefault(row["image"], []).append(row)
    photographs = []
    for name, faces in sorted(rows.items()):
        faces = [row for row in faces if row["x1"]]
        boxes = np.array([[float(row[edge]) for edge in _EDGES] for row in faces], np.float32)
        clear = [row["ignore"] == "0" and row["occlusion"] != "2" for row in faces]
        photographs.append((name, boxes.reshape(-1, 4), clear))
    return photographs


def kind_of(box: Floats, boxes: Floats, clear: list[bool]) -> str | None:
    """What a detector's box is of; None where the annotation leaves it open."""
    overlaps = iou(box[None], boxes)[0]
    best = overlaps.max(initial=0.0)
    if best < _NO_FACE_BELOW:
        return "errors_of_the_detector"
    return "faces" if best > _FACE_ABOVE and clear[int(overlaps.argmax())] else None


def random_square(image: Image, rng: np.random.Generator) -> SquareCrop:
    """A square inside a photograph."""
    height, width = image.shape[:2]
    side = min(int(rng.integers(*_SIDES_PX)), height, width)
    x, y = rng.integers((width - side + 1, height - side + 1))
    return SquareCrop(int(x), int(y), side)


if __name__ == "__main__":
    main()
