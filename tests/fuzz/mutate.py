"""Changing what is right a little, so that parsers get far with it."""

import copy
import json
import random
from collections.abc import Iterable, Sequence
from typing import Any

_NUMBERS = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
WORDS = (
    "", " ", "0", "-0", "1", "-1", "255", "256", "1e9", "1e999", "-inf", "nan", "0x10", "1_0",
    "9" * 30,
    "9" * 5000, "1.5", "٣", "²", "½", "true", "null", "é", "𝄞", "\x00", "\ufeff", "\u2028", "\r",
    "\n", "\t",
    '"', "'", '"""', ",", ";", "=", "[", "]", "{", "}", "#", "\\", "%s", "%00", "{}", "..", "/",
    "../../etc/passwd",
    "/etc/passwd", "/dev/zero", "~", "*", "+", "$(id)", "`id`", "<script>", "\x1b[31m", "A" * 300,
    "[" * 3000,
)  # fmt: skip
_LARGEST_COPY = 20_000  # characters: copies of copies grow fast
_VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2, 0.5, -0.0, 1e308, float("inf"), float("nan"), 2**31, 2**63,
    10**30, "",
    "x", "é", "\x00", "9" * 100, [], {}, [[]], [None], {"": 0}, [0] * 50, "A" * 5000,
    {"a": {"b": {"c": []}}},
)  # fmt: skip


def mutated(draw: random.Random, content: bytes, most: int = 6, at: Sequence[int] = ()) -> bytes:
    """A copy with a few changes.

    Args:
        draw: decides.
        content: that is right.
        most: changes.
        at: places that are more telling than others, such as those of a header.
    """
    new = bytearray(content)
    for _ in range(draw.randint(1, most)):
        if not new:
            break
        place = draw.choice(at) if at and draw.random() < 0.5 else draw.randrange(len(new))
        place = min(place, len(new) - 1)
        _change(draw, new, place)
    return bytes(new)


def _change(draw: random.Random, new: bytearray, place: int) -> None:
    kind = draw.random()
    if kind < 0.25:
        new[place] ^= 1 << draw.randrange(8)
    elif kind < 0.4:
        new[place] = draw.randrange(256)
    elif kind < 0.65:
        size = draw.choice((1, 2, 4, 8))
        number = draw.choice((*_NUMBERS, len(new), draw.randrange(1 << 16)))
        number &= (1 << 8 * size) - 1
        new[place : place + size] = number.to_bytes(size, draw.choice(("little", "big")))
    elif kind < 0.75:
        del new[place : place + draw.randint(1, 40)]
    elif kind < 0.85:
        new[place:place] = draw.randbytes(draw.randint(1, 40))
    elif kind < 0.93:
        start = draw.randrange(len(new))
        new[place:place] = new[start : start + draw.randint(1, 400)]
    elif kind < 0.96:
        size = draw.randint(1, 2000)
        new[place : place + size] = bytes(len(new[place : place + size]))
    else:
        del new[place:]


def reworded(draw: random.Random, text: str, words: Iterable[str] = (), most: int = 4) -> str:
    """A text of which a few pieces are replaced, taken out, doubled or moved."""
    choice = (*WORDS, *words)
    for _ in range(draw.randint(1, most)):
        start = draw.randrange(len(text) + 1)
        end = min(len(text), start + draw.choice((0, 1, 1, 2, 5, 20)))
        kind = draw.random()
        if kind < 0.6:
            piece = draw.choice(choice)
        elif kind < 0.8:
            piece = text[start:end] * 2
        else:
            piece = text[(other := draw.randrange(len(text) + 1)) : other + 30]
        text = text[:start] + piece + text[end:]
    return text


def restructured(draw: random.Random, document: Any, most: int = 4) -> Any:
    """A copy of a JSON document of which a few parts are other values, gone, doubled or swapped."""
    new = [copy.deepcopy(document)]
    for _ in range(draw.randint(1, most)):
        holder, key = _somewhere(draw, new)
        kind = draw.random()
        if kind < 0.5:
            holder[key] = copy.deepcopy(draw.choice(_VALUES))
        elif kind < 0.65 and holder is not new:
            del holder[key]
        elif kind < 0.8:
            other, of = _somewhere(draw, new)
            if len(repr(other[of])) < _LARGEST_COPY:
                holder[key] = copy.deepcopy(other[of])
        elif isinstance(holder, dict):
            holder[draw.choice(("", "x", *map(str, holder)))] = holder[key]
        else:
            holder.extend(copy.deepcopy(holder[:3]))
    return new[0]


def as_json(draw: random.Random, document: Any) -> bytes:
    """A document restructured and written down; now and then damaged after that."""
    content = json.dumps(restructured(draw, document)).encode()
    kind = draw.random()
    if kind < 0.1:
        return mutated(draw, content)
    if kind < 0.12:
        return draw.choice((b"[", b'{"a":')) * 100_000
    return content


def _somewhere(draw: random.Random, root: list[Any]) -> tuple[Any, Any]:
    """A container and a key in it, any of them."""
    holder: Any = root
    key: Any = 0
    while True:
        inside = holder[key]
        if not isinstance(inside, dict | list) or not inside or draw.random() < 0.15:
            return holder, key
        holder = inside
        key = draw.choice(list(inside)) if isinstance(inside, dict) else draw.randrange(len(inside))
