"""The charts of a session: who showed which emotion when."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MultipleLocator, PercentFormatter

from edge_emotion.labels import EMOTIONS
from edge_emotion.palette import COLORS
from edge_emotion_report.session.recorded import Person, Session
from edge_emotion_report.session.timeline import UNDECIDED
from edge_emotion_train.pictures.style import SOFT, styled

SHADES = {**COLORS, UNDECIDED: "#9a9a9a"}
_WIDTH_IN = 9.2  # a page enlarges it by 1.4
_COLUMNS = 1000  # of the chart of all of them
_TICKS = 9  # at most
_STEPS_S = (
    *(0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30),
    *(60 * minutes for minutes in (1, 2, 5, 10, 15, 30)),
    *(3600 * hours for hours in (1, 2, 3, 6, 12, 24, 48, 168)),
)


@styled
def strips(session: Session, people: Sequence[Person]) -> Figure:
    """A row for each person, with the label that it had when."""
    figure = Figure(figsize=(_WIDTH_IN, 0.55 + 0.24 * len(people)), layout="constrained")
    axes = figure.add_subplot()
    for row, person in enumerate(people):
        _strip(axes, person, row - 0.38, 0.76, session.length_s / _COLUMNS)
    axes.set_yticks(range(len(people)), [person.name for person in people])
    axes.set_ylim(len(people) - 0.5, -0.5)
    axes.grid(False, axis="y")
    _time_axis(axes, 0, session)
    return figure


@styled
def course(session: Session, person: Person) -> Figure:
    """One person's time in view: its labels as a strip, above the smoothed probabilities."""
    figure = Figure(figsize=(_WIDTH_IN, 1.9), layout="constrained")
    above, below = figure.subplots(2, sharex=True, height_ratios=(1, 8))
    _strip(above, person, 0, 1)
    above.set(ylim=(0, 1), yticks=[])
    above.grid(False)
    above.spines[:].set_visible(False)
    times_s, shares = person.timeline.probabilities()
    for rank, name in enumerate(EMOTIONS):
        below.plot(times_s, shares[:, rank], color=COLORS[name], linewidth=1.1)
    below.set(ylim=(-0.02, 1.02), yticks=(0, 0.5, 1))
    below.yaxis.set_major_formatter(PercentFormatter(1))
    _time_axis(below, person.first_s, session, person.last_s)
    return figure


def clock(seconds: float, whole_s: float = 3600) -> str:
    """A moment as 12 s, 3:07 or 1:02:03, by how long the whole takes."""
    if whole_s < 120:
        return f"{round(seconds, 1):g} s"
    minutes, rest_s = divmod(round(seconds), 60)
    hours, rest_min = divmod(minutes, 60)
    return f"{hours}:{rest_min:02}:{rest_s:02}" if whole_s >= 3600 else f"{minutes}:{rest_s:02}"


def _strip(axes: Axes, person: Person, bottom: float, height: float, least_s: float = 0.0) -> None:
    runs = person.timeline.held(least_s)
    axes.broken_barh(
        [(start_s, end_s - start_s) for start_s, end_s, _ in runs],
        (bottom, height),
        facecolors=[SHADES[label] for *_, label in runs],
        linewidth=0,
    )


def _time_axis(axes: Axes, first_s: float, session: Session, last_s: float | None = None) -> None:
    last_s = max(session.length_s if last_s is None else last_s, first_s + 0.1)
    axes.set_xlim(first_s, last_s)
    fitting = (step_s for step_s in _STEPS_S if (last_s - first_s) / step_s <= _TICKS)
    axes.xaxis.set_major_locator(MultipleLocator(next(fitting, (last_s - first_s) / _TICKS)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: clock(x, session.length_s)))
    for start_s in session.run_starts_s[1:]:
        if first_s < start_s < last_s:
            axes.axvline(start_s, color=SOFT, linewidth=0.8, linestyle=":")
