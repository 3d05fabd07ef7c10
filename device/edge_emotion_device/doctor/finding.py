"""What a check of the doctor tells."""

from dataclasses import dataclass
from typing import Literal

from edge_emotion.errors import EdgeEmotionError

Status = Literal["ok", "warn", "fail"]


@dataclass(frozen=True)
class Finding:
    """What was found, and what to do about it.

    Attributes:
        status: `fail` where `edge-emotion run` cannot work until it is mended, `warn` where it
            works less well or without what this is about.
        found: one line.
        remedy: one line; empty where nothing needs to be done.
    """

    status: Status
    found: str
    remedy: str = ""


def finding_of(status: Status, error: EdgeEmotionError, about: str = "") -> Finding:
    """What an error tells.

    Args:
        status: of the finding.
        error: what it found, expected and advises.
        about: said before it.
    """
    expected = f"; expected {error.expected}" if error.expected else ""
    return Finding(status, f"{about}{error.found}{expected}", error.remedy)
