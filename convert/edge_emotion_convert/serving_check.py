"""A fresh process that loads a SavedModel as TensorFlow Serving does and tries its signatures.

Run as `python -m edge_emotion_convert.serving_check FOLDER`; the last line of stdout is JSON.
"""

import json
import sys

import numpy as np
import tensorflow as tf

from edge_emotion.types import Image

SIGNATURES = ("serving_default", "serving_bytes")


def probe(side: int) -> Image:
    """`(3, side, side) uint8` faces of noise, the same ones every time."""
    return np.random.default_rng(0).integers(0, 256, (3, side, side), np.uint8)


def main(folder: str) -> None:
    """Print what the signatures take and give, and their answers to the probe."""
    loaded = tf.saved_model.load(folder)
    signatures, answers = {}, {}
    for name in SIGNATURES:
        signature = loaded.signatures[name]
        given, answered = signature.structured_input_signature[1], signature.structured_outputs
        signatures[name] = {
            "inputs": {key: _as_dict(spec) for key, spec in given.items()},
            "outputs": {key: _as_dict(spec) for key, spec in answered.items()},
        }
        ((key, spec),) = given.items()
        faces = tf.constant(probe(spec.shape[1])[..., None])
        if spec.dtype == tf.float32:
            faces = tf.cast(faces, tf.float32) / 255
        ((_, found),) = signature(**{key: faces}).items()
        answers[name] = found.numpy().tolist()
    sys.stdout.write(json.dumps({"signatures": signatures, "answers": answers}) + "\n")


def _as_dict(spec: tf.TensorSpec) -> dict[str, object]:
    return {"dtype": spec.dtype.name, "shape": spec.shape.as_list()}


if __name__ == "__main__":
    main(sys.argv[1])
