"""What becomes of a face inside a network: its feature maps, layer by layer."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import cv2
import keras
import numpy as np

from edge_emotion.types import Floats, Image
from edge_emotion_train.batches import as_input

_FEW = 2


@dataclass(frozen=True)
class FeatureMap:
    """Some channels of one layer's output.

    Attributes:
        layer: its name.
        shape: height, width and channels of the whole output.
        channels: `(K, H, W, 3) uint8` BGR, each channel from its smallest to its largest value in
            the colours of viridis.
    """

    layer: str
    shape: tuple[int, int, int]
    channels: Image


def feature_maps(model: keras.Model, face: Image, channels: int = 8) -> list[FeatureMap]:
    """The maps that leave the network's stages (see `stage_ends`) for one `(S, S) uint8` face.

    Args:
        model: takes `(N, S, S, 1)` in [0, 1].
        face: for it.
        channels: how many of each, those that vary most over the map.
    """
    ends = stage_ends(model)
    if not ends:
        return []
    probe = keras.Model(model.inputs, [layer.output for layer in ends])
    outputs = probe.predict(as_input(face[None]), verbose=0)
    outputs = outputs if isinstance(outputs, list) else [outputs]
    return [
        FeatureMap(layer.name, output.shape[1:], _strongest(np.asarray(output[0]), channels))
        for layer, output in zip(ends, outputs, strict=True)
    ]


def stage_ends(model: keras.Model) -> list[keras.Layer]:
    """The layers where a residual network's blocks end: their maps go two ways, and the last one.

    Of a network without shortcuts the last layer of each size of map.
    """
    mapped = [
        layer
        for layer in model.layers
        if not isinstance(layer, keras.layers.InputLayer) and len(layer.output.shape) == 4
    ]
    uses = Counter(id(tensor) for layer in model.layers for tensor in _inputs(layer))
    ends = [layer for layer in mapped[:-1] if uses[id(layer.output)] > 1]
    if len(ends) < _FEW:
        by_size = {layer.output.shape[1:3]: layer for layer in mapped}
        ends = [layer for layer in by_size.values() if layer is not mapped[-1]]
    last = [layer for layer in mapped if max(layer.output.shape[1:3]) > 1][-1:]
    return [layer for layer in ends if layer not in last] + last


def _inputs(layer: keras.Layer) -> list[Any]:
    return layer.input if isinstance(layer.input, list) else [layer.input]


def _strongest(output: Floats, channels: int) -> Image:
    """`(K, H, W, 3)` pictures of the channels of `(H, W, C)` with the largest variance."""
    chosen = np.sort(np.argsort(-output.var(axis=(0, 1)), kind="stable")[:channels])
    pictures = []
    for channel in chosen:
        values = output[..., channel].astype(np.float32)
        low, high = values.min(), values.max()
        gray = np.rint((values - low) * (255 / max(high - low, 1e-9))).astype(np.uint8)
        pictures.append(cv2.applyColorMap(gray, cv2.COLORMAP_VIRIDIS))
    return np.array(pictures)
