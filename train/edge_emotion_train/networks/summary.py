"""What a network costs: its layers with their outputs, parameters and multiply-accumulates."""

import math
from collections.abc import Iterator

import keras

from edge_emotion_train.networks.diagram import diagram

_HEADINGS = ("layer", "kind", "output", "parameters", "MACs", "from")


def count_macs(model: keras.Model) -> int:
    """Multiply-accumulate operations of the convolutions and dense layers for one face."""
    return sum(_layer_macs(layer) for layer in model.layers)


def summary(model: keras.Model) -> str:
    """The diagram, and a table with a line a layer; `from` names the layers before it."""
    rows = [_HEADINGS, *_rows(model)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(
            cell.rjust(width) if heading in ("parameters", "MACs") else cell.ljust(width)
            for heading, cell, width in zip(_HEADINGS, row, widths, strict=True)
        ).rstrip()
        for row in rows
    ]
    return "\n".join([diagram(model), "", *lines, totals(model)])


def totals(model: keras.Model) -> str:
    """Parameters and MACs in one line."""
    return f"{model.count_params():,} parameters, {count_macs(model) / 1e6:.1f} MMAC"


def _rows(model: keras.Model) -> Iterator[tuple[str, ...]]:
    for layer in model.layers:
        before = layer.input if isinstance(layer.input, list) else [layer.input]
        yield (
            layer.name,
            type(layer).__name__,
            "×".join(map(str, layer.output.shape[1:])),
            f"{layer.count_params():,}",
            f"{_layer_macs(layer):,}",
            ", ".join(dict.fromkeys(tensor._keras_history.operation.name for tensor in before)),
        )


def _layer_macs(layer: keras.Layer) -> int:
    """Every weight of a kernel is used once for each place of the output."""
    kernels = [weight.shape for weight in layer.weights if weight.name.endswith("kernel")]
    return math.prod(layer.output.shape[1:-1]) * sum(map(math.prod, kernels)) if kernels else 0
