"""SavedModels that do more than compute: none of them is loaded, whatever they hide it behind."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow.python.framework import op_def_registry

from edge_emotion.errors import EdgeEmotionError
from edge_emotion_convert.computing import COMPUTING, check_operators
from edge_emotion_convert.convert import convert
from edge_emotion_convert.subject import open_subject

pytestmark = pytest.mark.slow

FACES = tf.TensorSpec((None, 48, 48, 1), tf.float32, name="faces")


def program(folder, act, branched=False):
    """A SavedModel with the right shapes that does something else besides."""
    module = tf.Module()
    module.kernel = tf.Variable(tf.ones((48 * 48, 5)))

    @tf.function(input_signature=[FACES])
    def answer(faces):
        if branched:
            branches = [tf.function(lambda: acted(folder, act)).get_concrete_function()] * 2
            tf.raw_ops.StatelessCase(branch_index=0, input=[], Tout=[tf.float32], branches=branches)
        else:
            act(folder)
        return {"probabilities": tf.nn.softmax(tf.reshape(faces, (-1, 48 * 48)) @ module.kernel)}

    tf.saved_model.save(module, folder / "mine", signatures={"serving_default": answer})
    return folder / "mine"


def acted(folder, act):
    act(folder)
    return tf.zeros(())


def write_file(folder):
    tf.io.write_file(str(folder / "struck"), "x")


ACTS = {
    "WriteFile": write_file,
    "ReadFile": lambda folder: tf.io.read_file(str(folder / "read")),
    "PrintV2": lambda folder: tf.print("hello", output_stream=f"file://{folder}/struck"),
    "PyFunc": lambda folder: tf.numpy_function(lambda: np.float32(0), [], tf.float32),
    "SaveV2": lambda folder: tf.raw_ops.SaveV2(
        prefix=str(folder / "struck"),
        tensor_names=["a"],
        shape_and_slices=[""],
        tensors=[tf.zeros(3)],
    ),
    # TensorFlow registers the others without a state, as if they only computed.
    "ImmutableConst": lambda folder: tf.raw_ops.ImmutableConst(
        dtype=tf.uint8, shape=[6], memory_region_name=str(folder / "read")
    ),
    "DebugIdentity": lambda folder: tf.raw_ops.DebugIdentity(
        input=tf.zeros(3), tensor_name="a:0", debug_urls=[f"file://{folder}/struck"]
    ),
    "GenerateVocabRemapping": lambda folder: tf.raw_ops.GenerateVocabRemapping(
        new_vocab_file=str(folder / "read"),
        old_vocab_file=str(folder / "read"),
        new_vocab_offset=0,
        num_new_vocab=1,
    ),
    "SnapshotDatasetV2": lambda folder: tf.raw_ops.SnapshotDatasetV2(
        input_dataset=tf.data.Dataset.range(1)._variant_tensor,
        path=str(folder / "struck"),
        reader_func_other_args=[],
        shard_func_other_args=[],
        output_types=[tf.int64],
        output_shapes=[()],
        reader_func=tf.function(lambda: tf.zeros(())).get_concrete_function(),
        shard_func=tf.function(lambda: tf.zeros(())).get_concrete_function(),
    ),
}


def refused(folder, path, message):
    before = sorted(file.name for file in folder.iterdir())
    with pytest.raises(EdgeEmotionError, match=message) as caught:
        convert(path, out=folder / "exports")
    assert "\n" not in str(caught.value)
    assert sorted(file.name for file in folder.iterdir()) == before


@pytest.mark.parametrize("operator", ACTS)
def test_a_saved_model_that_does_more_than_compute_is_not_loaded(tmp_path, operator):
    (tmp_path / "read").write_text("secret")
    path = program(tmp_path, ACTS[operator])
    refused(tmp_path, path, rf"has the operators .*{operator}.*; expected operators")


def edited(path, change):
    """The SavedModel after a change to its protocol buffer."""
    file = path / "saved_model.pb"
    saved = saved_model_pb2.SavedModel.FromString(file.read_bytes())
    change(saved)
    file.write_bytes(saved.SerializeToString())
    return path


def rename(saved, choose):
    """Give functions the names of those by which TensorFlow saves weights, everywhere."""
    graph = saved.meta_graphs[0]
    functions = graph.graph_def.library.function
    names = [one.signature.name for one in functions if choose(one)]
    new = {name: f"__inference__traced_save_{name}" for name in names}
    for function in functions:
        function.signature.name = new.get(function.signature.name, function.signature.name)
    nodes = [node for function in functions for node in function.node_def]
    for node in [*nodes, *graph.graph_def.node]:
        for value in node.attr.values():
            for called in (value.func, *value.list.func):
                if called.name in new:
                    called.name = new[called.name]
    objects = graph.object_graph_def
    for name in new.keys() & set(objects.concrete_functions):
        objects.concrete_functions[new[name]].CopyFrom(objects.concrete_functions[name])
        del objects.concrete_functions[name]
    for node in objects.nodes:
        called = node.function.concrete_functions
        if called:
            called[:] = [new.get(name, name) for name in called]
        if node.HasField("bare_concrete_function"):
            bare = node.bare_concrete_function
            bare.concrete_function_name = new.get(
                bare.concrete_function_name, bare.concrete_function_name
            )


def writes(function):
    return any(node.op == "WriteFile" for node in function.node_def)


def does_not_save(function):
    return not function.signature.name.startswith("__inference__traced_")


@pytest.mark.parametrize("choose", [writes, does_not_save], ids=["what writes", "everything"])
@pytest.mark.parametrize("branched", [False, True], ids=["called", "a branch of a case"])
def test_the_names_of_tensorflows_own_functions_hide_nothing(tmp_path, choose, branched):
    path = program(tmp_path, write_file, branched)
    refused(tmp_path, edited(path, lambda saved: rename(saved, choose)), "operators .*WriteFile")


def test_a_function_named_by_the_object_graph_alone_is_looked_into(tmp_path):
    """Loading calls some of these: those that make a resource, for instance."""
    path = program(tmp_path, lambda folder: None)

    def hide(saved):
        graph = saved.meta_graphs[0]
        [saver] = [
            one.signature.name
            for one in graph.graph_def.library.function
            if one.signature.name.startswith("__inference__traced_save")
        ]
        graph.object_graph_def.nodes.add().function.concrete_functions.append(saver)

    refused(tmp_path, edited(path, hide), "operators .*SaveV2")


def test_a_function_handed_on_in_an_attribute_is_looked_into(tmp_path):
    path = program(tmp_path, write_file)

    def hand_on(saved):
        for function in saved.meta_graphs[0].graph_def.library.function:
            for node in function.node_def:
                if "f" in node.attr:
                    called, inner = node.attr["f"].func, node.attr["f"].func.name
                    called.name = "nobody"
                    called.attr["T"].func.name = inner

    with pytest.raises(EdgeEmotionError, match="WriteFile"):
        check_operators(edited(path, hand_on))


def test_a_second_graph_is_refused(tmp_path):
    path = program(tmp_path, lambda folder: None)
    edited(path, lambda saved: saved.meta_graphs.append(saved.meta_graphs[0]))
    refused(tmp_path, path, "has 2 graphs; expected one graph")


def test_a_saved_model_that_only_computes_is_loaded(tmp_path):
    assert open_subject(program(tmp_path, lambda folder: None)).task == "emotion"


def test_branches_that_only_compute_are_loaded(tmp_path):
    path = program(tmp_path, lambda folder: tf.zeros(()), branched=True)
    assert open_subject(path).task == "emotion"


LAYERS = keras.layers
KINDS = {
    "activations": [
        LAYERS.Conv2D(4, 3, activation=name)
        for name in ("relu6", "elu", "selu", "gelu", "silu", "hard_silu", "mish", "leaky_relu")
    ],
    "convolutions": [
        LAYERS.SeparableConv2D(4, 3),
        LAYERS.DepthwiseConv2D(3),
        LAYERS.Conv2DTranspose(4, 3),
        LAYERS.PReLU(),
        LAYERS.MaxPooling2D(2),
        LAYERS.AveragePooling2D(2),
        LAYERS.UpSampling2D(interpolation="bilinear"),
        LAYERS.ZeroPadding2D(),
        LAYERS.Cropping2D(),
    ],
    "normalizations and noise": [
        LAYERS.Rescaling(2.0),
        LAYERS.BatchNormalization(),
        LAYERS.LayerNormalization(),
        LAYERS.Conv2D(4, 3),
        LAYERS.GroupNormalization(2),
        LAYERS.Dropout(0.1),
        LAYERS.GaussianNoise(0.1),
        LAYERS.Resizing(20, 20),
    ],
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("whole", [False, True], ids=["exported", "with its training"])
def test_what_keras_makes_of_its_layers_is_let_through(tmp_path, kind, whole):
    ends = [LAYERS.GlobalAveragePooling2D(), LAYERS.Dense(5, "softmax")]
    network = keras.Sequential([keras.Input((48, 48, 1)), *KINDS[kind], *ends])
    if whole:
        tf.saved_model.save(network, tmp_path / "mine")
    else:
        network.export(tmp_path / "mine", verbose=False)
    check_operators(tmp_path / "mine")


def test_the_operators_that_are_let_through_exist_and_touch_nothing_but_variables():
    known = {name: op_def_registry.get(name) for name in COMPUTING}
    assert [name for name, found in known.items() if found is None] == []
    calls = {"StatefulPartitionedCall", "If", "While", "Case"}
    variables = {name for name in known if "Variable" in name or name == "VarHandleOp"}
    drawing = {name for name in known if "Random" in name} | {"StatefulUniform", "TruncatedNormal"}
    stateful = {name for name, found in known.items() if found.is_stateful}
    assert stateful <= calls | variables | drawing | {"ResourceGather", "VarIsInitializedOp"}
    assert not {name for name in known if "File" in name or "Dataset" in name or "Func" in name}
