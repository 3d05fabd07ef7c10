"""What int8 costs layer by layer, measured in the graph that TFLite's QuantizationDebugger makes.

In that graph every int8 operator has its float one beside it, fed with the same (dequantized)
inputs: the difference is the layer's own doing.  The float network as a whole tells what has come
together on the way to it.

Noise is the mean square of an error by that of the values themselves; SQNR is its inverse in dB.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from edge_emotion.errors import EdgeEmotionError
from edge_emotion.quantization import TensorSpec
from edge_emotion.types import Floats
from edge_emotion_convert.flatbuffer import SAME_VALUES
from edge_emotion_convert.formats import FORMATS
from edge_emotion_convert.layer_names import NUMERIC_VERIFY, float_name, labels_of
from edge_emotion_convert.progress import counted, quiet
from edge_emotion_convert.quantize import conversion_errors, converter_for
from edge_emotion_device.runtime import Interpreter, open_interpreter

FACES = 64  # that are measured on: the tables of 32 and of 500 faces name the same worst layers
LEVELS = 256  # of an int8 tensor
LOWEST, _HIGHEST = -128, 127
_SILENT = 1e-6  # range of a channel, by that of its layer, below which it says nothing


@dataclass(frozen=True, eq=False)
class LayerError:
    """The error of one int8 operator and of the tensor that it fills.

    Attributes:
        name: of its output tensor, as the debugger's `denylisted_nodes` takes it.
        label: of the Keras layer it was made of, or what comes nearest.
        operator: TFLite's.
        inputs: names of the layers that its inputs come from.
        scale: of the output's grid: one step.
        zero_point: the integer that stands for 0.
        own_noise: what this operator adds by itself.
        noise: against the float network, with all that came before.
        own_share: own error by the whole error, as mean squares.
        rescaled_error: own root mean square error in steps; rounding alone gives 1/√12 = 0.289.
        added: by how much `noise` is above that of the noisiest input; 0 if it is not.
        share: `added` by the sum over all layers.
        lows, highs: `(C,)`, the range of each channel in the float network.
        counts: `(258,)`, how many float values fall to each step of the grid, from the lowest to
            the highest, between those beyond either end.
    """

    name: str
    label: str
    operator: str
    inputs: tuple[str, ...]
    scale: float
    zero_point: int
    own_noise: float
    noise: float
    own_share: float
    rescaled_error: float
    added: float
    share: float
    lows: Floats = field(repr=False)
    highs: Floats = field(repr=False)
    counts: npt.NDArray[np.int64] = field(repr=False)

    @property
    def sqnr_db(self) -> float:
        """Of the operator by itself; infinite if it is exact."""
        return decibels(self.own_noise)

    @property
    def sqnr_so_far_db(self) -> float:
        """Against the float network."""
        return decibels(self.noise)

    @property
    def channels(self) -> int:
        """How many there are."""
        return len(self.lows)

    @property
    def dead(self) -> int:
        """Channels that do not vary in the float network."""
        return self.channels - len(self._varying)

    @property
    def lost(self) -> int:
        """Channels that vary there, but by less than one step of the grid that all share."""
        return int((self._varying < self.scale).sum())

    @property
    def channel_ratio(self) -> float:
        """The widest channel's range by the median range of those that vary at all."""
        varying = self._varying
        return float(varying.max() / np.median(varying)) if len(varying) else 1.0

    @cached_property
    def _varying(self) -> Floats:
        ranges = self.highs - self.lows
        return ranges[ranges > _SILENT * (self.highs.max() - self.lows.min())]

    @cached_property
    def rare_ratio(self) -> float:
        """The grid's steps by the steps that hold the middle 99.9 % of the values."""
        reached = np.cumsum(self.counts) / self.counts.sum()
        low, high = np.searchsorted(reached, [0.0005, 0.9995])
        return float(LEVELS / (high - low + 1))

    @property
    def steps_used(self) -> int:
        """How many steps of the grid a float value falls to."""
        return int(np.count_nonzero(self.counts[1:-1]))

    @property
    def clipped(self) -> float:
        """Share of the float values beyond the grid's ends."""
        return float(self.counts[[0, -1]].sum() / self.counts.sum())


def decibels(noise: float) -> float:
    """SQNR of a noise."""
    return -10 * math.log10(noise) if noise > 0 else math.inf


def layer_errors(
    network: keras.Model, samples: Floats, faces: Floats | None = None
) -> list[LayerError]:
    """Convert a network to int8 and measure every layer's error, the dearest layer first.

    Args:
        network: float32, `(None, S, S, 1)` in [0, 1] in.
        samples: `(N, S, S, 1)` from `calibration.samples`.
        faces: `(N, S, S, 1)` in [0, 1] to measure on; None takes the first of `samples`.

    Raises:
        EdgeEmotionError: TensorFlow cannot convert it, or nothing came out as int8.
    """
    target = FORMATS["int8"]
    with quiet(), conversion_errors(target):
        options = tf.lite.experimental.QuantizationDebugOptions(fully_quantize=True)
        debugger = tf.lite.experimental.QuantizationDebugger(
            converter=converter_for(network, target, samples), debug_options=options
        )
        models = debugger.quant_model, debugger.calibrated_model
        quantized, reference = (
            open_interpreter(model, xnnpack=False, keep_tensors=True) for model in models
        )
    watched = list(_watched(quantized, reference))
    if not watched:
        raise EdgeEmotionError(
            "no operator came out as int8", expected="layers that have integer kernels"
        )
    measured = samples[:FACES] if faces is None else faces
    given = quantized.get_input_details()[0]
    steps_of = TensorSpec.of(given).quantize
    place = reference.get_input_details()[0]["index"]
    for face in counted(measured, "measuring layers", len(measured)):
        quantized.set_tensor(given["index"], steps_of(face[None]))
        reference.set_tensor(place, face[None].astype(np.float32))
        quantized.invoke()
        reference.invoke()
        for layer in watched:
            layer.look(quantized, reference)
    return _ranked(watched, labels_of([layer.name for layer in watched], network))


