"""Clients that are slow, idle, many, gone or out of their mind; and the run does not notice."""

import gc
import http.client
import re
import resource
import socket
import threading
import time
from contextlib import ExitStack
from urllib.parse import urlsplit

import numpy as np
import pytest
import requests
import uvicorn

from edge_emotion.types import Frame
from edge_emotion_device.http import protocol
from edge_emotion_device.web import streams
from helpers.told import received
from helpers.web_sinks import fed, photograph, reading, web_sink

SOON_S = 10
MANY = 1000
TOO_LARGE = (431, 400)  # the latter where it comes in pieces
NOISE = np.random.default_rng(0).integers(0, 256, (960, 1280, 3), np.uint8)


@pytest.fixture
def sink():
    with web_sink() as opened:
        yield opened
        assert answers(opened)


def port(sink) -> int:
    return urlsplit(sink.url).port


def connect(sink) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port(sink)), timeout=SOON_S)


def slow(sink, path: str) -> socket.socket:
    """A viewer that has asked, and whose own buffer holds next to nothing."""
    viewer = socket.socket()
    viewer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    viewer.settimeout(SOON_S)
    viewer.connect(("127.0.0.1", port(sink)))
    viewer.sendall(f"GET /{path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    return viewer


def answers(sink) -> bool:
    return requests.get(sink.url + "api/vitals", timeout=SOON_S).ok


def ask(sink, line: str, *headers: str) -> bytes:
    """The answer to a request as it stands."""
    with connect(sink) as client:
        text = "\r\n".join([line, *headers, "Connection: close", "", ""])
        client.sendall(text.encode("latin-1"))
        return received(client)


def write_s(sink) -> list[float]:
    """What frames cost the run."""
    frame, readings, durations = Frame(photograph(), 0, 0.0), [reading()], []
    for _ in range(100):
        start = time.perf_counter()
        sink.write(frame, readings)
        durations.append(time.perf_counter() - start)
        time.sleep(0.005)
    return durations


@pytest.mark.parametrize(
    "path",
    [
        "/../app.py", "/..%2fapp.py", "/%2e%2e/app.py", "/page/../app.py", "/page/index.html",
        "//etc/passwd", "/style.css/../../app.py", "/style.css%00.html", "/..\\app.py", "/app.py",
        "/style.css/", "/index.html", "http://127.0.0.1/../app.py", "/api", "/api/",
        "/" + "a" * 9000,
    ],
)  # fmt: skip
def test_there_is_no_way_to_another_file(sink, path):
    reply = ask(sink, f"GET {path} HTTP/1.1", "Host: localhost")

    assert reply.startswith(b"HTTP/1.1 404 ")
    assert b"root:" not in reply and b"starlette" not in reply


@pytest.mark.parametrize(
    "path", ["", "api/readings", "stream.mjpg", "snapshot.jpg", "app.js", "healthz"]
)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_there_is_nothing_to_change(sink, method, path):
    reply = requests.request(method, sink.url + path, data=b"x" * 1000, timeout=SOON_S)

    assert reply.status_code == 405
    assert set(reply.headers["allow"].split(", ")) == {"GET", "HEAD"}


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"x: y\r\n" * 20_000, TOO_LARGE),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nx: " + b"a=b; " * 4_000 + b"\r\n\r\n", TOO_LARGE),
        (b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", TOO_LARGE),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n", 505),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n", 400),
        (b"GET \xff HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (b"\x00" * 1000, 400),
        (b"A" * 100_000, 400),
    ],
    ids=[
        "many headers", "large cookie", "long path", "no host", "two hosts", "version", "length",
        "encoding", "no ASCII", "TLS", "zeros", "no end",
    ],
)  # fmt: skip
def test_what_is_no_request_is_refused(sink, request_, status):
    with connect(sink) as client:
        client.sendall(request_)
        client.shutdown(socket.SHUT_WR)
        expected = status if isinstance(status, tuple) else (status,)
        assert int(received(client).split()[1]) in expected


def test_a_websocket_is_not_opened(sink):
    reply = ask(
        sink, "GET / HTTP/1.1", "Host: localhost", "Upgrade: websocket",
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", "Sec-WebSocket-Version: 13",
    )  # fmt: skip

    assert b" 101 " not in reply.partition(b"\r\n")[0]


def test_headers_that_drip_do_not_keep_a_connection(sink, monkeypatch):
    monkeypatch.setattr(protocol, "STILL_S", 0.5)
    with connect(sink) as slow, connect(sink) as silent:
        slow.sendall(b"GET / HTTP/1.1\r\n")
        start = time.monotonic()
        with pytest.raises(OSError):
            while time.monotonic() < start + SOON_S:
                slow.sendall(b"x-more: 1\r\n")
                time.sleep(0.05)
        assert received(silent) == b""


