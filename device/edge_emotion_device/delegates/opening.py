"""A model file in an interpreter: on the accelerator that was asked for, or on the CPU."""

from dataclasses import dataclass
from time import sleep
from typing import Any

from edge_emotion.errors import EdgeEmotionError, WrongUse
from edge_emotion.modelfile import COMPILED_FROM, ModelFile, read_model, shipped_model
from edge_emotion.quantization import TensorSpec
from edge_emotion.quiet import native_messages_hidden
from edge_emotion_device.delegates import edgetpu
from edge_emotion_device.delegates.choice import CPU, DelegateChoice, parse_delegate, warn_once
from edge_emotion_device.delegates.errors import DelegateFailed, refused
from edge_emotion_device.delegates.operators import OperatorsPlaced, operators_placed
from edge_emotion_device.delegates.trial import in_use, try_delegate, try_model
from edge_emotion_device.runtime import load_delegate, open_interpreter

_SUFFIX = "_edgetpu.tflite"  # of what the converter compiles beside X.tflite
_BACK_S = (0.3, 0.7, 1.0)  # pauses: a USB one comes back from its trial as a new device, for root


@dataclass(frozen=True)
class OpenedModel:
    """A model file that can run.

    Attributes:
        file: the one that runs: an uncompiled one where a compiled one was given and `auto` found
            no Edge TPU.
        interpreter: with its tensors allocated.
        delegate: what runs it: cpu, or the delegate's name.
        operators: where its operators run; None where the runtime does not tell.
    """

    file: ModelFile
    interpreter: Any
    delegate: str
    operators: OperatorsPlaced | None


def place_model(file: ModelFile, delegate: str, substitute: bool = True) -> tuple[ModelFile, str]:
    """Find out, in a process of its own, whether a delegate runs a model.

    Models that share a device are all placed before the first is opened: from then on no other
    process may open the device (see `try_delegate`).

    Args:
        file: the model.
        delegate: as `edge-emotion run --delegate`.
        substitute: whether `auto` may take the file that a compiled one was made of.

    Returns:
        The file and the delegate to open it with: where `auto` finds no accelerator for it, the
        CPU, and what can run there; why is told on stderr.

    Raises:
        DelegateFailed: the accelerator cannot be had, or not for this model.
        WrongUse: the delegate or the model for it is wrong.
    """
    choice = _suited(file, parse_delegate(delegate))
    if not choice.library:
        return file, CPU.name
    try:
        try_delegate(choice, file.flatbuffer)
    except DelegateFailed as failed:
        return _without(file, choice, failed, substitute), CPU.name
    return file, delegate


def open_model(
    file: ModelFile, delegate: str = "cpu", threads: int = 1, substitute: bool = True
) -> OpenedModel:
    """Put a model into an interpreter; arguments and errors as of `place_model`.

    Args:
        file: the model.
        delegate: as `edge-emotion run --delegate`.
        threads: of the CPU.
        substitute: whether `auto` may take the file that a compiled one was made of.

    Raises:
        EdgeEmotionError: it is no TFLite model, too.
    """
    file, delegate = place_model(file, delegate, substitute)
    choice = parse_delegate(delegate)
    if not choice.library:
        return _on_cpu(file, threads)
    try:
        return _on_accelerator(file, choice, threads)
    except DelegateFailed as failed:
        return _on_cpu(_without(file, choice, failed, substitute), threads)


def _without(
    file: ModelFile, choice: DelegateChoice, failed: DelegateFailed, substitute: bool
) -> ModelFile:
    """What the CPU runs in place of a model that `auto` has no accelerator for."""
    if choice.required:
        raise failed
    source = _uncompiled(file) if substitute else None
    if source is None:
        raise EdgeEmotionError(
            f"{file.path} is compiled for an Edge TPU and cannot run without: {failed.why}",
            remedy=f"give {_source_name(file)}, or put the one it was compiled from beside it",
        ) from failed
    warn_once(f"no accelerator: {failed.why}; using the CPU and the uncompiled models")
    return source


