"""The page's server from outside: its routes, streams and viewers, fast and slow."""

import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import cv2
import numpy as np
import pytest
import requests

from edge_emotion.types import Frame
from edge_emotion_device.http import protocol
from edge_emotion_device.outgoing import Outgoing
from helpers.web_sinks import FINE, fed, photograph, reading, web_sink

SOON_S = 10
NOISE = np.random.default_rng(0).integers(0, 256, (960, 1280, 3), np.uint8)


@pytest.fixture
def sink():
    with web_sink() as opened:
        yield opened


def get(sink, path="", **given) -> requests.Response:
    return requests.get(sink.url + path, timeout=SOON_S, allow_redirects=False, **given)


def show(sink, index=0, readings=()) -> None:
    sink.write(Frame(photograph(), index, index / 25), list(readings))


def pictures(reply: requests.Response) -> Iterator[np.ndarray]:
    """The pictures of a stream, as they come."""
    received = b""
    for chunk in reply.iter_content(None):
        received += chunk
        while head := re.match(
            rb"(?:\r\n)?--frame\r\n[^\x00]*?Content-Length: (\d+)\r\n\r\n", received
        ):
            end = head.end() + int(head[1])
            if len(received) < end:
                break
            yield cv2.imdecode(
                np.frombuffer(received[head.end() : end], np.uint8), cv2.IMREAD_COLOR
            )
            received = received[end:]


def told(reply: requests.Response) -> Iterator[tuple[str, dict]]:
    """The events of a stream, as they come."""
    name = ""
    for line in reply.iter_lines(chunk_size=None, decode_unicode=True):
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, json.loads(line.removeprefix("data: "))


@contextmanager
def watching(sink, path="stream.mjpg") -> Iterator[requests.Response]:
    with get(sink, path, stream=True) as reply:
        assert reply.status_code == 200
        yield reply


def wait_until(happens) -> None:
    until = time.monotonic() + SOON_S
    while not happens():
        assert time.monotonic() < until
        time.sleep(0.02)


# Numbers


def test_the_newest_readings_are_told_and_only_they(sink):
    assert get(sink, "api/readings").json()["readings"] == []
    show(sink, 1, [reading(1)])
    show(sink, 2, [reading(2), reading(2, track_id=2)])
    answer = get(sink, "api/readings").json()

    assert (answer["frame"], answer["width"], answer["height"]) == (2, 640, 480)
    assert answer["readings"] == [reading(2).as_dict(), reading(2, track_id=2).as_dict()]


def test_vitals_are_told(sink):
    answer = get(sink, "api/vitals").json()

    assert (answer["camera"], answer["temperature_c"], answer["dropped"]) == ("usb:0", 51.25, 3)


def test_readings_come_as_events_at_most_15_times_a_second_and_vitals_each_second(sink):
    with fed(sink, fps=200), watching(sink, "api/events") as reply:
        start, counted = time.monotonic(), {"reading": [], "vitals": []}
        for name, data in told(reply):
            counted[name].append(data)
            if time.monotonic() > start + 2.2:
                break

    indices = [data["frame"] for data in counted["reading"]]
    assert 0 < len(indices) <= 15 * 3  # and not 200 a second
    assert indices == sorted(set(indices))
    assert 1 < len(counted["vitals"]) <= 4


def test_health_follows_the_camera():
    vitals = [FINE]
    with web_sink(lambda: vitals[0]) as sink:
        assert (get(sink, "healthz").status_code, get(sink, "healthz").json()) == (
            200,
            {"status": "ok"},
        )
        vitals[0] = replace(FINE, trouble="rtsp://user@house/bedroom stopped")
        time.sleep(0.6)
        reply = get(sink, "healthz")

    assert reply.status_code == 503
    assert reply.json() == {"status": "failing", "reason": "the camera is lost"}


def test_prometheus_gets_its_metrics(sink):
    reply = get(sink, "metrics")

    assert reply.headers["content-type"].startswith("text/plain; version=")
    assert "\nedge_emotion_frames_total 120.0\n" in reply.text


# Pictures


