"""MJPEG over HTTP, from a server on this machine."""

import resource
import struct
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, repeat
from time import monotonic, sleep

import pytest

from edge_emotion.errors import EdgeEmotionError
from edge_emotion.picture_size import claimed_size_px
from edge_emotion_device.cameras import mjpeg, open_camera
from helpers.mjpeg_server import MjpegServer, jpeg, part, pictures
from helpers.refusals import refusal


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mjpeg, "TIMEOUT_S", 0.6)


def slowly(body: bytes) -> Iterator[bytes]:
    for byte in body:
        yield bytes([byte])
        sleep(0.05)


def silence() -> Iterator[bytes]:
    sleep(2)
    yield b""


def levels(address: str) -> list[int]:
    """The gray level of every frame until the stream ends."""
    found = []
    with open_camera(address) as camera, pytest.raises(EdgeEmotionError, match="stopped giving"):
        while frame := camera.read():
            found.append(round(float(frame.image.mean())))
    return found


def test_an_mjpeg_stream_is_live_and_its_end_a_loss() -> None:
    with MjpegServer(lambda: [part(jpeg(20 * index)) for index in range(5)]) as server:
        camera = open_camera(server.address)
        assert (camera.kind, camera.fps, camera.name) == ("live", None, server.address)
        with camera, pytest.raises(EdgeEmotionError, match="after 5: the stream has ended"):
            frames = []
            while frame := camera.read():
                frames.append(frame)
    assert [frame.index for frame in frames] == [0, 1, 2, 3, 4]
    assert frames[0].image.shape == (48, 64, 3)
    times = [frame.time_s for frame in frames]
    assert times == sorted(times)


@pytest.mark.parametrize(
    ("sent", "content_type"),
    [
        ([part(jpeg(60)), part(jpeg(80))], "multipart/x-mixed-replace; boundary=frame"),
        ([part(jpeg(60)), part(jpeg(80))], "multipart/x-mixed-replace;boundary=--frame"),
        ([part(jpeg(60), boundary="other"), part(jpeg(80))], "multipart/x-mixed-replace"),
        (
            [part(jpeg(60), length=False), part(jpeg(80), length=False), b"--frame--\r\n"],
            "multipart/x-mixed-replace; boundary=frame",
        ),
        (
            [(part(jpeg(60)) + part(jpeg(80))).replace(b"\r\n", b"\n")],
            "multipart/x-mixed-replace; boundary=frame",
        ),
    ],
    ids=["as it should be", "dashes announced", "another boundary", "no lengths", "bare newlines"],
)
def test_what_cameras_make_of_the_format_is_read(sent: list[bytes], content_type: str) -> None:
    with MjpegServer(lambda: sent, content_type) as server:
        assert levels(server.address) == [60, 80]


def test_pictures_may_change_their_size_and_lose_their_colours() -> None:
    import cv2
    import numpy as np

    gray = cv2.imencode(".jpg", np.full((30, 40), 70, np.uint8))[1].tobytes()
    sent = [part(jpeg()), part(jpeg(width=160, height=120)), part(gray), part(jpeg())]
    with MjpegServer(lambda: sent) as server, open_camera(server.address) as camera:
        shapes = [frame.image.shape for frame in (camera.read() for _ in sent) if frame]
    assert shapes == [(48, 64, 3), (120, 160, 3), (30, 40, 3), (48, 64, 3)]


def test_broken_and_empty_pictures_are_left_out_and_told_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    sent = [part(jpeg(60)), part(b""), part(b"no JPEG"), part(jpeg(80)[:20]), part(jpeg(100))]
    with MjpegServer(lambda: sent) as server:
        assert levels(server.address) == [60, 100]
        (line,) = capsys.readouterr().err.splitlines()
        assert f"{server.address}: a broken picture of 0 bytes was left out" in line


def claiming(width: int, height: int) -> bytes:
    """A small JPEG whose header claims another size."""
    content = jpeg()
    at = content.index(b"\xff\xc0") + 5
    return content[:at] + struct.pack(">HH", height, width) + content[at + 4 :]


