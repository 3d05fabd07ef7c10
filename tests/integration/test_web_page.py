"""The page in Chromium: what people see, and what they do not."""

import time
from dataclasses import replace
from itertools import repeat

import cv2
import numpy as np
import pytest

from edge_emotion.labels import EMOTIONS
from edge_emotion.types import Frame
from edge_emotion_device.outgoing import Outgoing
from helpers.browser import be_a, complaints, need_chromium, prefer, requested
from helpers.mjpeg_server import MjpegServer, part
from helpers.web_pages import PEOPLE, ROWS, SOON_S, shown, text, wait_until
from helpers.web_runs import web_run
from helpers.web_sinks import FINE, fed, photograph, reading, web_sink

need_chromium()

COLUMNS = """
const canvas = document.querySelectorAll('.row canvas')[arguments[0]];
if (!canvas) return [];
const { width, height } = canvas;
const pixels = canvas.getContext('2d').getImageData(0, height >> 1, width, 1).data;
const colours = [];
for (let at = 0; at < 4 * width; at += 4)
  if (pixels[at + 3]) colours.push([...pixels.slice(at, at + 3)]);
return colours;
"""
PAINTED = """
const canvas = document.querySelector('.row canvas'), { width, height } = canvas;
const pixels = canvas.getContext('2d').getImageData(0, height >> 1, width, 1).data;
return [...Array(width).keys()].filter(column => pixels[4 * column + 3]);
"""
PIXELS = """
const canvas = document.getElementById('picture'), { width, height } = canvas;
return [width, height, [...canvas.getContext('2d').getImageData(0, height >> 1, width, 1).data]];
"""


def test_the_whole_way_from_a_camera_through_its_loss_to_the_end(screen):
    """A run as users start it, with the shipped models, before a camera with one smiling face."""
    _, face = cv2.imencode(".jpg", photograph())
    chunks = (part(face.tobytes()) for _ in repeat(None))

    def slowly():
        for chunk in chunks:
            yield chunk
            time.sleep(0.05)

    with MjpegServer(slowly) as camera, web_run(camera.address, "--give-up", "inf") as run:
        screen.get(run.url)
        wait_until(lambda: screen.execute_script(PEOPLE).get("Person 1", [""])[0] == "Happy")
        _, bars = screen.execute_script(PEOPLE)["Person 1"]
        told = screen.execute_script("return fetch('api/readings').then(reply => reply.json())")
        expected = told["readings"][0]["smoothed"]
        assert bars == pytest.approx({name: 100 * part for name, part in expected.items()}, abs=3)
        assert camera.address in text(screen, "camera")
        assert "frames/s" in text(screen, "fps")
        wait_until(lambda: "Keypoints" in text(screen, "stages"))
        assert complaints(screen) == []
        assert all(url.startswith(run.url) for url in requested(screen))

        camera.cut()
        wait_until(lambda: "The camera is lost" in text(screen, "banner"))
        assert camera.address in text(screen, "banner")
        dim = "return getComputedStyle(picture).filter"
        wait_until(lambda: screen.execute_script(dim) == "grayscale(1)")
        camera.restore()
        wait_until(lambda: text(screen, "state") == "Live")
        assert text(screen, "banner") == ""

        run.process.terminate()
        assert run.process.wait(SOON_S) == 0
        wait_until(lambda: "The run has ended" in text(screen, "banner"))


def test_each_person_has_five_bars_and_a_label(screen):
    def two(index):
        return (
            reading(index, 2, happy=0.36, label=None)
            if index % 2
            else reading(index, 1, happy=0.91)
        )

    with shown(screen, readings=two):
        wait_until(lambda: len(screen.execute_script(PEOPLE)) == 2)
        people = screen.execute_script(PEOPLE)
        parts = [dict(zip(EMOTIONS, (a, a, a, b, a), strict=True)) for a, b in ((2, 91), (16, 36))]
        assert people == {"Person 1": ["Happy", parts[0]], "Person 2": ["Undecided", parts[1]]}
        names = "return [...document.querySelector('.bars').children].map(bar => bar.ariaLabel)"
        assert screen.execute_script(names) == list(EMOTIONS)
        shown_part = """
            const bar = document.querySelector('[aria-label=Happy]');
            return bar.querySelector('.fill').getBoundingClientRect().right
              - bar.querySelector('.track').getBoundingClientRect().left;"""
        whole = "return document.querySelector('.track').getBoundingClientRect().width"
        whole_px = screen.execute_script(whole)
        wait_until(lambda: abs(screen.execute_script(shown_part) / whole_px - 0.91) < 0.01)


def test_the_picture_is_the_cameras_with_everything_drawn_on_it(screen):
    expected = Outgoing(False).picture(Frame(photograph(), 0, 0.0), [reading()])
    with shown(screen):
        wait_until(lambda: any(screen.execute_script(PIXELS)[2]))
        width, height, row = screen.execute_script(PIXELS)

    assert (width, height) == (640, 480)
    seen = np.reshape(row, (640, 4))[:, 2::-1].astype(int)
    assert np.abs(seen - expected[240]).mean() < 10


@pytest.mark.slow
def test_the_timeline_grows_in_the_emotions_colours_and_is_neutral_while_undecided(screen):
    def decided_later(index):
        return reading(index, label="Happy" if index > 40 else None)

    with shown(screen, readings=decided_later):
        wait_until(lambda: screen.execute_script(COLUMNS, 0))
        few = len(screen.execute_script(COLUMNS, 0))
        wait_until(lambda: len(screen.execute_script(COLUMNS, 0)) > few + 8)
        colours = screen.execute_script(COLUMNS, 0)
        assert colours[0] == [0xA8] * 3
        assert colours[-1] == [0xE6, 0x9F, 0x00]
        label = "return document.querySelector('.row canvas').ariaLabel"
        assert screen.execute_script(label).startswith("Person 1: ")


