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
    """What an error tells: its remedy is the last of its parts.

    Args:
        status: of the finding.
        error: whose message is `found; expected; remedy`.
        about: said before it.
    """
    found, _, remedy = str(error).rpartition("; ")
    return Finding(status, about + found, remedy) if found else Finding(status, about + remedy)
