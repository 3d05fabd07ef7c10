"""How charts look, on a light page and on a dark one, and how they become SVG.

Charts are drawn with matplotlib's `Figure` alone, without pyplot and its global state, in four
colours that stand for those of the page; `as_svg` puts the page's in, with these as what holds
where there is no page.
"""

import io
import re
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

INK, SOFT, LINE, BAR = "#333333", "#6b6b6b", "#dddddd", "#56748c"
_ON_A_PAGE = {INK: "--ink", SOFT: "--soft", LINE: "--line", BAR: "--bar"}
_FONT = "DejaVu Sans"  # comes with matplotlib, so that text is measured alike everywhere

# A decorator of the functions that draw: matplotlib reads these when an element is made.
styled = matplotlib.rc_context(
    {
        "font.family": "sans-serif",
        "font.sans-serif": [_FONT],
        "font.size": 9,
        "text.color": INK,
        "axes.edgecolor": LINE,
        "axes.labelcolor": SOFT,
        "axes.titlelocation": "left",
        "axes.titlesize": 9.5,
        "axes.titleweight": "bold",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": LINE,
        "grid.linewidth": 0.6,
        "xtick.color": SOFT,
        "ytick.color": SOFT,
        "xtick.major.size": 0,
        "ytick.major.size": 0,
        "legend.frameon": False,
    }
)


def new_chart(height_in: float = 2.9) -> tuple[Figure, Axes]:
    """A chart 4.2 inches wide, which is nearly its size on a phone; pages enlarge it by 1.4."""
    figure = Figure(figsize=(4.2, height_in), layout="constrained")
    return figure, figure.add_subplot()


def as_svg(figure: Figure, name: str) -> str:
    """A chart as SVG to be put into a page: text as text, the same chart the same bytes.

    Args:
        figure: drawn in this module's colours.
        name: a word that no other chart on the page has; what it defines is named after it.
    """
    nothing: dict[str, Any] = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    buffer = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": name}):
        figure.savefig(buffer, format="svg", transparent=True, metadata=nothing)
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :]
    width, height = (72 * inches for inches in figure.get_size_inches())
    svg = re.sub(
        r"<svg [^>]*>",
        f'<svg viewBox="0 0 {width:g} {height:g}" role="img" style="stroke-linejoin: round">',
        svg,
        count=1,
    )
    svg = re.sub(
        r"<defs>\s*<style.*?</style>\s*</defs>|<metadata>.*?</metadata>", "", svg, flags=re.S
    )
    svg = re.sub(r'<g id="[^"]*"/>', "", svg)
    svg = re.sub(r'<g id="[^"]*">', "<g>", svg)  # a page has several axes_1
    svg = re.sub(r"\n *", " ", svg).replace("xlink:href", "href")
    svg = svg.replace(f"'{_FONT}'", "system-ui, sans-serif")
    for color, variable in _ON_A_PAGE.items():
        svg = svg.replace(color, f"var({variable}, {color})")
    return svg


def as_file(svg: str) -> str:
    """SVG of a page as a file of its own, on white and without the page's colours."""
    svg = re.sub(r"var\(--\w+, (#\w+)\)", r"\1", svg)
    opening, _, rest = svg.partition(">")
    namespace = 'xmlns="http://www.w3.org/2000/svg"'
    opening = opening.replace(
        "<svg ", f'<svg {namespace} color="{INK}" font-family="sans-serif" ', 1
    )
    return f'{opening}><rect width="100%" height="100%" fill="#ffffff"/>{rest}\n'
