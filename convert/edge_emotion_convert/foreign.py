"""Networks of other people's making: Keras files that no training here left, and SavedModels."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf
from tensorflow.python.framework import op_def_registry
from tensorflow.python.saved_model.loader_impl import parse_saved_model

from edge_emotion.errors import EdgeEmotionError
from edge_emotion_convert.progress import quiet
from edge_emotion_train.networks.saved import load_network

KERAS_SUFFIXES = (".keras", ".h5", ".hdf5")
SAVED_MODEL_FILE = "saved_model.pb"
_SIGNATURE = "serving_default"
_LARGEST_GRAPH = 64 << 20

# Operators with a state that only hold weights or call functions.
_HARMLESS = {
    "VarHandleOp",
    "VarIsInitializedOp",
    "ReadVariableOp",
    "AssignVariableOp",
    "DisableCopyOnRead",
    "StatefulPartitionedCall",
    "RandomUniform",
    "StatefulUniform",
}
# Operators that read files or call Python although TensorFlow registers them without a state.
_REACHING_OUT = {"ReadFile", "MatchingFiles", "PyFuncStateless", "ShardedFilename"}
_SAVERS = ("__inference__traced_save", "__inference__traced_restore")


def load_foreign(path: Path) -> keras.Model:
    """A network from a Keras file, or from a SavedModel folder as a Keras model around it.

    Raises:
        EdgeEmotionError: damaged, unsafe, or nothing that can be converted.
    """
    if path.suffix in KERAS_SUFFIXES and not path.is_dir():
        with quiet():
            return load_network(path)
    check_operators(path)
    try:
        with quiet():
            return _as_keras(path)
    except EdgeEmotionError:
        raise
    except Exception as error:  # TensorFlow and Keras pass on whatever the folder breaks
        reason = str(error).strip().partition("\n")[0][:160]
        raise EdgeEmotionError(
            f"{path} cannot be loaded: {reason}", expected="a SavedModel of TensorFlow 2"
        ) from error


def _as_keras(path: Path) -> keras.Model:
    signature = tf.saved_model.load(path).signatures.get(_SIGNATURE)
    given = list(signature.structured_input_signature[1].values()) if signature else []
    answered = list(signature.structured_outputs.values()) if signature else []
    if len(given) != 1 or len(answered) != 1 or given[0].shape.rank is None:
        raise EdgeEmotionError(
            f"{path} has {'another' if signature else 'no'} signature {_SIGNATURE}",
            expected="one with one input and one output",
        )
    face = keras.Input(given[0].shape[1:], given[0].shape[0], dtype=given[0].dtype.name)
    [answer] = keras.layers.TFSMLayer(str(path), call_endpoint=_SIGNATURE)(face).values()
    return keras.Model(face, answer)


def check_operators(path: Path) -> None:
    """Check that a SavedModel does nothing but compute; it is not loaded for that.

    A SavedModel is a program (https://github.com/tensorflow/tensorflow/blob/master/SECURITY.md):
    its functions may read and write files or call Python.  The functions that TensorFlow saves and
    restores weights with may, provided that no other function calls them.

    Raises:
        EdgeEmotionError: it is damaged, of TensorFlow 1, or does more.
    """
    file = path / SAVED_MODEL_FILE
    try:
        if file.stat().st_size > _LARGEST_GRAPH:
            raise EdgeEmotionError(f"{file} is larger than {_LARGEST_GRAPH >> 20} MiB")
        saved = parse_saved_model(str(path))
    except OSError as error:
        reason = str(error).partition("\n")[0][:160]
        raise EdgeEmotionError(
            f"{file} cannot be read: {reason}", expected="a SavedModel of TensorFlow 2"
        ) from error
    if not saved.meta_graphs or not saved.meta_graphs[0].HasField("object_graph_def"):
        raise EdgeEmotionError(
            f"{path} is no SavedModel of TensorFlow 2", remedy="save it again with Keras's export"
        )
    found = sorted({name for graph in saved.meta_graphs for name in _more_than_computing(graph)})
    if found:
        raise EdgeEmotionError(
            f"{path} has the operators {', '.join(found)}",
            expected="operators that compute and leave files and programs alone",
            remedy="do not load it unless you know where it comes from",
        )


def _more_than_computing(graph: Any) -> Iterator[str]:
    for function in graph.graph_def.library.function:
        if function.signature.name.startswith(_SAVERS):
            continue
        for node in function.node_def:
            called = [value.func.name for value in node.attr.values() if value.HasField("func")]
            known = op_def_registry.get(node.op)
            if (
                known is None
                or node.op in _REACHING_OUT
                or (known.is_stateful and node.op not in _HARMLESS)
                or any(name.startswith(_SAVERS) for name in called)
            ):
                yield node.op
