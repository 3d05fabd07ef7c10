"""What a machine computes from the same bytes, as JSON: run on two, the answers are compared.

It imports the package and what the package needs, and nothing else.
"""

import hashlib
import json
import platform
from typing import Any

import numpy as np

from edge_emotion.modelfile import read_model, shipped_model
from edge_emotion.preprocess import SquareCrop, cut, face_inputs, reduce_gray, to_gray
from edge_emotion.testvectors import draw_faces
from edge_emotion.types import Image
from edge_emotion_device import load_emotion, load_keypoints
from edge_emotion_device.runtime import open_interpreter
from edge_emotion_device.verification import reference_answers, step_of

# Noise shows every difference of rounding; sides that no vector register divides show its rest.
HEIGHT, WIDTH = 607, 811
CROPS = [
    (0, 0, 96),  # as it is
    (13, 7, 48),  # enlarged
    (101, 55, 37),
    (300, 200, 2),
    (31, 17, 97),  # reduced in one step
    (5, 3, 191),
    (7, 9, 192),  # by the pyramid
    (50, 11, 193),
    (40, 60, 385),
    (99, 2, 601),
    (-21, -35, 151),  # over the frame's edges
    (700, 500, 333),
    (-100, -50, 1001),
]
TURNED = [(300, 200, 141 + turn % 60, turn) for turn in range(-179, 180)]
FACES = range(1000, 1006)  # seeds other than those of the test vectors


def main() -> None:
    """Print it."""
    print(json.dumps(everything()))


def everything() -> dict[str, Any]:
    return {"machine": platform.machine(), "preprocessing": preprocessing(), "models": models()}


def preprocessing() -> dict[str, str]:
    """Of each step, what identifies its bytes."""
    color = noise("color", HEIGHT, WIDTH, 3)
    gray = to_gray(color)
    found = {"gray of color": gray, "gray of 3 columns": to_gray(color[:, 1:4])}
    found |= {f"gray of {width} columns": to_gray(color[:9, :width]) for width in range(60, 70)}
    for side in (810, 405, 320, 101):
        found[f"gray reduced to {side} px"] = reduce_gray(gray, side)
    for x, y, side in CROPS:
        crop = SquareCrop(x, y, side)
        found[f"{crop} cut"] = cut(color, crop)
        found[f"{crop} for keypoints"], found[f"{crop} for emotion"] = face_inputs(color, crop)
        found[f"{crop} of gray"], _ = face_inputs(gray, crop)
    turned = [face_inputs(gray, SquareCrop(*crop))[0] for crop in TURNED]
    found["crops turned by every degree"] = np.concatenate(turned)
    return {name: sha256(image) for name, image in found.items()}


def models() -> dict[str, Any]:
    """Of each shipped model the answers in steps of its output, and whether XNNPACK gave them."""
    found: dict[str, Any] = {}
    for task, load in (("emotion", load_emotion), ("keypoints", load_keypoints)):
        file = read_model(shipped_model(task))
        side = file.metadata.input.shape[1]
        faces = np.concatenate([draw_faces(FACES, side), noise("faces", 2, side, side)])
        with load() as model:
            fast = np.stack([model.run(face) for face in faces])
        operators = open_interpreter(file.flatbuffer)._get_ops_details()
        found[task] = {
            "xnnpack": any(operator["op_name"] == "DELEGATE" for operator in operators),
            "cpu": steps(fast, step_of(file.metadata)),
            "reference": steps(reference_answers(file, faces), step_of(file.metadata)),
        }
    return found


def noise(name: str, *shape: int) -> Image:
    """Bytes that are the same everywhere."""
    drawn = hashlib.shake_128(name.encode()).digest(int(np.prod(shape)))
    return np.frombuffer(drawn, np.uint8).reshape(shape)


def steps(values: Any, step: float) -> list[list[int]]:
    return np.rint(values / step).astype(int).tolist()


def sha256(image: Image) -> str:
    return hashlib.sha256(np.ascontiguousarray(image).tobytes()).hexdigest()


if __name__ == "__main__":
    main()