@pytest.mark.slow
def test_a_stream_outlasts_what_a_silent_connection_may_take(sink, monkeypatch):
    monkeypatch.setattr(protocol, "STILL_S", 0.5)
    with fed(sink, fps=10), connect(sink) as viewer:
        viewer.sendall(b"GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        until = time.monotonic() + 2.5
        while time.monotonic() < until:
            assert viewer.recv(65536)


@pytest.mark.slow
def test_a_viewer_that_takes_little_but_takes_it_is_kept(sink, monkeypatch):
    monkeypatch.setattr(protocol, "STALLED_S", 1.0)
    with fed(sink, fps=5, image=NOISE), slow(sink, "stream.mjpg") as viewer:
        until = time.monotonic() + 4
        while time.monotonic() < until:  # the first picture alone takes longer
            assert viewer.recv(8192)
            time.sleep(0.05)


def test_what_a_slow_viewer_is_told_is_not_long_out_of_date(sink, monkeypatch):
    if not hasattr(socket, "TCP_NOTSENT_LOWAT"):
        pytest.skip("needs TCP_NOTSENT_LOWAT, as Linux has it")
    monkeypatch.setattr(streams, "_READINGS_A_SECOND", 1000)
    with fed(sink, fps=500), slow(sink, "api/events") as viewer:
        time.sleep(1.5)
        latest = sink._newest.item.frame.index
        late = b""
        while not any(int(index) >= latest for index in re.findall(rb'"frame":(\d+),', late)):
            late += viewer.recv(8192)

    assert len(late) < 60_000  # a minute's worth on a bad link, without


def test_viewers_that_hang_keep_no_frames(sink):
    def kept() -> int:
        return sum(isinstance(known, Frame) for known in gc.get_objects())

    others = kept()
    with ExitStack() as stack:
        for index in range(16):
            sink.write(Frame(NOISE, index, index / 25), [reading(index)])
            viewer = stack.enter_context(slow(sink, "stream.mjpg"))
            assert viewer.recv(1000)
        assert answers(sink)
        time.sleep(1)
        assert kept() - others <= 4


def test_four_snapshots_at_a_time_are_enough(sink):
    sink.write(Frame(NOISE, 0, 0.0), [])
    with ExitStack() as stack:
        for _ in range(4):
            assert stack.enter_context(slow(sink, "snapshot.jpg")).recv(100)
        assert requests.get(sink.url + "snapshot.jpg", timeout=SOON_S).status_code == 503
    until = time.monotonic() + SOON_S
    while not requests.get(sink.url + "snapshot.jpg", timeout=SOON_S).ok:
        assert time.monotonic() < until


def test_a_server_that_fails_is_told_once_and_the_run_goes_on(monkeypatch, capsys):
    async def serve(self, sockets):
        raise OSError("too many open files")

    monkeypatch.setattr(uvicorn.Server, "serve", serve)
    with web_sink() as sink:
        sink._server._thread.join(SOON_S)
        sink.write(Frame(photograph(), 0, 0.0), [])
        with pytest.raises(ConnectionRefusedError):
            connect(sink)
        assert sink.failures == 1

    told = capsys.readouterr().err
    assert told.count("the page has ended: OSError('too many open files')") == 1


def test_a_thousand_idle_connections_keep_nobody_out(sink):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 4 * MANY)), hard))
    try:
        with fed(sink), ExitStack() as stack:
            viewer = stack.enter_context(
                requests.get(sink.url + "stream.mjpg", stream=True, timeout=SOON_S)
            )
            for _ in range(MANY):
                stack.enter_context(connect(sink))
            assert np.median(write_s(sink)) < 0.001
            assert answers(sink)
            parts = viewer.iter_content(4096)
            assert (
                sum(len(next(parts)) for _ in range(50)) > 50_000
            )  # the viewer has kept its place
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_clients_that_vanish_leave_nothing_behind(sink):
    whole = b"GET /stream.mjpg HTTP/1.1\r\nHost: localhost\r\n\r\n"
    threads = threading.active_count()
    with fed(sink):
        for cut in range(0, len(whole) + 1, 5):
            with connect(sink) as client:
                client.sendall(whole[:cut])
        for _ in range(50):
            with connect(sink) as client:
                client.sendall(whole)
                client.recv(1000)
        for _ in range(20):
            connection = http.client.HTTPConnection("127.0.0.1", port(sink), timeout=SOON_S)
            connection.request("GET", "/snapshot.jpg")
            connection.close()
        assert answers(sink)

    assert threading.active_count() <= threads + 1


def test_the_run_is_not_held_up_by_its_viewers(sink):
    """What a frame costs the run: an assignment, and at times a call of the event loop."""
    with ExitStack() as stack:
        for path in ("stream.mjpg", "api/events") * 8:  # none of which reads anything
            stack.enter_context(slow(sink, path))
        assert np.median(write_s(sink)) < 0.001
    assert np.median(write_s(sink)) < 0.001
