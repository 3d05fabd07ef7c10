"""A network drawn as text: a line a block, its shortcuts as rails beside the lines."""

import keras
from keras import layers

# What stands on the line of the layer before it, as it is folded into that when quantized.
_FOLDED = (layers.BatchNormalization, layers.ReLU, layers.Activation, layers.Softmax)


def diagram(model: keras.Model) -> str:
    """The network from its input down.

    `│` before a line: it goes on from the line above.  A rail on the right leads from the line it
    leaves (`┐`) to the one it enters (`┘`).
    """
    blocks = _blocks(model)
    line_of = {layer.name: number for number, block in enumerate(blocks) for layer in block}
    edges = [
        (line_of[name], number)
        for number, block in enumerate(blocks)
        for name in _names_before(block[0])
    ]
    texts = [" · ".join(map(_label, block)) for block in blocks]
    shapes = ["×".join(map(str, block[-1].output.shape[1:])) for block in blocks]
    rails = _rails([edge for edge in edges if edge[1] - edge[0] > 1], len(blocks))
    wide, wider = max(map(len, texts)), max(map(len, shapes))
    lines = []
    for number, (text, shape, rail) in enumerate(zip(texts, shapes, rails, strict=True)):
        goes_on = "│" if (number - 1, number) in edges else " "
        lines.append(f"{goes_on} {text:{wide}}  {shape:>{wider}}  {rail}".rstrip())
    return "\n".join(lines)


def _blocks(model: keras.Model) -> list[list[keras.Layer]]:
    """The layers by lines, in the order in which they are computed."""
    blocks: list[list[keras.Layer]] = []
    end_of: dict[str, list[keras.Layer]] = {}
    for layer in model.layers:
        before = _names_before(layer)
        block = end_of.get(before[0]) if len(before) == 1 and isinstance(layer, _FOLDED) else None
        if block is None or len(block[-1]._outbound_nodes) > 1:
            block = []
            blocks.append(block)
        block.append(layer)
        end_of[layer.name] = block
    return blocks


def _names_before(layer: keras.Layer) -> list[str]:
    if isinstance(layer, layers.InputLayer):
        return []
    given = layer.input if isinstance(layer.input, list) else [layer.input]
    return list(dict.fromkeys(tensor._keras_history.operation.name for tensor in given))


def _label(layer: keras.Layer) -> str:
    if isinstance(layer, layers.Conv2D):
        stride = f", stride {layer.strides[0]}" if layer.strides[0] > 1 else ""
        return f"Conv {layer.kernel_size[0]}×{layer.kernel_size[1]}, {layer.filters}{stride}"
    if isinstance(layer, layers.Dense):
        return f"Dense {layer.units}"
    if isinstance(layer, layers.BatchNormalization):
        return "BN"
    return type(layer).__name__


def _rails(edges: list[tuple[int, int]], lines: int) -> list[str]:
    """What stands to the right of each line; a rail takes the first column that is free."""
    columns: list[list[str]] = []
    for start, end in sorted(edges):
        column = next((c for c in columns if not any(c[start : end + 1])), None)
        if column is None:
            column = [""] * lines
            columns.append(column)
        column[start : end + 1] = ["┐", *"│" * (end - start - 1), "┘"]
    return ["".join(column[line] or " " for column in columns).rstrip() for line in range(lines)]