def test_a_small_jpeg_that_claims_a_huge_picture_is_left_out_before_it_takes_memory(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded = []
    decode = mjpeg._decoded
    monkeypatch.setattr(mjpeg, "_decoded", lambda part: decoded.append(len(part)) or decode(part))
    bomb = claiming(10_000, 10_000)
    with MjpegServer(lambda: [part(jpeg(60)), part(bomb), part(bomb), part(jpeg(80))]) as server:
        assert levels(server.address) == [60, 80]
    assert len(decoded) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "a too large picture (10000×10000 px)" in line


@pytest.mark.parametrize(
    "before",
    [b"", b"\xff\xe1\x00\x06\xff\xc0\x00\x00", b"\xff\xff", b"\xff\xfe\x00\x02"],
    ids=["nothing", "a thumbnail", "fill bytes", "an empty comment"],
)
def test_the_size_of_a_jpeg_is_found_behind(before: bytes) -> None:
    content = jpeg(width=160, height=120)
    assert claimed_size_px(content[:2] + before + content[2:]) == (160, 120)


@pytest.mark.parametrize("end", range(0, 180, 7))
def test_a_cut_jpeg_has_no_size_or_the_right_one(end: int) -> None:
    assert claimed_size_px(jpeg()[:end]) in ((0, 0), (64, 48))


ENDLESS = {
    "a part without a length": lambda: chain([part(b"", length=False)], repeat(b"x" * 65536)),
    "a line": lambda: repeat(b"x" * 65536),
    "headers": lambda: chain([b"--frame\r\n"], repeat(b"X-Filler: 1\r\n" * 5000)),
    "empty parts": lambda: repeat(part(b"") * 1000),
    "broken pictures": lambda: repeat(part(b"broken") * 1000),
    "a length beyond all measure": lambda: [
        b"--frame\r\nContent-Length: 99999999999\r\n\r\n",
        *[b"x" * 65536] * 9999,
    ],
}


@pytest.mark.parametrize("chunks", ENDLESS.values(), ids=ENDLESS)
def test_what_never_ends_takes_neither_time_nor_memory(
    chunks: Callable[[], Iterable[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mjpeg, "MAX_PART_BYTES", 1 << 20)
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start_s = monotonic()
    with MjpegServer(chunks) as server:
        message = refusal(lambda: open_camera(server.address))
    assert monotonic() - start_s < 2
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb < 30_000
    assert "stopped giving frames after 0: " in message


@pytest.mark.parametrize("chunks", [silence, lambda: slowly(part(jpeg()))], ids=["none", "drops"])
def test_a_stream_that_stalls_is_an_error_in_time(chunks: Callable[[], Iterable[bytes]]) -> None:
    start_s = monotonic()
    with MjpegServer(lambda: chain([part(jpeg())], chunks())) as server:
        camera = open_camera(server.address)
        assert camera.read()
        with camera, pytest.raises(EdgeEmotionError, match="stopped giving frames after 1"):
            camera.read()
    assert monotonic() - start_s < 1.8


def test_the_address_may_hold_the_name_and_password() -> None:
    secret = "Basic " + b64encode(b"some one:pass/word").decode()
    with MjpegServer(pictures, authorization=secret) as server:
        plain = server.address
        address = plain.replace("://", "://some%20one:pass%2Fword@")
        with open_camera(address) as camera:
            assert camera.name == plain
            assert camera.read()
        wrong = plain.replace("://", "://someone:secret@")
        for refused in (plain, wrong):
            message = refusal(lambda refused=refused: open_camera(refused))
            assert f"{plain} gives no frame: it answers 401" in message
            assert "secret" not in message


def test_what_answers_but_is_no_mjpeg_stream_is_named() -> None:
    with MjpegServer(lambda: [jpeg()], "image/jpeg") as server:
        message = refusal(lambda: open_camera(server.address))
        assert "gives image/jpeg; expected an MJPEG stream" in message
        assert "it answers 404" in refusal(lambda: open_camera(f"{server.address}s"))


def test_a_password_in_the_query_is_sent_and_never_shown() -> None:
    with MjpegServer(pictures) as server:
        address = f"{server.address}?user=admin&pwd=top secret"
        message = refusal(lambda: open_camera(address))
        assert "it answers 404" in message
        assert "secret" not in message and "admin" not in message
    assert server.paths[-1].endswith("?user=admin&pwd=top%20secret")


@pytest.mark.parametrize("scheme", ["http", "rtsp"])
def test_an_address_that_is_none_is_refused_without_its_password(scheme: str) -> None:
    message = refusal(lambda: open_camera(f"{scheme}://me:secret@[host/cam"))
    assert message == f"a {scheme} address that is none; expected {scheme}://HOST/PATH"


@pytest.mark.parametrize("scheme", ["http", "https", "rtsp"])
def test_a_stream_that_nobody_serves_is_refused_without_its_password(scheme: str) -> None:
    message = refusal(lambda: open_camera(f"{scheme}://someone:secret@127.0.0.1:9/cam"))
    assert "127.0.0.1:9/cam gives no frame: Connection refused; check the address" in message
    assert "secret" not in message


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("rtsp:///cam", "names no host"),
        ("rtsp://cam:port/", "port|Port"),
        ("http://", "no host"),
        ("http://127.0.0.1:port/", "port"),
        ("http://camera.invalid/stream", "camera.invalid/stream gives no frame: "),
    ],
)
def test_an_address_that_leads_nowhere_is_refused(address: str, found: str) -> None:
    with pytest.raises(EdgeEmotionError, match=found):
        open_camera(address)
