"""Pages in one HTML file: the frame and the parts they share; nothing is loaded from elsewhere.

Text given to these functions is HTML already, unless they say that they escape it.
"""

import base64
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from importlib import resources
from string import Template

import cv2
import numpy as np

from edge_emotion.palette import COLORS
from edge_emotion.types import Floats, Image

MARK = "#E69F00"  # what is shown on a face
RIM = "#333333"  # around a mark, so that it shows on any skin


def render(
    title: str,
    subtitle: str,
    facts: Mapping[str, str],
    sections: Iterable[str],
    cell: str,
    style: str = "",
) -> str:
    """A whole page.

    Args:
        title, subtitle: escaped here.
        facts: what is counted or measured, by its name.
        sections: from `section`.
        cell: the least width of a face, in CSS units.
        style: further CSS, of this page alone.
    """
    template = resources.files("edge_emotion") / "page.html"
    return Template(template.read_text(encoding="utf-8")).substitute(
        title=escape(title),
        subtitle=escape(subtitle),
        cell=cell,
        style=style,
        facts="".join(
            f"<div><dd>{value}</dd><dt>{name}</dt></div>" for name, value in facts.items()
        ),
        sections="\n".join(sections),
    )


def section(title: str, text: str, *parts: str) -> str:
    """A heading, a sentence or none, and what belongs to them."""
    said = f'<p class="soft">{text}</p>' if text else ""
    return f"<section><h2>{title}</h2>{said}{''.join(parts)}</section>"


def table(header: Sequence[str], rows: Iterable[Sequence[str]], plain: Sequence[int] = ()) -> str:
    """A table whose cells after the first are figures, but for bars and the `plain` columns."""

    def cell(tag: str, place: int, content: str) -> str:
        is_bar = content.startswith("<span")
        kind = "bar" if is_bar else "count" if place and place not in plain and content else ""
        return f'<{tag} class="{kind}">{content}</{tag}>'

    def line(tag: str, row: Sequence[str]) -> str:
        return f"<tr>{''.join(cell(tag, place, content) for place, content in enumerate(row))}</tr>"

    body = "".join(line("td", row) for row in rows)
    return (
        f'<div class="scroll"><table><thead>{line("th", header)}</thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def bar(share: float, color: str = "") -> str:
    """A bar for a table's cell, as long as a share of it; nothing for NaN."""
    paint = f";background:{color}" if color else ""
    return f'<span style="width:{max(share, 0.004) if share > 0 else 0:.1%}{paint}"></span>'


def swatch(emotion: str) -> str:
    """An emotion's name behind a patch of its colour."""
    return f'<i style="background:{COLORS[emotion]}"></i>{emotion}'


def grid(cells: Iterable[str], kind: str = "") -> str:
    """Faces side by side, as many as fit."""
    return f'<div class="faces {kind}">{"".join(cells)}</div>'


def figure(image: Image, caption: str, overlay: str = "") -> str:
    """A square gray picture with SVG on it and a caption, which is escaped here."""
    side, text = image.shape[0], escape(caption)
    return (
        f'<figure><svg viewBox="0 0 {side} {side}" role="img" aria-label="{text}">'
        f"{picture(image, side)}{overlay}</svg>"
        f"<figcaption>{text}</figcaption></figure>"
    )


def picture(image: Image, side: float, pixelated: bool = False) -> str:
    """An `(S, S)` gray or `(S, S, 3)` BGR picture as an SVG image of `side` units.

    Enlarged it is smoothed, or with `pixelated` shows its pixels.
    """
    data = base64.b64encode(cv2.imencode(".png", image)[1].tobytes()).decode()
    style = ' style="image-rendering: pixelated"' if pixelated else ""
    return f'<image{style} href="data:image/png;base64,{data}" width="{side}" height="{side}"/>'


def dots(points: Floats, color: str = MARK, radius: float = 1.5) -> str:
    """SVG circles at `(P, 2)` pixels; NaN where there is none."""
    # SVG counts from the edge of the first pixel, the labels from its centre.
    return "".join(
        f'<circle cx="{x + 0.5:.1f}" cy="{y + 0.5:.1f}" r="{radius}" fill="{color}"'
        f' stroke="{RIM}" stroke-width=".5"/>'
        for x, y in points
        if not np.isnan(x)
    )


def mean_picture(images: Image) -> Image:
    """The mean of `(N, S, S)` pictures, its contrast stretched."""
    mean = images.mean(axis=0)
    low, high = mean.min(), mean.max()
    return np.rint((mean - low) * (255 / max(high - low, 1))).astype(np.uint8)
