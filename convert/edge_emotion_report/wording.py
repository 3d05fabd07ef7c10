"""Figures and names as a reader sees them.  What was not measured is said to be that."""

import math

from edge_emotion_report.tasks import FACTS

MISSING = "not measured"
LONGEST = 120  # characters of a name
_TO = " to "


def plain(text: str, longest: int = LONGEST) -> str:
    """Somebody's text as one short line that can be written anywhere: no control characters."""
    line = " ".join(text.split())
    line = "".join(character for character in line if character.isprintable())
    line = line.encode("utf-8", "replace").decode("utf-8")
    return line if len(line) <= longest else line[: longest - 1] + "…"


def figure(value: float | None, digits: int = 3) -> str:
    """A number with so many significant digits, never as a power of ten."""
    if value is None or not math.isfinite(value):
        return MISSING
    if value == 0:
        return "0"
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    return f"{value:.{decimals}f}"


def milliseconds(value: float | None, interval: tuple[float, float] | None = None) -> str:
    """A duration with its unit and, where it is known, its interval."""
    if value is None:
        return MISSING
    ends = "" if interval is None else f" ({figure(interval[0])}{_TO}{figure(interval[1])})"
    return f"{figure(value)} ms{ends}"


def kilobytes(size_bytes: float | None) -> str:
    """A file's size."""
    return MISSING if size_bytes is None else f"{size_bytes / 1000:,.0f} kB"


def megabytes(size_mb: float | None) -> str:
    """A process's memory."""
    return MISSING if size_mb is None else f"{figure(size_mb)} MB"


def score(task: str, value: float | None, low: float | None, high: float | None) -> str:
    """A task's main figure with its interval, where that is known."""
    if value is None:
        return MISSING
    ends = "" if low is None or high is None else f" ({_bare(task, low)}{_TO}{_bare(task, high)})"
    unit = FACTS[task].unit
    return f"{_bare(task, value)}{unit if unit == '%' else f' {unit}'}{ends}"


def loss(task: str, lost: float) -> str:
    """A loss with its unit, as long as its sign is told otherwise: `0.016 px`."""
    return f"{abs(lost):.{FACTS[task].lost_digits}f} {FACTS[task].lost_unit}"


def rows(task: str, number: int, rows_of: str) -> str:
    """`2,278 faces of fer2013 test`; what the name of the rows tells already is told once."""
    name, noun = rows_of.removeprefix(f"{number} "), FACTS[task].rows
    counts_them = name != rows_of or noun in rows_of.partition(",")[0].split()
    return f"{number:,} {name}" if counts_them else f"{number:,} {noun} of {name}"


def change(value: float | None, interval: tuple[float, float] | None, unit: str) -> str:
    """A loss with its interval; above 0 is worse."""
    if value is None:
        return MISSING
    digits = 2 if unit == "points" else 3
    parts = [value, *(interval or ())]
    shown = [f"{round(part, digits) + 0.0:+.{digits}f}" for part in parts]  # no -0.00
    if not any(map(float, shown)):
        return "unchanged"
    return shown[0] if interval is None else f"{shown[0]} ({shown[1]}{_TO}{shown[2]})"


def count(number: int, what: str) -> str:
    """`1 device`, `2 devices`."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def ordinal(number: int) -> str:
    """`1st`, `2nd`, `10th`."""
    last = 0 if 10 < number % 100 < 14 else number % 10
    return str(number) + {1: "st", 2: "nd", 3: "rd"}.get(last, "th")


def every(number: int, what: str) -> str:
    """`every frame`, `every 10th frame`."""
    return f"every {what}" if number == 1 else f"every {ordinal(number)} {what}"


def faces(mean: float) -> str:
    """Faces that were read in a frame."""
    return count(int(mean), "face") if mean == int(mean) else f"{mean:.2f} faces"


def capital(text: str) -> str:
    """A sentence's beginning."""
    return text[:1].upper() + text[1:]


def listed(names: list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]])) if names else ""


def _bare(task: str, value: float) -> str:
    return f"{FACTS[task].scale * value:.{FACTS[task].digits}f}"
