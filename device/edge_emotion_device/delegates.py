"""Which processor runs the networks: `cpu`, `auto`, `edgetpu[:DEVICE]` or `external:LIBRARY`."""

import ctypes
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from edge_emotion.errors import EdgeEmotionError, WrongUse, warn
from edge_emotion_device.runtime import load_delegate

_EDGETPU_LIBRARY = "libedgetpu.so.1"
_CHOICES = "auto, cpu, edgetpu, edgetpu:usb, edgetpu:pci, edgetpu:N or external:LIBRARY[,key=value]"


@dataclass(frozen=True)
class DelegateChoice:
    """A delegate as the user names it, taken apart.

    Attributes:
        library: shared library to load; empty for the CPU.
        options: handed to the library.
        required: whether to fail, rather than go on with the CPU, when it cannot be had.
    """

    library: str = ""
    options: dict[str, str] = field(default_factory=dict)
    required: bool = True


def parse_delegate(text: str) -> DelegateChoice:
    """Take a delegate's name apart.

    Raises:
        WrongUse: it is none of the known forms.
    """
    kind, _, rest = text.partition(":")
    if text == "cpu":
        return DelegateChoice()
    if text == "auto":
        return DelegateChoice(_EDGETPU_LIBRARY, required=False)
    if kind == "edgetpu":
        if rest and rest not in ("usb", "pci") and not rest.isdecimal():
            raise WrongUse(f"unknown delegate {text!r}", expected=_CHOICES)
        device = f":{rest}" if rest.isdecimal() else rest
        return DelegateChoice(_EDGETPU_LIBRARY, {"device": device} if device else {})
    if kind == "external" and rest:
        library, *pairs = rest.split(",")
        options = dict(pair.partition("=")[::2] for pair in pairs)
        if library and all(options):
            return DelegateChoice(library, options)
    raise WrongUse(f"unknown delegate {text!r}", expected=_CHOICES)


def open_delegates(text: str) -> list[Any]:
    """The delegates an interpreter is given for a delegate's name; none for the CPU.

    With `auto` a missing accelerator is told on stderr, and the CPU is used.

    Raises:
        EdgeEmotionError: the library is absent, refuses, or is no delegate.
    """
    choice = parse_delegate(text)
    if not choice.library:
        return []
    try:
        ctypes.CDLL(choice.library)  # load_delegate's own failure leaves noise on stderr
        return [load_delegate(choice.library, choice.options)]
    except (OSError, ValueError, AttributeError) as error:
        why = _why(choice.library, error)
        if not choice.required:
            _warn_once(f"no accelerator: {why}; using the CPU")
            return []
        remedy = "check the library and the device, or use --delegate cpu"
        raise EdgeEmotionError(f"delegate {text}: {why}", remedy=remedy) from error


@cache
def _warn_once(message: str) -> None:
    """Both networks ask for the accelerator; the user need not hear of it twice."""
    warn(message)


def _why(library: str, error: Exception) -> str:
    if isinstance(error, OSError):
        return f"{library} cannot be loaded ({error})"
    if isinstance(error, ValueError):
        return f"{library} found no device it could use ({error})".replace("\n", " ")
    return f"{library} is no TFLite delegate"
