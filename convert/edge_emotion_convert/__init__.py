"""From a trained network to a file for the device, and what that costs (the `convert` extra)."""

import os

from edge_emotion_convert.progress import quiet

# TensorFlow greets its import, and the first look for a GPU, with a page about this machine.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
with quiet():
    import tensorflow

    tensorflow.config.list_physical_devices()
