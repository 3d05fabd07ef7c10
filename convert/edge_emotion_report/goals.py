"""What a user wants of a model: `latency<5ms,size<400kB`, `accuracy`, ..."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from edge_emotion.errors import WrongUse
from edge_emotion_report.records import Interval
from edge_emotion_report.tasks import FACTS, Facts

AIMS = ("accuracy", "latency", "size")
EXPECTED = (
    "latency<5ms, size<400kB, accuracy>80%, rmse<2px, ap>85%, or one of accuracy, latency and size "
    "as the aim; several with commas"
)
_LIMIT = re.compile(r"(\w+)\s*([<>])\s*=?\s*([\d.]+)\s*([a-zµ%]*)", re.IGNORECASE)
# What one unit is in the unit of the figures: ms, bytes, fractions and px.
_UNITS: Mapping[str, tuple[str, Mapping[str, float]]] = {
    "latency": ("<", {"us": 0.001, "µs": 0.001, "ms": 1.0, "s": 1000.0}),
    "size": ("<", {"b": 1.0, "kb": 1e3, "mb": 1e6}),
    **{
        one.limit: ("<" if one.is_error else ">", {one.unit: 1 / one.scale})
        for one in FACTS.values()
    },
}


@dataclass(frozen=True)
class Limit:
    """One bound that a model has to keep.

    Attributes:
        quantity: latency (ms), size (bytes), or a task's `Facts.limit` (a fraction, or px).
        bound: in that unit.
        words: as it was given.
    """

    quantity: str
    bound: float
    words: str

    def kept_by(self, value: float | None) -> bool:
        """Whether a figure keeps it; one that was not measured does not."""
        if value is None:
            return False
        return value > self.bound if self.is_least else value < self.bound

    def reached_beyond(self, interval: Interval) -> bool:
        """Whether an interval has an end that does not keep it."""
        return interval is not None and not all(map(self.kept_by, interval))

    @property
    def is_least(self) -> bool:
        """Whether figures have to lie above it."""
        return _UNITS[self.quantity][0] == ">"

    @property
    def facts(self) -> Facts | None:
        """Of the one task that it is about; None if it is about all."""
        return next((one for one in FACTS.values() if one.limit == self.quantity), None)

    def concerns(self, task: str) -> bool:
        """Whether it is about the models of a task."""
        return self.facts in (None, FACTS[task])


@dataclass(frozen=True)
class Goal:
    """What counts: the limits first, then the aim.

    Attributes:
        limits: that a model has to keep.
        aim: accuracy, latency or size; empty for the fastest of those as accurate as the best.
    """

    limits: tuple[Limit, ...] = ()
    aim: str = ""

    @property
    def words(self) -> str:
        """As it is given on the command line."""
        return ",".join([*(limit.words for limit in self.limits), *filter(None, [self.aim])])

    @property
    def latency_ms(self) -> float:
        """What no median may reach; infinity without a limit."""
        found = (limit.bound for limit in self.limits if limit.quantity == "latency")
        return min(found, default=math.inf)


def parse_goal(text: str) -> Goal:
    """The goal that a text states; an empty one states the default.

    Raises:
        WrongUse: naming what is not understood.
    """
    limits: list[Limit] = []
    aims: list[str] = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        if part.lower() in AIMS:
            aims.append(part.lower())
        else:
            limits.append(_limit(part))
    if len(set(aims)) > 1:
        raise WrongUse(f"--goal {text} aims at {' and '.join(aims)}", expected="one aim at most")
    return Goal(tuple(limits), aims[0] if aims else "")


def _limit(part: str) -> Limit:
    found = _LIMIT.fullmatch(part)
    quantity = found[1].lower() if found else ""
    if found is None or quantity not in _UNITS:
        raise WrongUse(f"--goal {part} is not understood", expected=EXPECTED)
    sign, units = _UNITS[quantity]
    factor = units.get(found[4].lower())
    if found[2] != sign or factor is None:
        expected = " or ".join(f"{quantity}{sign}5{unit}" for unit in units)
        raise WrongUse(f"--goal {part} is not understood", expected=expected)
    try:
        bound = float(found[3])
    except ValueError as error:
        raise WrongUse(f"--goal {part}: {found[3]} is no number", expected=EXPECTED) from error
    return Limit(quantity, bound * factor, "".join(part.split()))
