"""Which Keras layer an operator of TFLite's QuantizationDebugger was made of."""

from collections.abc import Collection, Iterator, Mapping

import keras
from keras import layers

NUMERIC_VERIFY = "NumericVerify"
_ANSWER = "Identity"  # the converter's name of what the network answers
_ADJUSTING = (layers.BatchNormalization, layers.ReLU, layers.Activation)
_WHOLE_NETWORKS = (keras.Model, layers.TFSMLayer)


def float_name(verified: str, places: Mapping[str, int]) -> str:
    """A tensor's name in the float network; empty if it is not there.

    Args:
        verified: the debugger's, which is NumericVerify/NAME:INDEX, with digits behind the name
            where it was taken.
        places: by the float network's names.
    """
    name = verified.removeprefix(NUMERIC_VERIFY + "/").rpartition(":")[0]
    while name not in places and name[-1:].isdigit():
        name = name[:-1]
    return name if name in places else ""


def labels_of(names: Collection[str], network: keras.Model) -> dict[str, str]:
    """For each tensor the Keras layer that did the work, of those one operator was fused from.

    Where no layer is known, as in a SavedModel, it is what comes nearest in the tensor's name.
    """
    known = {
        layer.name: layer
        for layer in network._flatten_layers(include_self=False)
        if not isinstance(layer, _WHOLE_NETWORKS)
    }
    last = network.layers[-1].name
    numbered = any(_is_numbered(scope, known) for name in names for scope in _scopes(name))
    return {name: _label(name, known, numbered) for name in names} | {
        _ANSWER: last if last in known else "answer"
    }


def _label(name: str, known: Mapping[str, keras.Layer], numbered: bool) -> str:
    named = [
        candidate
        for scope in _scopes(name)
        for candidate in (_unnumbered(scope), scope)[:: 1 if numbered else -1]
        if candidate in known
    ]
    working = [one for one in named if not isinstance(known[one], _ADJUSTING)]
    # Without a layer the scope of the operator, or the operator.
    return (working or named or name.partition(";")[0].split("/")[-2:])[0]


def _scopes(name: str) -> Iterator[str]:
    """What the operators that a tensor was fused from stand in, without their own names."""
    for part in name.split(";"):
        *scopes, operator = part.split("/")
        yield from scopes or [operator]


def _is_numbered(scope: str, known: Mapping[str, keras.Layer]) -> bool:
    """Whether tracing has added a number to a layer's name, as it does to all or none."""
    return scope not in known and _unnumbered(scope) in known


def _unnumbered(scope: str) -> str:
    return scope.rpartition("_")[0]