def test_the_stream_shows_what_may_leave_the_process(sink):
    with fed(sink), watching(sink) as reply:
        shown = next(pictures(reply))

    expected = Outgoing(False).picture(Frame(photograph(), 0, 0.0), [reading(0)])
    assert shown.shape == (480, 640, 3)
    assert np.abs(shown.astype(int) - expected).mean() < 6
    assert (
        np.abs(shown.astype(int) - photograph()).mean()
        > np.abs(shown.astype(int) - expected).mean()
    )


def test_a_viewer_may_ask_for_a_narrower_picture(sink):
    with fed(sink), watching(sink, "stream.mjpg?width=500") as reply:
        assert next(pictures(reply)).shape == (360, 480, 3)


@pytest.mark.parametrize("width", ["0", "-1", "wide", "1e3", "²", "9999999", "500%00"])
def test_a_width_that_is_none_is_refused(sink, width):
    assert get(sink, f"stream.mjpg?width={width}").status_code == 400


def test_a_snapshot_is_a_download_with_everything_drawn_on_it(sink):
    assert get(sink, "snapshot.jpg").status_code == 503
    show(sink, 0, [reading()])
    reply = get(sink, "snapshot.jpg")
    name = rf'attachment; filename="edge-emotion-{time.strftime("%Y-%m-%d")}-\d{{6}}\.jpg"'
    expected = Outgoing(False).picture(Frame(photograph(), 0, 0.0), [reading()])
    image = cv2.imdecode(np.frombuffer(reply.content, np.uint8), cv2.IMREAD_COLOR)

    assert reply.headers["content-type"] == "image/jpeg"
    assert re.fullmatch(name, reply.headers["content-disposition"])
    assert np.abs(image.astype(int) - expected).mean() < 4


def test_a_lost_camera_has_no_snapshot():
    with web_sink(replace(FINE, trouble="usb:0 stopped")) as sink:
        show(sink)
        reply = get(sink, "snapshot.jpg")

    assert (reply.status_code, reply.json()) == (503, {"error": "the camera is lost"})


def test_without_pictures_there_is_no_way_to_one():
    with web_sink(pictures=False) as sink:
        show(sink, 0, [reading()])
        for path in ("stream.mjpg", "snapshot.jpg"):
            assert get(sink, path).status_code == 404
        assert 'data-pictures="off"' in get(sink).text
        assert get(sink, "api/readings").json()["readings"]


def test_anonymized_faces_are_hidden_on_the_stream_and_in_snapshots():
    left, top, right, bottom = (int(edge) for edge in reading().box)
    with web_sink(anonymize=True) as sink, fed(sink, image=NOISE), watching(sink) as reply:
        content = np.frombuffer(get(sink, "snapshot.jpg").content, np.uint8)
        for image in (next(pictures(reply)), cv2.imdecode(content, cv2.IMREAD_COLOR)):
            inside = image[top + 30 : bottom - 30, left + 30 : right - 30]
            assert np.median(np.abs(np.diff(inside.astype(int), axis=1))) <= 2


def test_nothing_is_drawn_or_encoded_while_nobody_looks(sink, monkeypatch):
    drawn, real = [], Outgoing.picture
    monkeypatch.setattr(Outgoing, "picture", lambda *given: drawn.append(1) or real(*given))
    with fed(sink, fps=100), watching(sink, "api/events") as numbers:
        next(told(numbers))
        time.sleep(0.3)
        assert drawn == []
        with watching(sink) as reply:
            next(pictures(reply))
            assert drawn
        time.sleep(0.3)
        after = len(drawn)
        time.sleep(0.3)
        assert len(drawn) == after


def test_viewers_share_what_is_encoded(sink, monkeypatch):
    encoded, real = [], cv2.imencode
    monkeypatch.setattr(cv2, "imencode", lambda *given: encoded.append(1) or real(*given))
    shown = []

    def watch():
        with watching(sink) as reply:
            for image, _ in zip(pictures(reply), range(12), strict=False):
                shown.append(image)

    with fed(sink, fps=10):
        viewers = [threading.Thread(target=watch) for _ in range(8)]
        for viewer in viewers:
            viewer.start()
        for viewer in viewers:
            viewer.join(SOON_S)

    assert len(shown) == 8 * 12
    assert len(encoded) < 2.5 * 12


