"""Errors a user can cause, and the exit code each ends the program with.

Every message is one line: what was found, what was expected, what to do.  Anything that is not an
`EdgeEmotionError` is a defect of this program and keeps its traceback.
"""

import sys
from enum import IntEnum

_LONGEST_TEXT = 1200  # characters of what was found, of what was expected and of the remedy


class ExitCode(IntEnum):
    """What `edge-emotion` leaves behind for the shell."""

    DONE = 0
    FAILED = 1
    WRONG_USE = 2
    GATE_NOT_MET = 3
    INTERRUPTED = 130


class EdgeEmotionError(Exception):
    """Something failed while working: a file, a camera, a model.

    The parts are joined to one line, so none of them ends with a full stop.

    Attributes:
        found, expected, remedy: the parts; empty where there is none.
    """

    exit_code = ExitCode.FAILED

    def __init__(self, found: str, *, expected: str = "", remedy: str = "") -> None:
        self.found, self.expected, self.remedy = map(_as_line, (found, expected, remedy))
        parts = [self.found, f"expected {self.expected}" if expected else "", self.remedy]
        super().__init__("; ".join(part for part in parts if part))

    def put_at(self, place: str) -> None:
        """Begin the message with where the cause stands, such as `/etc/edge-emotion.toml:3`."""
        self.found, self.args = f"{place}: {self.found}", (f"{place}: {self}",)


class WrongUse(EdgeEmotionError):
    """The command or function was asked for something that it does not offer."""

    exit_code = ExitCode.WRONG_USE


class GateNotMet(EdgeEmotionError):
    """A measured gate (accuracy lost, verification) was not passed, so nothing was put in place."""

    exit_code = ExitCode.GATE_NOT_MET


class MissingExtra(WrongUse):
    """A command needs packages that the installed extras do not bring."""

    def __init__(self, what: str, package: str, extra: str) -> None:
        super().__init__(
            f"{what} needs {package}, which is not installed",
            remedy=f"install it with: pip install 'edge-emotion[{extra}]'",
        )


def warn(message: str) -> None:
    """Tell the user something on stderr, as one line, and go on."""
    sys.stderr.write(f"edge-emotion: {_as_line(message)}\n")


def _as_line(text: str) -> str:
    """A text without line ends, of a length for people.

    It may quote a file of somebody else's, so what a terminal would take as an order is escaped.
    """
    line = " ".join(text.split())[: _LONGEST_TEXT + 1]
    if not line.isprintable():
        line = "".join(one if one.isprintable() else ascii(one)[1:-1] for one in line)
    return line if len(line) <= _LONGEST_TEXT else f"{line[:_LONGEST_TEXT]}…"
