"""Make the network whose rate `edge-emotion benchmark --layers` takes for the machine's peak.

    python benchmarks/make_peak.py

One 3×3 convolution of 64 to 64 channels on 24×24, 21 MMAC: of the shapes tried on x86 (1×1 and 3×3,
64 to 512 channels) within a tenth of the fastest, and the file has 40 kB.
"""

from collections.abc import Iterator

import keras
import numpy as np
import tensorflow as tf

from edge_emotion.files import write_bytes
from edge_emotion_device.roofline.peak import PEAK_FILE

SIDE_PX, CHANNELS = 24, 64


def main() -> None:
    """Write it into the package."""
    shape = (SIDE_PX, SIDE_PX, CHANNELS)
    random = np.random.default_rng(0)
    given = keras.Input(shape, batch_size=1)
    answered = keras.layers.Conv2D(CHANNELS, 3, padding="same", use_bias=False)(given)

    def samples() -> Iterator[list[object]]:
        for _ in range(4):
            yield [random.random((1, *shape), np.float32)]

    converter = tf.lite.TFLiteConverter.from_keras_model(keras.Model(given, answered))
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = samples
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    write_bytes(PEAK_FILE, converter.convert())


if __name__ == "__main__":
    main()