def test_a_slow_viewer_gets_worse_pictures_and_holds_up_nobody(sink):
    bytes_a_second = 150_000
    slow_widths, fast_s = [], []

    def watch_slowly():
        with watching(sink) as reply:
            read = reply.raw.read1 if hasattr(reply.raw, "read1") else reply.raw.read

            def dripping(*_):
                while chunk := read(4096):
                    time.sleep(len(chunk) / bytes_a_second)
                    yield chunk

            reply.iter_content = dripping
            for image in pictures(reply):
                slow_widths.append(image.shape[1])
                if over.is_set() or image.shape[1] < 640:
                    return

    over = threading.Event()
    slow = threading.Thread(target=watch_slowly)
    with fed(sink, fps=25), watching(sink) as reply:
        slow.start()
        for _ in pictures(reply):
            fast_s.append(time.monotonic())
            if not slow.is_alive() or len(fast_s) > 20 * SOON_S:
                break
        over.set()
        slow.join(SOON_S)

    assert slow_widths[0] == 640
    assert slow_widths[-1] < 640
    assert np.median(np.diff(fast_s)) < 0.25  # the slow one has several times as long


# Limits


@pytest.mark.parametrize("path", ["stream.mjpg", "api/events"])
def test_there_is_room_for_16_viewers_and_again_when_one_leaves(sink, path):
    with fed(sink, fps=5):
        viewers = [get(sink, path, stream=True) for _ in range(16)]
        full = get(sink, path, stream=True)
        assert [viewer.status_code for viewer in viewers] == [200] * 16
        assert (full.status_code, full.headers["retry-after"]) == (503, "5")
        for viewer in viewers:
            viewer.close()
        wait_until(lambda: get(sink, path, stream=True).status_code == 200)


def test_viewers_leave_while_no_frame_comes_too(sink):
    viewers = [get(sink, "stream.mjpg", stream=True) for _ in range(16)]
    for viewer in viewers:
        viewer.close()

    wait_until(lambda: get(sink, "stream.mjpg", stream=True).status_code == 200)


def test_a_head_is_answered_without_a_stream(sink):
    for path in ("stream.mjpg", "api/events", "", "healthz"):
        reply = requests.head(sink.url + path, timeout=SOON_S)
        assert (reply.status_code, reply.content) == (200, b"")


# The end


def test_viewers_hear_that_the_run_has_ended_and_it_ends_at_once():
    with web_sink() as sink:
        show(sink, 0, [reading()])
        with watching(sink, "api/events") as numbers, watching(sink) as picture:
            events = told(numbers)
            assert {next(events)[0], next(events)[0]} == {"vitals", "reading"}
            next(pictures(picture))
            start = time.monotonic()
            sink.close()
            took_s = time.monotonic() - start
            assert [name for name, _ in events][-1] == "end"
            assert list(pictures(picture)) == []

    assert took_s < SOON_S / 2  # not the 20 s that a hung viewer has
    with pytest.raises(requests.ConnectionError):
        get(sink)


def test_a_viewer_that_hangs_does_not_hold_up_the_end(sink):
    with watching(sink):  # and nothing is read
        with fed(sink, fps=50, image=NOISE):
            time.sleep(1)
        start = time.monotonic()
        sink.close()
        took_s = time.monotonic() - start
        assert not any(thread.name == "page" for thread in threading.enumerate())

    assert took_s < SOON_S / 2  # not the 20 s that a hung viewer has


def test_a_viewer_that_hangs_loses_its_seat(sink, monkeypatch):
    monkeypatch.setattr(protocol, "STALLED_S", 0.5)
    with fed(sink, fps=10, image=NOISE):
        hung = [get(sink, "stream.mjpg", stream=True) for _ in range(16)]
        assert [viewer.status_code for viewer in hung] == [200] * 16
        wait_until(lambda: get(sink, "stream.mjpg", stream=True).status_code == 200)
