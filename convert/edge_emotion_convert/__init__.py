"""From a trained network to a file for the device, and what that costs (the `convert` extra)."""

import os

from edge_emotion.errors import EdgeEmotionError
from edge_emotion_convert.progress import quiet

# TensorFlow greets its import, and the first look for a GPU, with a page about this machine.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
with quiet():
    try:
        import tensorflow
    except FileNotFoundError as error:  # it looks for a temporary folder while it is imported
        raise EdgeEmotionError(
            f"TensorFlow cannot start: {error.strerror or error}",
            remedy="free some space, or name a folder that can be written to with TMPDIR",
        ) from error

    tensorflow.config.list_physical_devices()
