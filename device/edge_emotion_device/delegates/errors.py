"""What went wrong with a delegate, told apart by the stage it happened in, with the remedy."""

import struct
import sys
from pathlib import Path

from edge_emotion.errors import EdgeEmotionError
from edge_emotion_device.delegates import edgetpu
from edge_emotion_device.delegates.choice import DelegateChoice
from edge_emotion_device.runtime import runtime_name

# The stages of opening a delegate, in their order (see trial.py).
STAGES = {
    "start": "starting",
    "load": "loading the library",
    "create": "opening the device",
    "prepare": "preparing the model",
    "invoke": "running the model",
    "close": "closing the device",
}
_ELSEWHERE = "or use --delegate cpu"
_MACHINES = {3: "32-bit x86", 40: "32-bit ARM", 62: "x86-64", 183: "64-bit ARM"}


class DelegateFailed(EdgeEmotionError):
    """An accelerator cannot be had, or not for this model; the CPU may still do.

    Attributes:
        why: what was found, without the remedy.
    """

    def __init__(self, choice: DelegateChoice, why: str, remedy: str) -> None:
        self.why = " ".join(why.split())
        super().__init__(f"--delegate {choice.name}: {why}", remedy=remedy)


def refused(choice: DelegateChoice, stage: str, message: str) -> DelegateFailed:
    """The runtime or the delegate reported a failure in one of the `STAGES`."""
    library = choice.library
    if stage == "load":
        return DelegateFailed(choice, *_not_loaded(choice, message))
    if stage == "create":
        if choice.for_edgetpu:
            return DelegateFailed(choice, *edgetpu.why_not_opened(choice.options.get("device", "")))
        said = message.partition("\n")[2] or "it does not say why"  # behind the runtime's own line
        remedy = f"check the device and the options, {_ELSEWHERE}"
        return DelegateFailed(choice, f"{library} opens no device ({said})", remedy)
    why = f"{library} failed while {STAGES[stage]} ({message})"
    if edgetpu.OPERATOR.decode() in message:
        remedy = "give a model that is not compiled for the Edge TPU, or use --delegate edgetpu"
    elif choice.for_edgetpu:
        remedy = f"compile the model for this version of it, {_rebuild()}{_ELSEWHERE}"
    else:
        remedy = f"check that it is made for a runtime like {runtime_name()}, {_ELSEWHERE}"
    return DelegateFailed(choice, why, remedy)


def crashed(choice: DelegateChoice, stage: str, signal: str, said: str) -> DelegateFailed:
    """The trial in a process of its own was ended by a signal.

    Args:
        choice: the delegate.
        stage: where.
        signal: its name.
        said: the last line that was left on stderr.
    """
    last_words = f" ({said})" if said else ""
    why = f"{choice.library} crashed with {signal} while {STAGES[stage]}{last_words}"
    remedy = _rebuild() if choice.for_edgetpu else "get a build of it for this runtime, "
    return DelegateFailed(choice, why, remedy + _ELSEWHERE)


def hung(choice: DelegateChoice, stage: str, limit_s: float) -> DelegateFailed:
    """The trial in a process of its own did not come to an end."""
    why = f"{choice.library} did not come back within {limit_s:g} s while {STAGES[stage]}"
    return DelegateFailed(choice, why, f"unplug the device and plug it in again, {_ELSEWHERE}")


def _rebuild() -> str:
    # Google's libedgetpu 16.0 hands structures of TFLite 2.5 to the runtime, which grew in 2.12.
    return (
        f"get a libedgetpu that was built for a runtime like {runtime_name()} "
        "(https://github.com/google-coral/edgetpu/issues/812), "
    )


def _not_loaded(choice: DelegateChoice, message: str) -> tuple[str, str]:
    library, file = choice.library, Path(choice.library)
    install = f"install it, {_ELSEWHERE}"
    if choice.for_edgetpu:
        install = f"install libedgetpu1-std (docs/device.md), {_ELSEWHERE}"
    if "/" in library and not file.exists():
        return f"{library} cannot be loaded: there is no such file", install
    if "/" not in library and message.startswith(f"{library}: cannot open"):
        return f"{library} cannot be loaded: it is not installed", install
    if "tflite_plugin" in message:
        return f"{library} is no TFLite delegate ({message})", "name a library that is one"
    machine, own = _machine(file), _machine(Path(sys.executable))
    if file.is_file() and not machine:
        return f"{library} cannot be loaded: it is no shared library", "name one"
    if machine and own and machine != own:
        found = f"{library} cannot be loaded: it is for {machine}, and this Python for {own}"
        return found, f"install the library for {own}"
    return f"{library} cannot be loaded ({message})", "install what it needs"


def _machine(file: Path) -> str:
    """What an ELF file was built for; empty if it is none or cannot be read.

    dlopen says of another machine's library that there is no such file.
    """
    try:
        with file.open("rb") as stream:
            head = stream.read(20)
    except OSError:
        return ""
    if len(head) < 20 or head[:4] != b"\x7fELF":
        return ""
    code = struct.unpack_from("<H" if head[5] == 1 else ">H", head, 18)[0]
    return _MACHINES.get(code, f"machine {code}")
