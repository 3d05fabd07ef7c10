"""The page of `convert --why`: the table, and what the dearest layers hold against their grid."""

from collections.abc import Iterator, Sequence
from html import escape

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from edge_emotion import pages
from edge_emotion.palette import COLORS
from edge_emotion_convert.layer_errors import LEVELS, LOWEST, LayerError
from edge_emotion_convert.tasks.table import KINDS
from edge_emotion_convert.why import HEADINGS, Explanation, cells, decibels_in_words
from edge_emotion_train.pictures.style import BAR, INK, as_svg, new_chart, styled

_SHOWN = 6  # layers with a chart
_BEYOND = COLORS["Angry"]

_TABLE = (
    "The dearest layer first. <b>Noise added</b>: by how much noise, the mean square of the error "
    "by that of the values, is above that of the noisiest input, as a share of the sum over all "
    "layers. <b>SQNR so far</b> compares with the float network, <b>its own</b> with the same "
    "operator in float on the same inputs. <b>Error, steps</b>: its own root mean square error in "
    "steps of its grid; rounding alone gives 0.29. <b>Widest channel</b>: its range by the median "
    "channel's. <b>Lost</b>: channels that vary by less than one step; <b>dead</b>: channels that "
    "do not vary in float either."
)
_CHARTS = (
    "Above, how the float network's values fall on the 256 steps of the layer's int8 grid, on a "
    "logarithmic scale; what lies beyond an end is clipped and drawn there in orange. Below, the "
    "range of each channel, the widest on top: all share the one grid. The layer that the cause "
    "lies in comes first."
)


def why_page(explanations: Sequence[Explanation]) -> str:
    """The HTML of the page about one network or several."""
    names = " and ".join(one.name for one in explanations)
    subtitle = " ".join(
        f"{one.name}: on {one.measured_on}, calibrated with {one.representative} training "
        f"{KINDS[one.task].noun}."
        for one in explanations
    )
    facts = {}
    for one in explanations:
        of = f", {escape(one.task)}" if len(explanations) > 1 else ""
        facts[f"SQNR of the answers{of}"] = f"{decibels_in_words(one.answer.sqnr_so_far_db)} dB"
        dearest = one.layers[0]
        facts[f"of the noise comes in at {escape(dearest.label)}{of}"] = f"{dearest.share:.0%}"
    sections = [
        part
        for place, one in enumerate(explanations)
        for part in _sections(one, *((_TABLE, _CHARTS) if place == 0 else ("", "")))
    ]
    return pages.render(f"What int8 costs {names}, and why", subtitle, facts, sections, "10rem")


def _sections(explanation: Explanation, on_table: str, on_charts: str) -> Iterator[str]:
    name = escape(explanation.name)
    yield pages.section(
        f"{name}: {explanation.cause.kind}", "", f"<p>{escape(' '.join(explanation.sentences))}</p>"
    )
    header = ("layer", "", *HEADINGS)
    rows = [_row(layer) for layer in explanation.layers]
    words = (header.index("operator"),)
    yield pages.section("Layers", on_table, pages.table(header, rows, plain=words))
    charts = [
        f"<div>{as_svg(chart(layer), f'{explanation.task}_{place}')}</div>"
        for place, layer in enumerate(_shown(explanation))
    ]
    yield pages.section(
        "The dearest layers", on_charts, f'<div class="charts">{"".join(charts)}</div>'
    )


def _shown(explanation: Explanation) -> list[LayerError]:
    """The layer that the cause lies in, and the dearest."""
    layers = explanation.layers
    first = [layer for layer in layers if layer.name == explanation.cause.layer]
    return [*first, *(layer for layer in layers if layer not in first)][:_SHOWN]


def _row(layer: LayerError) -> tuple[str, ...]:
    return (escape(layer.label), pages.bar(layer.share), *map(escape, cells(layer)))


@styled
def chart(layer: LayerError) -> Figure:
    """A layer's float values on its grid, above the range of each of its channels."""
    figure, _ = new_chart(3.4)
    figure.clear()
    above, below = figure.subplots(2, sharex=True, height_ratios=(3, 2))
    shares = layer.counts / layer.counts.sum()
    edges = layer.scale * (np.arange(LEVELS + 3) - 0.5 + LOWEST - 1 - layer.zero_point)
    least = 0.5 / layer.counts.sum()
    above.stairs(shares[1:-1], edges[1:-1], baseline=least, fill=True, color=BAR)
    for end in (0, LEVELS + 1):
        above.stairs(shares[[end]], edges[[end, end + 1]], baseline=least, fill=True, color=_BEYOND)
    above.set(yscale="log", ylim=(least, 1.5), xlim=(edges[0], edges[-1]), ylabel="of the values")
    above.yaxis.set_major_formatter(lambda share, _: f"{100 * share:g}%")
    above.yaxis.set_minor_locator(NullLocator())
    above.set_title(f"{layer.label}, {layer.operator}: {layer.share:.0%} of the noise")
    order = np.argsort(layer.highs - layer.lows)
    places = np.arange(len(order) + 1)
    lows, highs = (np.append(end[order], end[order][-1:]) for end in (layer.lows, layer.highs))
    below.fill_betweenx(places, lows, highs, step="post", color=BAR, linewidth=0)
    below.axvline(0, color=INK, linewidth=0.8, linestyle=":")
    below.set(ylim=(0, len(order)), ylabel="channels", xlabel=f"value; steps of {layer.scale:.2g}")
    below.locator_params(axis="y", nbins=3, integer=True)
    return figure
