"""What the face detector becomes in int8: operators that an Edge TPU and the slow kernels have."""

from collections import Counter

import numpy as np

from edge_emotion_convert.edgetpu_operators import left_to_cpu
from edge_emotion_convert.formats import FORMATS
from edge_emotion_convert.quantize import to_tflite
from edge_emotion_device.runtime import open_interpreter
from edge_emotion_train.architectures import DetectorNetwork
from edge_emotion_train.networks import build


def test_a_detector_fits_an_edge_tpu_whole_and_has_reference_kernels():
    network = build("detector", DetectorNetwork((8, 8, 8, 8, 8), 8))
    samples = np.random.default_rng(0).random((2, 192, 192, 1), np.float32)
    samples.flat[:2] = 0, 1
    flatbuffer = to_tflite(network, FORMATS["int8"], samples)
    assert left_to_cpu(flatbuffer) == []
    operators = Counter(
        operator["op_name"] for operator in open_interpreter(flatbuffer)._get_ops_details()
    )
    assert operators["RESIZE_NEAREST_NEIGHBOR"] == 2 and not operators["TILE"]
    open_interpreter(flatbuffer, reference=True)
