"""The demo camera: calm moves over two photographs, for trying everything without a camera.

The photographs ship inside packages of the extra `demo`: Eileen Collins, NASA 1993, in scikit-image
and Grace Hopper, US Navy 1984, in matplotlib (both in the public domain).  Only their files are
read; the packages are not imported.
"""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from time import monotonic, sleep

import cv2
import numpy as np

from edge_emotion.data.images import read_image
from edge_emotion.errors import MissingExtra
from edge_emotion.types import Frame, Image
from edge_emotion_device.cameras.base import Camera

WIDTH_PX, HEIGHT_PX = 640, 480
FPS = 25.0
FRAMES = 250


@dataclass(frozen=True, slots=True)
class View:
    """Where the camera looks at one moment.

    Attributes:
        at: the moment, in parts of the demo.
        x, y: the photograph's pixel in the middle of the panel.
        zoom: panel pixels per photograph pixel.
        turn_deg: the photograph's turn, counter-clockwise.
    """

    at: float
    x: float
    y: float
    zoom: float
    turn_deg: float


# Collins alone; Hopper comes in from the right and both are seen side by side; Hopper alone.  The
# views keep the face whole and the photograph's edges out of sight (tests hold them to it).
COLLINS = (
    View(0.00, 252, 186, 1.32, 0.0),
    View(0.38, 230, 150, 1.75, -2.5),
    View(0.46, 227, 168, 1.52, -1.0),
    View(0.66, 227, 172, 1.50, 1.0),
    View(0.74, 227, 172, 1.50, 1.0),
)
HOPPER = (
    View(0.38, 262, 292, 0.84, 0.0),
    View(0.46, 262, 292, 0.84, 0.0),
    View(0.66, 262, 286, 0.88, 1.0),
    View(0.74, 262, 205, 1.42, 1.5),
    View(1.00, 258, 202, 1.28, 0.0),
)
# Where the line between the two panels is, in parts of the width.
DIVIDER = ((0.38, 1.0), (0.46, 0.5), (0.66, 0.5), (0.74, 0.0))


class DemoCamera(Camera):
    """Frames of `(480, 640, 3) uint8` BGR, the same bytes on every run.

    `demo` is a clip of ten seconds, read as fast as it goes; `demo:loop` goes there and back
    without end, 25 frames a second, as a camera does.
    """

    kind = "clip"
    fps: float | None = FPS

    def __init__(self, source: str = "demo", frames: int = FRAMES) -> None:
        """Make the demo last `frames` frames.

        Raises:
            MissingExtra: a package that holds a photograph is not installed.
        """
        self.name = source
        self._loops = source == "demo:loop"
        self._frames = frames
        self._index = 0
        self._started_s = monotonic()
        self._collins = _photograph("skimage", "scikit-image", "data/astronaut.png")
        self._hopper = _photograph(
            "matplotlib", "matplotlib", "mpl-data/sample_data/grace_hopper.jpg"
        )

    def read(self) -> Frame | None:
        """The next frame, or None after the last."""
        if self._loops:
            sleep(max(0.0, self._started_s + self._index / FPS - monotonic()))
        elif self._index >= self._frames:
            return None
        last = max(1, self._frames - 1)
        at = 1 - abs(1 - self._index / last % 2)  # there, and back
        divider = round(WIDTH_PX * eased(at, *zip(*DIVIDER, strict=True)))
        image = np.empty((HEIGHT_PX, WIDTH_PX, 3), np.uint8)
        if divider > 0:
            image[:, :divider] = look(self._collins, COLLINS, at, divider)
        if divider < WIDTH_PX:
            image[:, divider:] = look(self._hopper, HOPPER, at, WIDTH_PX - divider)
        frame = Frame(image, self._index, self._index / FPS)
        self._index += 1
        return frame

    def close(self) -> None:
        """Nothing is held between two reads."""


def look(photograph: Image, views: tuple[View, ...], at: float, width_px: int) -> Image:
    """What a panel of `width_px` shows of a photograph at one moment of the demo."""
    times = tuple(view.at for view in views)
    x = eased(at, times, tuple(view.x for view in views))
    y = eased(at, times, tuple(view.y for view in views))
    zoom = eased(at, times, tuple(view.zoom for view in views))
    turn_deg = eased(at, times, tuple(view.turn_deg for view in views))
    to_panel = cv2.getRotationMatrix2D((x, y), turn_deg, zoom)
    to_panel[0, 2] += width_px / 2 - x
    to_panel[1, 2] += HEIGHT_PX / 2 - y
    panel = np.empty((HEIGHT_PX, width_px, 3), np.uint8)
    cv2.warpAffine(photograph, to_panel, (width_px, HEIGHT_PX), dst=panel)
    return panel


def eased(at: float, times: tuple[float, ...], values: tuple[float, ...]) -> float:
    """The value at one moment: from one of `times` to the next it sets off and arrives softly."""
    place = float(np.interp(at, times, range(len(times))))
    before = min(int(place), len(times) - 2)
    part = place - before
    part = part * part * (3 - 2 * part)  # smoothstep
    return values[before] + (values[before + 1] - values[before]) * part


def _photograph(module: str, package: str, path: str) -> Image:
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        raise MissingExtra("the demo camera", package, "demo")
    return read_image(Path(spec.origin).parent / path)