def _suited(file: ModelFile, choice: DelegateChoice) -> DelegateChoice:
    """The choice, or the CPU where the Edge TPU has nothing to do.

    Raises:
        WrongUse: the model is compiled and the delegate the CPU, or the other way round.
    """
    compiled = edgetpu.OPERATOR in file.flatbuffer
    if compiled and not choice.library:
        raise WrongUse(
            f"{file.path} is compiled for an Edge TPU ({edgetpu.OPERATOR.decode()}) and cannot run "
            "with --delegate cpu",
            remedy=f"use --delegate edgetpu, or give {_source_name(file)}",
        )
    if compiled or not choice.for_edgetpu:
        return choice
    if choice.required:
        raise WrongUse(
            f"{file.path} is not compiled for the Edge TPU, so --delegate {choice.name} is of no "
            "use",
            expected=f"a file of convert --edgetpu, named *{_SUFFIX}",
            remedy="or use --delegate cpu",
        )
    if edgetpu.connected():
        warn_once(f"{file.path.name} is not compiled for the Edge TPU: the CPU runs it")
    else:
        warn_once("no accelerator: no Edge TPU is connected; using the CPU")
    return CPU


def _on_cpu(file: ModelFile, threads: int) -> OpenedModel:
    told = file.metadata is not None  # not by a benchmark, which tries every model by itself
    if told and file.path.parent != shipped_model(file.metadata.task).parent:
        try_model(file.path, file.flatbuffer)
    try:
        interpreter = open_interpreter(file.flatbuffer, threads=threads, allocate=False)
        placed = operators_placed(interpreter)
        _allocate(interpreter)
        if told:
            [given], [answered] = interpreter.get_input_details(), interpreter.get_output_details()
            file.check_tensors(TensorSpec.of(given), TensorSpec.of(answered))
    except (ValueError, RuntimeError) as error:
        raise EdgeEmotionError(
            f"{file.path} cannot run with --delegate cpu: {error}", remedy="convert the model again"
        ) from error
    return OpenedModel(file, interpreter, CPU.name, placed)


def _on_accelerator(file: ModelFile, choice: DelegateChoice, threads: int) -> OpenedModel:
    """With a delegate of its own.

    One object a model: libedgetpu counts the users of a device within a process and shares it
    (tflite/edgetpu_manager_direct.cc), and other delegates keep the state of one graph in theirs.
    """
    delegate = _create(choice)
    in_use(choice, delegate)
    try:
        interpreter = open_interpreter(
            file.flatbuffer, threads=threads, delegates=[delegate], allocate=False
        )
        placed = operators_placed(interpreter)
        _allocate(interpreter)
    except (ValueError, RuntimeError) as error:
        raise refused(choice, "prepare", str(error)) from error
    if placed is not None and not placed.delegated:
        warn_once(f"{choice.name} took no operator of {file.path.name}: the CPU runs it")
    return OpenedModel(file, interpreter, choice.name, placed)


def _create(choice: DelegateChoice, pauses_s: tuple[float, ...] = _BACK_S) -> Any:
    try:
        with native_messages_hidden():
            return load_delegate(choice.library, choice.options)
    except (OSError, AttributeError) as error:
        raise refused(choice, "load", str(error)) from error
    except ValueError as error:
        if not pauses_s:
            raise refused(choice, "create", str(error)) from error
    sleep(pauses_s[0])
    return _create(choice, pauses_s[1:])


def _allocate(interpreter: Any) -> None:
    with native_messages_hidden():
        interpreter.allocate_tensors()


def _source_name(file: ModelFile) -> str:
    name = file.path.name
    return name.removesuffix(_SUFFIX) + ".tflite" if name.endswith(_SUFFIX) else "the int8 file"


def _uncompiled(file: ModelFile) -> ModelFile | None:
    """The file beside a compiled one that it was made of; None if there is none, or another."""
    path = file.path.with_name(_source_name(file))
    if not path.is_file():
        return None
    source = read_model(path, file.metadata.task)
    same = file.metadata.edgetpu.get(COMPILED_FROM) == source.metadata.flatbuffer_sha256
    return source if same else None
