"""Which processor runs the networks: `cpu`, `auto`, `edgetpu[:DEVICE]` or `external:LIBRARY`."""

from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from edge_emotion.errors import WrongUse, warn
from edge_emotion_device.delegates import edgetpu

_CHOICES = "auto, cpu, edgetpu, edgetpu:usb, edgetpu:pci, edgetpu:N or external:LIBRARY[,key=value]"


@dataclass(frozen=True)
class DelegateChoice:
    """A delegate as the user names it, taken apart.

    Attributes:
        name: of what runs the model.
        library: shared library to load; empty for the CPU.
        options: handed to the library.
        required: whether to fail, rather than go on with the CPU, when it cannot be had.
    """

    name: str = "cpu"
    library: str = ""
    options: dict[str, str] = field(default_factory=dict)
    required: bool = True

    @property
    def for_edgetpu(self) -> bool:
        """Whether the library is libedgetpu, by its name, which runs compiled models alone."""
        return Path(self.library).name.startswith("libedgetpu")


CPU = DelegateChoice()


def parse_delegate(text: str) -> DelegateChoice:
    """Take a delegate's name apart.

    Raises:
        WrongUse: it is none of the known forms.
    """
    kind, _, rest = text.partition(":")
    if text == "cpu":
        return CPU
    if text == "auto":
        return DelegateChoice("edgetpu", edgetpu.LIBRARY, required=False)
    number = rest.isdecimal() and len(rest) < 4
    if text == "edgetpu" or (kind == "edgetpu" and (rest in ("usb", "pci") or number)):
        device = f":{int(rest)}" if number else rest
        return DelegateChoice(text, edgetpu.LIBRARY, {"device": device} if device else {})
    if kind == "external" and rest:
        library, *pairs = rest.split(",")
        options = dict(pair.partition("=")[::2] for pair in pairs)
        if library and all(options):
            with suppress(OSError, RuntimeError, ValueError):  # a name that no file can have
                file = Path(library).expanduser()  # a bare name is looked for where libraries are
                library = str(file.resolve()) if file.is_file() else library
            return DelegateChoice(text, library, options)
    raise WrongUse(f"unknown delegate {text!r}", expected=_CHOICES)


@cache
def warn_once(message: str) -> None:
    """All networks ask for the accelerator; the user need not hear of it again."""
    warn(message)
