"""Sections of an evaluation's page: what a model leaves undecided, and what bad pictures cost."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from edge_emotion.pages import table
from edge_emotion_convert.robustness import Robustness
from edge_emotion_convert.undecided import Selection
from edge_emotion_train.pictures.sections import Section, plain_table
from edge_emotion_train.pictures.style import BAR, INK, as_svg, new_chart, styled


def undecided_section(selection: Selection) -> Section:
    """A risk-coverage curve, and how many faces of each kind are undecided."""
    tables = [plain_table(selection.table())]
    if selection.scores:
        shares = [
            [name, *(f"{value:.1%}" for value in found.values())]
            for name, found in selection.scores.items()
        ]
        columns = ["refused by", "tells them apart", "others refused with a tenth of the faces"]
        tables.append(table(columns, shares))
    chosen = "chosen on validation faces" if selection.told else "the device's own"
    return Section(
        "undecided",
        "When it gives no answer",
        f"A face is undecided where the largest probability is below a threshold, {chosen}. The "
        "fewer are answered, the fewer answers are wrong.",
        {"risk_coverage": as_svg(_chart(selection), "riskcoverage")},
        tables=tables,
    )


def robustness_section(robustness: Robustness) -> Section:
    """What is left under each condition."""
    return Section(
        "robustness",
        "When the picture is bad",
        "The same faces made worse, each in one way, by fixed amounts and seeds. What is covered "
        "is found by the shipped keypoint network.",
        tables=[plain_table(robustness.table())],
    )


@styled
def _chart(selection: Selection) -> Figure:
    """Risk by coverage (Geifman and El-Yaniv 2017), and where the threshold stands on it."""
    figure, axes = new_chart(3.4)
    curve = selection.curve
    axes.plot(curve.coverage, curve.risk, color=BAR, linewidth=2)
    coverage, risk = selection.answered
    axes.plot([coverage], [risk], "o", color=INK)
    axes.annotate(
        f"below {selection.below:.2f} undecided",
        (coverage, risk),
        (-8, 8),
        textcoords="offset points",
        ha="right",
    )
    axes.set(xlim=(0, 1), ylim=(0, 1.1 * max(float(np.max(curve.risk)), 0.01)))
    axes.set(xlabel="faces answered", ylabel="of these, wrong")
    axes.set_title("risk and coverage")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1))
    return figure
