"""Charts of a network's answers: confusion, reliability, cumulative error."""

from collections.abc import Mapping, Sequence
from itertools import cycle

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import PercentFormatter

from edge_emotion.metrics import (
    FAILURE_NME,
    Calibration,
    Counts,
    accuracy,
    error_curve,
    failure_rate,
)
from edge_emotion.palette import COLORS
from edge_emotion.types import Floats
from edge_emotion_train.pictures.style import BAR, INK, SOFT, new_chart, styled

_DARKEST = 0.6  # of a cell, so that ink stays legible on it, on a dark page too
_SETS = (INK, BAR, COLORS["Angry"], COLORS["Disgust"], COLORS["Surprise"], COLORS["Happy"])
_LARGEST_NME = 0.15  # that is shown at least
_LEGEND_IN = 0.34  # height of an entry


@styled
def confusion(table: Counts, names: Sequence[str], title: str) -> Figure:
    """A confusion matrix with counts, and shades and shares of the true class.

    Args:
        table: `(C, C)` counts; row: the true class, column: the answer.
        names: of the C classes.
        title: above it, before the accuracy.
    """
    figure, axes = new_chart(3.7)
    shares = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    for (row, column), count in np.ndenumerate(table):
        share = shares[row, column]
        axes.add_patch(
            Rectangle((column + 0.02, row + 0.02), 0.96, 0.96, color=BAR, alpha=_DARKEST * share)
        )
        weight = "bold" if row == column else "normal"
        axes.text(column + 0.5, row + 0.5, f"{count:,}", ha="center", va="bottom", weight=weight)
        axes.text(
            column + 0.5,
            row + 0.58,
            f"{share:.0%}",
            ha="center",
            va="top",
            fontsize=7.5,
            color=SOFT,
        )
    middles = np.arange(len(names)) + 0.5
    axes.set_xticks(middles, names)
    axes.set_yticks(middles, names)
    axes.set(xlim=(0, len(names)), ylim=(len(names), 0), xlabel="answered", ylabel="true")
    axes.grid(visible=False)
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.set_title(f"{title}: {accuracy(table):.1%} right")
    return figure


@styled
def reliability(bins: Calibration, title: str) -> Figure:
    """A reliability diagram (Guo et al. 2017, figure 1): the share right for each certainty.

    Bars on the dashed line are rightly sure, below it too sure.  Beneath, how many faces each
    stands for.
    """
    figure, _ = new_chart(3.7)
    figure.clear()
    above, below = figure.subplots(2, sharex=True, height_ratios=(4, 1))
    count = len(bins.faces)
    middles, width = (np.arange(count) + 0.5) / count, 0.88 / count
    above.bar(middles, np.nan_to_num(bins.accuracy), width, color=BAR)
    above.plot((0, 1), (0, 1), color=INK, linewidth=1, linestyle="--")
    above.text(0.03, 0.96, f"calibration error {bins.error:.1%}", va="top", size=9.5, weight="bold")
    above.set(xlim=(0, 1), ylim=(0, 1), ylabel="of these, right")
    above.set_title(title)
    shares = bins.faces / max(1, bins.faces.sum())
    below.bar(middles, shares, width, color=SOFT)
    below.set(xlabel="certainty of the answer", ylabel="faces")
    below.locator_params(axis="y", nbins=2)
    for axis in (above.xaxis, above.yaxis, below.yaxis):
        axis.set_major_formatter(PercentFormatter(1, decimals=0))
    return figure


@styled
def cumulative_errors(errors: Mapping[str, Floats]) -> Figure:
    """For each set the share of its faces whose NME is at most what the axis says.

    Args:
        errors: name: `(N,)` from `metrics.nme`.
    """
    figure, axes = new_chart(3.1 + _LEGEND_IN * len(errors))
    largest = max(_LARGEST_NME, *(_nearly_all(found) for found in errors.values()))
    limits = np.linspace(0, largest, 151, dtype=np.float32)
    for (name, found), color in zip(errors.items(), cycle(_SETS), strict=False):
        middle = np.nanmedian(found) if not np.isnan(found).all() else np.nan
        label = f"{name}\nmedian {middle:.1%}, {failure_rate(found):.1%} above {FAILURE_NME:.0%}"
        axes.plot(limits, error_curve(found, limits), color=color, linewidth=1.4, label=label)
    axes.axvline(FAILURE_NME, color=SOFT, linewidth=0.8, linestyle=":")
    axes.set(xlim=(0, largest), ylim=(0, 1.01), ylabel="share of the faces")
    axes.set_xlabel("mean error of a face, in parts of its eye distance")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1, decimals=0))
    figure.legend(loc="outside lower left", fontsize=8, handlelength=1.2)
    return figure


def _nearly_all(errors: Floats) -> float:
    """The error that 99 % of the faces keep to."""
    known = errors[~np.isnan(errors)]
    return float(np.quantile(known, 0.99)) if len(known) else 0.0
