"""The networks a recipe may name (see `architectures`), one of them a function of your own.

All of them answer the same way (see `heads`), so the rest of training, the conversion and the
device never ask which one it is.
"""

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras

from edge_emotion.errors import WrongUse
from edge_emotion.modelfile import Task
from edge_emotion_train.architectures import (
    DetectorNetwork,
    EdgeNetwork,
    Network,
    OwnNetwork,
    ReferenceNetwork,
)
from edge_emotion_train.networks import detector, edge, reference
from edge_emotion_train.networks.heads import OFFSET_LIMIT_PX, shapes_of
from edge_emotion_train.networks.summary import count_macs, summary, totals

__all__ = ["OFFSET_LIMIT_PX", "build", "count_macs", "summary", "totals"]


def build(task: Task, network: Network) -> keras.Model:
    """An untrained network: gray `(N, S, S, 1)` in [0, 1] to the answers described in `heads`.

    Raises:
        WrongUse: a network of your own cannot be found, or takes or gives other shapes.
    """
    if isinstance(network, EdgeNetwork):
        return edge.build(task, network)
    if isinstance(network, ReferenceNetwork):
        return reference.build(task, network)
    if isinstance(network, DetectorNetwork):
        return detector.build(network)
    return _build_own(task, network)


def _build_own(task: Task, network: OwnNetwork) -> keras.Model:
    model = _find(network.name)(task, dict(network.options))
    if not isinstance(model, keras.Model):
        raise WrongUse(f"{network.name} returned {type(model).__name__}", expected="a keras.Model")
    given, answered = shapes_of(task)
    if (model.input_shape, model.output_shape) != (given, answered):
        raise WrongUse(
            f"{network.name} maps {model.input_shape} to {model.output_shape}",
            expected=f"{given} to {answered} for {task}",
        )
    return model


def _find(name: str) -> Callable[[Task, dict[str, Any]], Any]:
    module, _, function = name.partition(":")
    here = str(Path.cwd())
    if here not in sys.path:  # as with `python -m`: a file beside the recipe is found
        sys.path.append(here)
    try:
        found: Callable[[Task, dict[str, Any]], Any] = getattr(
            importlib.import_module(module), function
        )
    except (ImportError, AttributeError) as error:
        raise WrongUse(
            f"network {name} cannot be found: {error}",
            expected="MODULE:FUNCTION with a module in this folder or installed",
        ) from error
    return found