@dataclass
class _Watched:
    """A layer while it is measured: where its tensors are, and sums over the faces."""

    name: str
    operator: str
    inputs: tuple[str, ...]
    places: tuple[int, int, int]  # int8, float beside it, float network
    grid: TensorSpec
    # Sums of squares: values and own error, values and error against the float network.
    squares: Floats = field(default_factory=lambda: np.zeros(4, np.float64))
    elements: int = 0
    counts: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(LEVELS + 2, np.int64))
    ends: tuple[Floats, Floats] | None = None  # least and greatest of every channel

    def look(self, quantized: Interpreter, reference: Interpreter) -> None:
        """Add what the last face left in the tensors."""
        int8, beside, place = self.places
        answered = self.grid.dequantize(quantized.get_tensor(int8)).astype(np.float64)
        alone = quantized.get_tensor(beside).astype(np.float64)
        whole = reference.get_tensor(place).astype(np.float64)
        parts = (alone, answered - alone, whole, answered - whole)
        self.squares += [np.square(part).sum() for part in parts]
        self.elements += answered.size
        # Not `TensorSpec.quantize`, which puts what is beyond the grid onto its ends.
        on_grid = np.rint(whole / self.grid.scale) + self.grid.zero_point
        on_grid = np.clip(on_grid, LOWEST - 1, _HIGHEST + 1) - (LOWEST - 1)
        self.counts += np.bincount(on_grid.astype(np.intp).ravel(), minlength=LEVELS + 2)
        channels = whole.reshape(-1, whole.shape[-1])
        lows, highs = channels.min(axis=0), channels.max(axis=0)
        if self.ends is not None:
            lows, highs = np.minimum(lows, self.ends[0]), np.maximum(highs, self.ends[1])
        self.ends = lows, highs

    @property
    def own_noise(self) -> float:
        return _ratio(self.squares[1], self.squares[0])

    @property
    def noise(self) -> float:
        return _ratio(self.squares[3], self.squares[2])


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole > 0 else float(part > 0)


def _watched(quantized: Interpreter, reference: Interpreter) -> Iterator[_Watched]:
    """The operators that the debugger verifies, in the order of the graph."""
    tensors = {tensor["index"]: tensor for tensor in quantized.get_tensor_details()}
    places = {tensor["name"]: tensor["index"] for tensor in reference.get_tensor_details()}
    operators = quantized._get_ops_details()
    makers = {output: operator for operator in operators for output in operator["outputs"]}
    names: dict[int, str] = {}
    for operator in operators:
        if operator["op_name"] != NUMERIC_VERIFY:
            continue
        int8, beside = map(int, operator["inputs"])
        name = float_name(tensors[operator["outputs"][0]]["name"], places)
        maker = makers[int8]
        if not name or maker["op_name"] in SAME_VALUES:
            continue
        names[int8] = name
        yield _Watched(
            name,
            maker["op_name"],
            tuple(_sources(maker, makers, names)),
            (int8, beside, places[name]),
            TensorSpec.of(tensors[int8]),
        )


def _sources(operator: Any, makers: dict[int, Any], names: dict[int, str]) -> Iterator[str]:
    for place in map(int, operator["inputs"]):
        if place in names:
            yield names[place]
        elif place in makers:
            yield from _sources(makers[place], makers, names)


def _ranked(watched: Sequence[_Watched], labels: Mapping[str, str]) -> list[LayerError]:
    noises = {layer.name: layer.noise for layer in watched}
    added = {
        layer.name: max(0.0, layer.noise - max((noises[name] for name in layer.inputs), default=0))
        for layer in watched
    }
    total = sum(added.values())
    found = []
    for layer in watched:
        assert layer.ends is not None
        lows, highs = layer.ends
        own = math.sqrt(layer.squares[1] / layer.elements)
        found.append(
            LayerError(
                name=layer.name,
                label=labels[layer.name],
                operator=layer.operator,
                inputs=layer.inputs,
                scale=layer.grid.scale,
                zero_point=layer.grid.zero_point,
                own_noise=layer.own_noise,
                noise=layer.noise,
                own_share=_ratio(layer.squares[1], layer.squares[3]),
                rescaled_error=own / layer.grid.scale,
                added=added[layer.name],
                share=_ratio(added[layer.name], total),
                lows=lows.astype(np.float32),
                highs=highs.astype(np.float32),
                counts=layer.counts,
            )
        )
    return sorted(found, key=lambda layer: (-layer.added, -layer.own_noise))
