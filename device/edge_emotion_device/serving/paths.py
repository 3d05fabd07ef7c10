"""What a path asks for, by the regular expressions of http_rest_api_util.cc.

Their case does not matter, but the verbs' does, and `/METADATA` is a question for the status.
"""

import re
from dataclasses import dataclass
from urllib.parse import unquote

from edge_emotion_device.serving.refusal import Refusal, invalid, not_found

_API = re.compile("/v1/.*", re.IGNORECASE | re.ASCII | re.DOTALL)
_PREDICTION = re.compile(
    r"/v1/models/([^/:]+)(?:(?:/versions/(\d+))|(?:/labels/([^/:]+)))?:(classify|regress|predict)",
    re.IGNORECASE | re.ASCII,
)
_STATUS = re.compile(
    r"/v1/models(?:/([^/:]+))?(?:(?:/versions/(\d+))|(?:/labels/([^/:]+)))?(?:/(metadata))?",
    re.IGNORECASE | re.ASCII,
)
_LARGEST_VERSION = 2**63 - 1
_LONGEST_ECHO = 200  # characters of the client's own words in an error


@dataclass(frozen=True, slots=True)
class Asked:
    """A request's path, understood.

    Attributes:
        verb: predict, classify, regress, status or metadata.
        name: of the model.
        version, label: which of its versions; the newest without both.
    """

    verb: str
    name: str
    version: int | None = None
    label: str | None = None

    def not_served(self) -> Refusal:
        """The answer where the model, or this version of it, is not loaded."""
        which = f"Latest({self.name})"
        if self.version is not None:
            which = f"Specific({self.name}, {self.version})"
        return not_found(f"Servable not found for request: {which}")


def parse_path(method: str, path: str) -> Asked:
    """Read the path, as the client sent it and without its query.

    Raises:
        Refusal: 404 outside of /v1/, 400 for a path or a method that means nothing.
    """
    if not _API.fullmatch(path):
        raise not_found(f"nothing at {path[:_LONGEST_ECHO]}; the interface is under /v1/models")
    pattern = {"POST": _PREDICTION, "GET": _STATUS}.get(method)
    found = pattern.fullmatch(path) if pattern else None
    if found is None:
        raise _malformed(method, path)
    name, version, label, verb = found.groups()
    if name is None:
        raise invalid("Missing model name in request.")
    if method == "GET":
        verb = "metadata" if verb == "metadata" else "status"
    elif verb != verb.lower():
        raise _malformed(method, path)
    return Asked(verb, unquote(name), _number(version), label and unquote(label))


def _malformed(method: str, path: str) -> Refusal:
    return invalid(f"Malformed request: {method} {path[:_LONGEST_ECHO]}")


def _number(version: str | None) -> int | None:
    if version is None:
        return None
    # Python refuses to read thousands of digits, and a version has 19 at most.
    if len(version.lstrip("0")) > 19 or int(version) > _LARGEST_VERSION:
        raise invalid(f"Failed to convert version: {version[:_LONGEST_ECHO]} to numeric.")
    return int(version)
