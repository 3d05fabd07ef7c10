"""Photographs whose faces are bright cells, and a Keras network that finds these.

As `bright_cells`, whose answers it gives: a white patch of 8 px on a cell of the finest grid is a
face of 24 px around it, so that what is found, missed and taken for a face is known beforehand.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import cv2
import keras
import numpy as np
import tomli_w
from keras import layers

from edge_emotion.data.faces import DetectionPhotos
from edge_emotion.detection import (
    BASES_PX,
    DETECTOR_SIDE_PX,
    STRIDES_PX,
    VALUES_A_CELL,
)
from edge_emotion.detection_metrics import LabelledFaces

SIDE, STRIDE, BASE = DETECTOR_SIDE_PX, STRIDES_PX[0], BASES_PX[0]
_PLACES = [(x, y) for y in (3, 8, 13, 18) for x in (3, 8, 13, 18)]  # of cells, far apart

Place = tuple[int, int]


def box(place: Place) -> list[float]:
    """The box of a cell, xyxy px."""
    x, y = ((at + 0.5) * STRIDE for at in place)
    return [x - BASE / 2, y - BASE / 2, x + BASE / 2, y + BASE / 2]


def photo(
    faces: Sequence[Place],
    missed: Sequence[Place] = (),
    false: Sequence[Place] = (),
    background: int | np.ndarray = 40,
) -> tuple[np.ndarray, LabelledFaces]:
    """A photograph of the network's side with faces that it finds, misses, and makes up.

    It is less sure of the last: they are 200 bright.
    """
    image = np.full((SIDE, SIDE), background, np.uint8)
    for places, gray in ((faces, 255), (false, 200)):
        for x, y in places:
            image[y * STRIDE : (y + 1) * STRIDE, x * STRIDE : (x + 1) * STRIDE] = gray
    boxes = np.array([box(place) for place in (*faces, *missed)], np.float32).reshape(-1, 4)
    grades = np.zeros(len(boxes), np.int64)
    return image, LabelledFaces(SIDE, boxes, grades, grades, grades > 0)


def photos(count: int, seed: int = 0) -> DetectionPhotos:
    """Photographs with none to three faces; one in four has one that is missed, and one in eight
    one that is made up.  Their backgrounds are nothing like each other.
    """
    rng = np.random.default_rng(seed)
    made = []
    for row in range(count):
        order = [_PLACES[place] for place in rng.permutation(len(_PLACES))]
        missed, false = order[4 : 4 + (row % 4 == 1)], order[6 : 6 + (row % 8 == 7)]
        background = rng.integers(5, 75, (12, 12)).repeat(SIDE // 12, 0).repeat(SIDE // 12, 1)
        made.append(photo(order[: row % 4], missed, false, background))
    names = np.array([f"bright_{row:03}.png" for row in range(count)])
    return DetectionPhotos(tuple(p for p, _ in made), tuple(f for _, f in made), names, names)


def write_photos(folder: Path, found: DetectionPhotos) -> Path:
    """`images/` and `faces.csv`."""
    (folder / "images").mkdir(parents=True)
    lines = ["image,x1,y1,x2,y2,blur,occlusion,ignore"]
    for image, faces, name in zip(found.images, found.faces, found.names, strict=True):
        cv2.imwrite(str(folder / "images" / name), image)
        lines += [f"{name},{','.join(f'{edge:g}' for edge in each)},0,0,0" for each in faces.boxes]
        lines += [f"{name},,,,,,,"] * (not len(faces))
    (folder / "faces.csv").write_text("\n".join(lines) + "\n")
    return folder


def bright_network() -> keras.Model:
    """`(None, 192, 192, 1)` in [0, 1] to `(None, 756, 5)`: a cell's score is its mean gray."""
    picture = keras.Input((SIDE, SIDE, 1), name="face")
    parts = []
    for stride in STRIDES_PX:
        kernel = np.zeros((stride, stride, 1, VALUES_A_CELL), np.float32)
        kernel[..., 0] = 2 / stride**2
        convolution = layers.Conv2D(VALUES_A_CELL, stride, stride, name=f"grid{stride}")
        grid = convolution(picture)
        convolution.set_weights([kernel, np.array([-1, 0, 0, 0, 0], np.float32)])
        parts.append(layers.Reshape((-1, VALUES_A_CELL))(grid))
    joined = layers.Concatenate(axis=1)(parts)
    return keras.Model(picture, layers.Activation("tanh")(joined))


def write_bright_run(folder: Path, data: Path, network: keras.Model | None = None) -> Path:
    """A finished run in `folder`, of that network, on photographs in `data`/photos."""
    folder.mkdir(parents=True)
    table = {
        "name": "bright",
        "task": "detector",
        "seed": 5,
        "network": {"widths": [8, 8, 8, 8, 8], "head": 8},
        "fit": {"epochs": 1},
        "sets": {
            "bright": {"reader": "detection_folder", "path": "photos", "shares": [0.5, 0.0, 0.5]}
        },
        "data": str(data),
    }
    (folder / "recipe.toml").write_text(tomli_w.dumps(table), encoding="utf-8")
    (network or bright_network()).save(folder / "model.keras")
    (folder / "metrics.json").write_text(json.dumps({"task": "detector"}), encoding="utf-8")
    return folder
