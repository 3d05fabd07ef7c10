"""Make the documentation's pictures of pages again, with the browser that the tests use.

    python benchmarks/pictures.py report session web

`make pictures` runs this; PICTURES=report makes one kind alone.  `report` shows what is recorded in
benchmarks/results/report/, `session` the demo, and `web` three minutes of the demo, slowed down,
which it takes some three minutes to see.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image
from selenium.webdriver.support.wait import WebDriverWait

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from edge_emotion.files import replacing  # noqa: E402
from edge_emotion_device.cameras.demo import DemoCamera  # noqa: E402
from helpers.browser import be_a, chromium, prefer, screenshot  # noqa: E402
from helpers.commands import edge_emotion  # noqa: E402
from helpers.web_runs import web_run  # noqa: E402

IMAGES = ROOT / "docs/images"
_WIDTH_PX = 1140
_COLORS = 256
_MARGIN_PX = 10
_PATIENCE_S = 600  # with a busy machine
# The demo, so slow that its first face is alone for most of the timeline's three minutes, and its
# end, which shows the second one alone, is not reached.
_SLOW_FRAMES, _CLIP_FRAMES, _FPS = 4000, 2600, 12.5
_BOTH_SEEN_S = 30
_PEOPLE = "return document.querySelectorAll('article.person').length"
_BOX = """
    const all = document.querySelectorAll(arguments[0]);
    return [...all].map(one => one.getBoundingClientRect()).map(
        box => [box.top + scrollY, box.bottom + scrollY]);
"""


def report(browser: Any, folder: Path) -> None:
    """The beginning of the recorded report, and the shipped keypoint network's roofline."""
    page = folder / "report.html"
    _run("report", "benchmarks/results/report", "--output", page, cwd=ROOT)
    _open(browser, page.as_uri(), _WIDTH_PX, 900)
    whole = _seen(browser, folder)
    ends = [bottom for _, bottom in _boxes(browser, "#tradeoff .charts:first-of-type figure")]
    _save("report.png", whole[: round(max(ends)) + _MARGIN_PX])
    charts = "#roofline section > .charts [id^={}-keypoints-1-]"
    top, _ = _boxes(browser, charts.format("layer-times"))[0]
    _, bottom = _boxes(browser, charts.format("roofline"))[0]
    headings = [start for start, _ in _boxes(browser, "#roofline h3") if start < top]
    _save("report-roofline.png", whole[round(max(headings)) - _MARGIN_PX : round(bottom)])


def session(browser: Any, folder: Path) -> None:
    """The page of a recorded demo, but for the stages' times, which are of whatever machine."""
    readings = folder / "readings.jsonl"
    _run("run", "--camera", "demo", "--headless", "--output", readings)
    _run("report", "--session", readings)
    _open(browser, readings.with_suffix(".html").as_uri(), 1000, 900)
    stages, _ = _boxes(browser, "section")[-1]
    _save("session.png", _seen(browser, folder)[: round(stages)])


def web(browser: Any, folder: Path) -> None:
    """The page of a run on a desk in the light, and on a phone in the dark."""
    _write_clip(folder / "demo.avi")
    os.chdir(folder)  # the page tells the clip's name as it was given
    with web_run("demo.avi", "--max-fps", str(_FPS)) as run:
        _open(browser, run.url, 1280, 900)
        WebDriverWait(browser, _PATIENCE_S).until(lambda page: page.execute_script(_PEOPLE) == 2)
        time.sleep(_BOTH_SEEN_S)
        whole = _seen(browser, folder)
        _save("web-page.png", whole[: round(_boxes(browser, "#run")[0][0]) - _MARGIN_PX])
        prefer(browser, "dark")
        be_a(browser, 390, 844, 1.5)
        time.sleep(2)
        browser.save_screenshot(str(folder / "phone.png"))
        _save("web-phone.png", cv2.imread(str(folder / "phone.png")))


KINDS: dict[str, Callable[[Any, Path], None]] = {"report": report, "session": session, "web": web}


def main(kinds: Sequence[str]) -> None:
    """Make some kinds of pictures."""
    with chromium() as browser, tempfile.TemporaryDirectory() as folder:
        for kind in kinds or KINDS:
            KINDS[kind](browser, Path(folder))


def _run(*words: str | Path, **how: Any) -> None:
    done = edge_emotion(*words, timeout_s=_PATIENCE_S, **how)
    if done.returncode:
        raise subprocess.CalledProcessError(
            done.returncode, list(map(str, words)), stderr=done.stderr
        )


def _write_clip(path: Path) -> None:
    with DemoCamera(frames=_SLOW_FRAMES) as demo:
        first = demo.read()
        assert first is not None
        height, width = first.image.shape[:2]
        video = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), _FPS, (width, height))
        for _ in range(_CLIP_FRAMES):
            frame = demo.read()
            assert frame is not None
            video.write(frame.image)
        video.release()


def _open(browser: Any, address: str, width_px: int, height_px: int) -> None:
    prefer(browser, "light")
    be_a(browser, width_px, height_px)
    browser.get(address)


def _boxes(browser: Any, selector: str) -> list[tuple[float, float]]:
    """Top and bottom of each element, in px of the whole page."""
    return [(top, bottom) for top, bottom in browser.execute_script(_BOX, selector)]


def _seen(browser: Any, folder: Path) -> np.ndarray:
    """The whole page, `(H, W, 3) uint8` BGR."""
    screenshot(browser, folder / "page.png")
    return cv2.imread(str(folder / "page.png"))


def _save(name: str, picture: np.ndarray) -> None:
    """As a PNG of few colours, which keeps the repository small."""
    image = Image.fromarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB))
    few = image.quantize(_COLORS, kmeans=3, dither=Image.Dither.NONE)
    with replacing(IMAGES / name) as part:
        few.save(part, optimize=True)


if __name__ == "__main__":
    main(sys.argv[1:])
