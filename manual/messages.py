"""Every message that the program has for its users, collected from its code."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from edge_emotion.errors import MissingExtra

ROOT = Path(__file__).resolve().parent.parent
ROOMS = {
    "edge_emotion": "Everywhere: files, data, model files, settings",
    "device/edge_emotion_device": "On the device",
    "train/edge_emotion_train": "Training",
    "convert/edge_emotion_convert": "Converting and evaluating",
    "convert/edge_emotion_report": "Reports",
}
GAP = "…"  # what differs from time to time
_ERRORS = ("EdgeEmotionError", "WrongUse", "GateNotMet", "Interrupted")
_TELLERS = (*_ERRORS, "DelegateFailed", "Finding", "MissingExtra", "Refusal", "warn")
_BEHIND_ANOTHER = ("DelegateFailed", "Finding", "Refusal")  # whose second argument was found
_HEADER = f"""\
# Every message

What the program can say, collected from its code, to be searched for the words that were seen.
`{GAP}` is what differs: a path, a number, a name. An error is one line: what was found; what was
expected; what to do. [Troubleshooting](troubleshooting.md) has those that are met most, with more
words.

"""


@dataclass(frozen=True)
class Message:
    """One message.

    Attributes:
        room: the folder whose code says it.
        parts: what was found, expected and to be done, with gaps.
    """

    room: str
    parts: tuple[str, ...]


def page() -> str:
    """The page's Markdown."""
    parts = [_HEADER]
    for room, title in ROOMS.items():
        told = sorted({_shown(one) for one in messages() if one.room == room}, key=str.casefold)
        parts += [f"## {title}\n\n", *(f"- {line}\n" for line in told), "\n"]
    return "".join(parts)


@cache
def messages() -> tuple[Message, ...]:
    """All messages with words of their own, in the code's order."""
    found = (
        Message(room, parts)
        for room in ROOMS
        for file in sorted((ROOT / room).rglob("*.py"))
        for parts in _told(ast.parse(file.read_text(encoding="utf-8")))
    )
    return tuple(one for one in found if len(" ".join(one.parts).replace(GAP, "").split()) > 1)


@cache
def texts() -> frozenset[str]:
    """Every text in the code of the rooms, with gaps, whoever says it."""
    return frozenset(
        " ".join(_text(node).split())
        for room in ROOMS
        for file in (ROOT / room).rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant | ast.JoinedStr)
    )


def _told(tree: ast.Module) -> Iterator[tuple[str, ...]]:
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and node.args]
    for call in sorted(calls, key=lambda node: node.lineno):
        name = call.func.id if isinstance(call.func, ast.Name) else ""
        if name not in _TELLERS:
            continue
        expected = [word for word in call.keywords if word.arg == "expected"]
        remedy = [word for word in call.keywords if word.arg == "remedy"]
        if name == "MissingExtra":  # which puts its message together itself
            told = MissingExtra(*map(_text, call.args))
            parts = [told.found, told.remedy]
        else:
            parts = [*map(_text, call.args[1:] if name in _BEHIND_ANOTHER else call.args[:1])]
        parts += [f"expected {_text(word.value)}" for word in expected]
        parts += [_text(word.value) for word in remedy]
        if parts:
            yield tuple(" ".join(part.split()) for part in parts)


def _text(node: ast.expr) -> str:
    """A text of the code with gaps for what is put in."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else GAP
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _text(node.left) + _text(node.right)
    return GAP


def _shown(message: Message) -> str:
    """As Markdown: what was found in bold."""
    found, *others = (part.replace("|", "\\|").replace("<", "&lt;") for part in message.parts)
    more = [part for part in others if part.replace(GAP, "").replace("expected", "").strip()]
    return "; ".join([f"**{found.strip()}**", *more])