@pytest.mark.slow
def test_people_who_leave_are_taken_from_the_page(screen):
    with web_sink() as sink:
        with fed(sink):
            screen.get(sink.url)
            wait_until(lambda: screen.execute_script(PEOPLE))
        assert screen.execute_script(PEOPLE)
        sink.write(Frame(photograph(), 1000, 40.0), [])
        wait_until(lambda: not screen.execute_script(PEOPLE))
        wait_until(lambda: text(screen, "people") == "Nobody in the picture")


def test_what_the_server_says_is_text_and_never_markup(screen):
    bad = "<img src=x onerror=alert(1)><b>usb</b>"
    with shown(screen, now=replace(FINE, camera=bad, ran_on=(bad,), trouble="")) as vitals:
        wait_until(lambda: text(screen, "camera") == bad)
        vitals[0] = replace(vitals[0], trouble=bad)
        wait_until(lambda: bad in text(screen, "banner"))
        assert bad in text(screen, "places")
        assert screen.execute_script("return document.querySelectorAll('b, img').length") == 0
        assert complaints(screen) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"since_frame_s": None}, "Waiting for the first frame"),
        ({"since_frame_s": 11.0}, "No frames come"),
    ],
)
def test_a_camera_that_gives_nothing_is_told(screen, changes, said):
    with shown(screen) as vitals:
        vitals[0] = replace(FINE, **changes)
        wait_until(lambda: said in text(screen, "banner"))


def test_the_temperature_is_shown_only_where_there_is_one(screen):
    with shown(screen) as vitals:
        wait_until(lambda: "51 °C" in text(screen, "now"))
        vitals[0] = replace(FINE, temperature_c=None)
        wait_until(lambda: "°C" not in text(screen, "now"))


def test_without_pictures_it_is_numbers_only(screen):
    with shown(screen, pictures=False):
        wait_until(lambda: screen.execute_script(PEOPLE))
        assert not screen.find_element("id", "picture").is_displayed()
        assert not screen.find_element("id", "snapshot").is_displayed()
        assert not any("stream" in url for url in requested(screen))
        assert complaints(screen) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_it_fits_every_screen_in_light_and_dark(screen, scheme, width):
    be_a(screen, width, 800)
    prefer(screen, scheme)
    with shown(
        screen, now=replace(FINE, camera="rtsp://" + "a-long-name." * 12 + "example/stream")
    ):
        wait_until(lambda: screen.execute_script(PEOPLE))
        paper = screen.execute_script("return getComputedStyle(document.body).backgroundColor")
        assert paper == ("rgb(255, 255, 255)" if scheme == "light" else "rgb(22, 22, 22)")
        assert screen.execute_script("return document.documentElement.scrollWidth") <= width


def test_bars_jump_for_those_who_want_no_motion(screen):
    duration = "return getComputedStyle(document.querySelector('.fill')).transitionDuration"
    with shown(screen):
        wait_until(lambda: screen.execute_script(PEOPLE))
        assert screen.execute_script(duration) == "0.15s"
        prefer(screen, "light", "reduce")
        assert screen.execute_script(duration) == "0s"


def test_a_snapshot_can_be_saved_with_the_keyboard(screen, tmp_path):
    from selenium.webdriver.common.keys import Keys

    behavior = {"behavior": "allow", "downloadPath": str(tmp_path)}
    screen.execute_cdp_cmd("Browser.setDownloadBehavior", behavior)
    with shown(screen):
        screen.find_element("tag name", "body").send_keys(Keys.TAB)
        assert screen.switch_to.active_element.get_attribute("id") == "snapshot"
        screen.switch_to.active_element.send_keys(Keys.ENTER)
        wait_until(lambda: list(tmp_path.glob("edge-emotion-*.jpg")))
    saved = next(tmp_path.glob("edge-emotion-*.jpg"))

    assert cv2.imread(str(saved)).shape == (480, 640, 3)


@pytest.mark.slow
def test_in_a_crowd_who_is_there_keeps_a_timeline(screen):
    with web_sink() as sink:
        screen.get(sink.url)
        wait_until(lambda: text(screen, "state") == "Live")
        for index in range(2, 22):
            both = [reading(index, 1), replace(reading(index), track_id=index)]
            sink.write(Frame(photograph(), index, index / 8), both)
            time.sleep(0.12)
        sink.write(Frame(photograph(), 22, 3.0), [reading(22)])
        wait_until(lambda: len(screen.execute_script(ROWS)) <= 12)
        assert screen.execute_script(ROWS)[0] == "Person 1"


@pytest.mark.slow
def test_a_slow_camera_leaves_no_gaps_and_nobody_flickers(screen):
    def columns() -> range:
        painted = screen.execute_script(PAINTED)
        return range(painted[0], painted[-1] + 1)

    with web_sink() as sink, fed(sink, fps=1):
        screen.get(sink.url)
        wait_until(lambda: screen.execute_script(COLUMNS, 0))
        a_second = screen.execute_script("return document.querySelector('.row canvas').width") / 180
        until = time.monotonic() + 20
        while len(columns()) < 5 * a_second:
            assert screen.execute_script(PEOPLE)
            assert time.monotonic() < until
            time.sleep(0.1)
        painted = len(screen.execute_script(PAINTED)) / len(columns())

    assert painted > 0.7  # after the first second; half of them would be gaps
