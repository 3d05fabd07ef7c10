"""Draw docs/images/way-of-a-frame.svg: what becomes of a frame, from the camera to who listens.

    python manual/way_of_a_frame.py

Colours are the manual's, light or dark, where the drawing stands in its page, and light elsewhere.
"""

from dataclasses import dataclass
from html import escape
from pathlib import Path

FILE = Path(__file__).resolve().parent.parent / "docs/images/way-of-a-frame.svg"
WIDTH, HEIGHT = 960, 576
_STYLE = """\
text { font-family: system-ui, sans-serif; fill: var(--drawing-ink, #333333); }
.title { font-size: 14px; font-weight: 600; }
.module, .note { font-size: 12px; fill: var(--drawing-quiet, #666666); }
.module { font-family: ui-monospace, monospace; }
.room, .step, .back { stroke: var(--drawing-line, #9a9a9a); }
.room { fill: var(--drawing-room, #fafafa); stroke-dasharray: 3 3; }
.step { fill: var(--drawing-box, #f4f4f4); }
.network { fill: var(--drawing-network, #dcecf6); stroke: #0072b2; }
.way { fill: none; stroke: var(--drawing-ink, #333333); stroke-width: 1.5; }
.back { fill: none; stroke-width: 1.5; stroke-dasharray: 5 4; }
.tip { fill: var(--drawing-ink, #333333); }
"""


@dataclass(frozen=True)
class Box:
    """A step, at a place in px of the drawing.

    Attributes:
        x, y, width, height: where it is.
        title: what it does.
        module: who does it, from `edge_emotion_device` or, with a slash before, from the root.
        kind: `step` or `network`.
    """

    x: int
    y: int
    width: int
    height: int
    title: str
    module: str
    kind: str = "step"


@dataclass(frozen=True)
class Way:
    """A line with a tip along points in px, and words beside its middle.

    Attributes:
        points: from where to where.
        label: what goes there.
        at: where the label is.
        kind: `way`, or `back` for what is used in the next frame.
    """

    points: tuple[tuple[int, int], ...]
    label: str = ""
    at: tuple[int, int] = (0, 0)
    kind: str = "way"


ROOMS = (
    (10, 34, 190, 530, "capture, a thread of its own"),
    (240, 34, 450, 530, "inference, the main thread"),
    (740, 34, 210, 530, "sinks, a thread of their own"),
)
BOXES = (
    Box(35, 80, 150, 56, "camera", "cameras/"),
    Box(35, 190, 150, 56, "the newest frame", "cameras/latest.py"),
    Box(35, 300, 150, 56, "every frame", "cameras/ahead.py"),
    Box(270, 80, 190, 56, "find faces, int8", "detectors/net.py", "network"),
    Box(480, 80, 190, 56, "follow faces", "tracking.py"),
    Box(270, 190, 400, 56, "one square crop, and its exact half", "/edge_emotion/preprocess.py"),
    Box(270, 300, 190, 56, "15 keypoints, int8", "interpreter.py", "network"),
    Box(480, 300, 190, 56, "5 emotions, int8", "interpreter.py", "network"),
    Box(270, 400, 190, 56, "is it a face?", "sighting.py"),
    Box(480, 400, 190, 56, "smooth over time", "smoothing.py"),
    Box(270, 495, 400, 54, "Reading: box, points, probabilities, label", "/edge_emotion/types.py"),
    Box(760, 80, 160, 56, "JSON lines, files", "sinks/json_lines.py"),
    Box(760, 162, 160, 56, "window, video", "sinks/annotated.py"),
    Box(760, 244, 160, 56, "page, metrics", "web/"),
    Box(760, 326, 160, 56, "MQTT broker", "mqtt/"),
    Box(760, 494, 160, 56, "one way out", "outlet.py"),
)
WAYS = (
    Way(((110, 136), (110, 190)), "live", (117, 168)),
    Way(((35, 108), (22, 108), (22, 328), (35, 328)), "clip", (27, 280)),
    Way(((185, 218), (270, 218)), "Frame", (196, 210)),
    Way(((185, 328), (220, 328), (220, 226), (270, 226))),
    Way(((365, 136), (365, 190)), "at first, every 3rd", (372, 168)),
    Way(((575, 136), (575, 190)), "in between", (582, 168)),
    Way(((365, 246), (365, 300)), "96×96 uint8", (372, 278)),
    Way(((575, 246), (575, 300)), "48×48 uint8", (582, 278)),
    Way(((365, 356), (365, 400))),
    Way(((575, 356), (575, 400))),
    Way(((460, 428), (480, 428))),
    Way(((575, 456), (575, 495))),
    Way(((270, 428), (254, 428), (254, 62), (575, 62), (575, 80)), "", (0, 0), "back"),
    Way(((670, 522), (760, 522)), "Reading", (693, 514)),
    Way(((840, 494), (840, 460), (936, 460), (936, 108), (920, 108))),
    Way(((936, 190), (920, 190))),
    Way(((936, 272), (920, 272))),
    Way(((936, 354), (920, 354))),
)
NOTES = (
    (262, 56, "the points place the next frame's crop"),
    (762, 404, "pictures: by outgoing.py"),
    (762, 421, "window: main thread"),
)


def draw() -> str:
    """The drawing as SVG."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        'aria-label="The way of a frame: from the camera through detector, crop and networks '
        'to the sinks">',
        f"<style>{_STYLE}</style>",
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
        'markerHeight="7" orient="auto"><path class="tip" d="M0 0 8 4 0 8z"/></marker></defs>',
        *(_room(*room) for room in ROOMS),
        *map(_box, BOXES),
        *map(_way, WAYS),
        *(f'<text class="note" x="{x}" y="{y}">{escape(text)}</text>' for x, y, text in NOTES),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _room(x: int, y: int, width: int, height: int, title: str) -> str:
    return (
        f'<rect class="room" x="{x}" y="{y}" width="{width}" height="{height}" rx="10"/>'
        f'<text class="note" x="{x + 4}" y="{y - 10}">{escape(title)}</text>'
    )


def _box(box: Box) -> str:
    middle = box.x + box.width / 2
    return (
        f'<rect class="{box.kind}" x="{box.x}" y="{box.y}" width="{box.width}" '
        f'height="{box.height}" rx="7"/>'
        f'<text class="title" x="{middle:g}" y="{box.y + 24}" text-anchor="middle">'
        f"{escape(box.title)}</text>"
        f'<text class="module" x="{middle:g}" y="{box.y + 43}" text-anchor="middle">'
        f"{escape(box.module.removeprefix('/'))}</text>"
    )


def _way(way: Way) -> str:
    line = " ".join(f"{x},{y}" for x, y in way.points)
    drawn = f'<polyline class="{way.kind}" points="{line}" marker-end="url(#tip)"/>'
    if not way.label:
        return drawn
    x, y = way.at
    return f'{drawn}<text class="note" x="{x}" y="{y}">{escape(way.label)}</text>'


if __name__ == "__main__":
    FILE.write_text(draw(), encoding="utf-8")
