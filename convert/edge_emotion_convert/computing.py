"""Whether a SavedModel does nothing but compute.

A SavedModel is a program (https://github.com/tensorflow/tensorflow/blob/master/SECURITY.md): its
functions may read and write files or call Python, and loading it runs some of them.  So only
operators that are known to compute are let through, among them all that Keras's layers are made of.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tensorflow.python.saved_model.loader_impl import parse_saved_model

from edge_emotion.errors import EdgeEmotionError

SAVED_MODEL_FILE = "saved_model.pb"
_LARGEST_GRAPH = 64 << 20

_OPERATORS = (
    # Constants, weights, calls; what is called is looked into.
    """
    Const Placeholder PlaceholderWithDefault NoOp Identity IdentityN StopGradient PreventGradient
    EnsureShape VarHandleOp VarIsInitializedOp ReadVariableOp AssignVariableOp AssignAddVariableOp
    AssignSubVariableOp ResourceGather PartitionedCall StatefulPartitionedCall If StatelessIf While
    StatelessWhile Case StatelessCase
    """,
    # Layers.
    """
    AvgPool AvgPool3D BiasAdd BiasAddV1 Conv2D Conv2DBackpropInput Conv3D
    DepthwiseConv2dNative Dilation2D Elu FusedBatchNorm FusedBatchNormV2 FusedBatchNormV3 L2Loss
    LRN LeakyRelu LogSoftmax MaxPool MaxPool3D MaxPoolV2 Relu Relu6 ResizeBicubic
    ResizeBilinear ResizeNearestNeighbor Selu Softmax Softplus Softsign
    """,
    # Their gradients, which networks with a gradient of their own carry along.
    """
    AvgPoolGrad BiasAddGrad Conv2DBackpropFilter DepthwiseConv2dNativeBackpropFilter
    DepthwiseConv2dNativeBackpropInput EluGrad FusedBatchNormGradV3 LeakyReluGrad MaxPoolGrad
    Relu6Grad ReluGrad RsqrtGrad SeluGrad SigmoidGrad SoftplusGrad SoftsignGrad SqrtGrad TanhGrad
    BroadcastGradientArgs
    """,
    # Arithmetic.
    """
    Abs Acos Acosh Add AddN AddV2 All Any ApproximateEqual ArgMax ArgMin Asin Asinh Atan Atan2 Atanh
    BatchMatMul BatchMatMulV2 BatchMatMulV3 Bitcast Bucketize Cast Ceil ClipByValue Cos Cosh Cross
    Cumprod Cumsum Digamma Div DivNoNan Einsum Equal Erf Erfc Erfinv Exp Expm1 Floor FloorDiv
    FloorMod Greater GreaterEqual Inv Invert IsFinite IsInf IsNan Less LessEqual Lgamma Log Log1p
    LogicalAnd LogicalNot LogicalOr MatMul Max Maximum Mean Min Minimum Mod Mul MulNoNan Neg
    NextAfter NotEqual Pow Prod RealDiv Reciprocal Rint Round Rsqrt Sigmoid Sign Sin Sinh Sqrt
    Square SquaredDifference Sub Sum Tan Tanh TruncateDiv TruncateMod Xdivy Xlog1py Xlogy
    """,
    # Shapes, places and lists of tensors.
    """
    BatchToSpace BatchToSpaceND BroadcastArgs BroadcastTo Concat ConcatOffset ConcatV2 DepthToSpace
    Diag DiagPart ExpandDims ExtractImagePatches Fill Gather GatherNd GatherV2 InvertPermutation
    LinSpace MatrixBandPart MatrixDiag MatrixDiagPart MatrixDiagPartV3 MatrixDiagV3 MirrorPad OneHot
    OnesLike Pack Pad PadV2 Range Rank Reshape Reverse ReverseV2 Roll ScatterNd Select SelectV2
    Shape ShapeN Size Slice SpaceToBatch SpaceToBatchND SpaceToDepth Split SplitV Squeeze
    StridedSlice StridedSliceGrad TensorListElementShape TensorListFromTensor TensorListGather
    TensorListGetItem TensorListLength TensorListPopBack TensorListPushBack TensorListReserve
    TensorListSetItem TensorListStack TensorScatterAdd TensorScatterUpdate Tile TopK TopKV2
    Transpose Unpack UnsortedSegmentSum Where ZerosLike
    """,
    # Dropout and noise, where a network was saved with its training.
    """
    RandomStandardNormal RandomUniform RandomUniformInt StatefulUniform StatelessMultinomial
    StatelessRandomGetAlg StatelessRandomGetKeyCounter StatelessRandomGetKeyCounterAlg
    StatelessRandomNormal StatelessRandomNormalV2 StatelessRandomUniform StatelessRandomUniformInt
    StatelessRandomUniformFullIntV2 StatelessRandomUniformIntV2 StatelessRandomUniformV2
    StatelessTruncatedNormal StatelessTruncatedNormalV2 TruncatedNormal
    """,
    # Quantization, simulated.
    """
    FakeQuantWithMinMaxArgs FakeQuantWithMinMaxVars FakeQuantWithMinMaxVarsPerChannel
    QuantizeAndDequantizeV2 QuantizeAndDequantizeV3 QuantizeAndDequantizeV4
    """,
)
COMPUTING = frozenset(name for names in _OPERATORS for name in names.split())


def check_operators(path: Path) -> None:
    """Check that a SavedModel does nothing but compute; it is not loaded for that.

    Functions that nothing of it reaches are left alone: those by which TensorFlow saves and
    restores weights belong to its older ways of loading.

    Raises:
        EdgeEmotionError: it is damaged, of TensorFlow 1, or may do more.
    """
    file = path / SAVED_MODEL_FILE
    try:
        if file.stat().st_size > _LARGEST_GRAPH:
            raise EdgeEmotionError(f"{file} is larger than {_LARGEST_GRAPH >> 20} MiB")
        graphs = parse_saved_model(str(path)).meta_graphs
    except OSError as error:
        reason = str(error).partition("\n")[0][:160]
        raise EdgeEmotionError(
            f"{file} cannot be read: {reason}", expected="a SavedModel of TensorFlow 2"
        ) from error
    if len(graphs) != 1 or not graphs[0].HasField("object_graph_def"):
        several = len(graphs) > 1
        found = f"has {len(graphs)} graphs" if several else "is no SavedModel of TensorFlow 2"
        raise EdgeEmotionError(
            f"{path} {found}",
            expected="one graph with the objects it was made from",
            remedy="save it again with Keras's export",
        )
    others = sorted({node.op for node in _reached(graphs[0])} - COMPUTING)
    if others:
        raise EdgeEmotionError(
            f"{path} has the operators {', '.join(others)}",
            expected="operators that are known to compute and leave files and programs alone",
            remedy="do not load it unless you know where it comes from",
        )


def _reached(graph: Any) -> Iterator[Any]:
    """The nodes that loading or calling may run, those that call functions of the graph left out.

    Functions are called by an attribute, or by a node whose operator is their name.
    """
    library = {function.signature.name: function for function in graph.graph_def.library.function}
    nodes = list(_behind_signatures(graph))
    waiting = [*_functions_of_objects(graph), *_put_in_by_tensorflow(graph)]
    seen: set[str] = set()
    while nodes or waiting:
        for node in nodes:
            waiting += _called(node.attr.values())
            if node.op in library:
                waiting.append(node.op)
            else:
                yield node
        new = {name for name in waiting if name in library} - seen
        seen |= new
        nodes, waiting = [node for name in new for node in library[name].node_def], []


def _functions_of_objects(graph: Any) -> Iterator[str]:
    objects = graph.object_graph_def
    yield from objects.concrete_functions
    for node in objects.nodes:
        yield from node.function.concrete_functions
        yield node.bare_concrete_function.concrete_function_name


def _put_in_by_tensorflow(graph: Any) -> Iterator[str]:
    """Functions that nothing calls: gradients, and what the optimizer puts in another's place."""
    library = graph.graph_def.library
    yield from (gradient.gradient_func for gradient in library.gradient)
    yield from (gradient.gradient_func for gradient in library.registered_gradients)
    yield from (one.signature.name for one in library.function if "api_implements" in one.attr)


def _called(attributes: Iterable[Any]) -> Iterator[str]:
    """Names of functions in attributes, in lists and in the attributes of functions, too."""
    for value in attributes:
        for function in (value.func, *value.list.func):
            yield function.name
            yield from _called(function.attr.values())


def _behind_signatures(graph: Any) -> Iterator[Any]:
    """The nodes of the main graph that its signatures' inputs and outputs are computed by."""
    nodes: Mapping[str, Any] = {node.name: node for node in graph.graph_def.node}
    waiting = [
        tensor.name
        for signature in graph.signature_def.values()
        for tensors in (signature.inputs, signature.outputs)
        for tensor in tensors.values()
    ]
    seen: set[str] = set()
    while waiting:
        name = waiting.pop().lstrip("^").partition(":")[0]  # ^node:0, node:0
        if name in nodes and name not in seen:
            seen.add(name)
            waiting += nodes[name].input
            yield nodes[name]
