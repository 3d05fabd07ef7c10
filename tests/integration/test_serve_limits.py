"""Clients that are slow, idle, many, gone or out of their mind: right status, bounded memory."""

import json
import resource
import socket
import time
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
import requests

from helpers.servers import serving
from helpers.told import received

FACE = json.dumps({"signature_name": "serving_bytes", "instances": [[[[90]] * 48] * 48]})
MANY = 1000
MIB = 1 << 20


@pytest.fixture(scope="module")
def server():
    with serving() as running:
        yield running
        assert not any("Traceback" in line for line in running.told)


@pytest.fixture(scope="module")
def impatient():
    """A server that waits a second for what others wait half a minute for."""
    limits = "app._READ_S = 0.4; protocol.STILL_S = protocol.STALLED_S = 1"
    with serving(limits=limits) as running:
        yield running


def memory_mib(server) -> float:
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def connect(server) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=10)


def answers(server) -> bool:
    reply = requests.post(f"{server.url}/emotion_ai:predict", FACE, timeout=10)
    return np.shape(reply.json()["predictions"]) == (1, 5)


def post(server, body) -> requests.Response:
    return requests.post(f"{server.url}/emotion_ai:predict", body, timeout=30)


def test_a_thousand_idle_connections_keep_nobody_out(server):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 4 * MANY)), hard))
    before = memory_mib(server)
    with ExitStack() as stack:
        for _ in range(MANY):
            stack.enter_context(connect(server))
        assert answers(server)
        time.sleep(0.2)
        files = len(list(Path(f"/proc/{server.process.pid}/fd").iterdir()))
        grown = memory_mib(server) - before
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    assert files < 256 + 50
    assert grown < 30
    assert answers(server)


def test_a_connection_that_says_nothing_is_closed(impatient):
    with connect(impatient) as silent:
        assert received(silent) == b""


def test_headers_that_drip_do_not_keep_a_connection(impatient):
    with connect(impatient) as slow:
        slow.sendall(b"GET /v1/models/emotion_ai HTTP/1.1\r\n")
        start = time.monotonic()
        with pytest.raises(OSError):
            while time.monotonic() < start + 5:
                slow.sendall(b"x-more: 1\r\n")
                time.sleep(0.05)


def test_a_body_that_does_not_come_is_answered_with_408(impatient):
    with connect(impatient) as slow:
        slow.sendall(
            b"POST /v1/models/emotion_ai:predict HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{"
        )
        assert received(slow).startswith(b"HTTP/1.1 408 ")


def test_an_answer_that_is_not_read_is_not_kept_for_ever(impatient):
    """The connection is closed, with what was left to send."""
    with connect(impatient) as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        request = b"GET /v1/models/emotion_ai/metadata HTTP/1.1\r\nHost: x\r\n\r\n"
        with pytest.raises(OSError):
            deaf.settimeout(5)
            for _ in range(100_000):
                deaf.sendall(request)
        assert answers(impatient)


def test_a_kept_connection_is_answered_without_waiting_for_acknowledgements(server):
    """Nagle's algorithm and delayed acknowledgements would make every reply 40 ms late."""
    with requests.Session() as session:
        durations = []
        for _ in range(30):
            start = time.perf_counter()
            session.get(f"{server.url}/emotion_ai", timeout=10)
            durations.append(time.perf_counter() - start)

    assert np.median(durations) < 0.03


def test_clients_that_vanish_leave_nothing_behind(server):
    head = f"POST /v1/models/emotion_ai:predict HTTP/1.1\r\nHost: x\r\nContent-Length: {len(FACE)}"
    request = f"{head}\r\n\r\n{FACE}".encode()
    for cut in range(0, len(request), 200):
        with connect(server) as client:
            client.sendall(request[:cut])
    for _ in range(50):
        with connect(server) as client:
            client.sendall(request)

    assert answers(server)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"[" * (4 * MIB), 400),
        (b'{"instances": ' + b"[" * 900 + b"]" * 900 + b"}", 400),
        (b'{"instances": [' + b"[]," * MIB + b"[]]}", 400),
        (b'{"a' + b"a" * (3 * MIB), 400),
        (b'{"instances": [NaN]}', 400),
        (b'{"instances": [1e999]}', 400),
        (b'{"instances": [' + b"9" * MIB + b"]}", 400),
        (b'{"instances": ["\xff\xfe"]}', 400),
        (b"\x00" * MIB, 400),
        (b" " * (5 * MIB), 413),
    ],
    ids=[
        "deep", "nested", "many lists", "long key", "NaN", "huge", "long number", "no UTF-8",
        "zeros", "large",
    ],
)  # fmt: skip
def test_a_body_from_hell(server, body, status):
    reply = post(server, body)

    assert reply.status_code == status
    assert list(reply.json()) == ["error"]
    assert len(reply.text) < 1000
    assert "Traceback" not in reply.text
    assert answers(server)


def test_a_body_without_a_known_length_has_the_limit_too(server):
    reply = post(server, (b" " * MIB for _ in range(5)))

    assert reply.status_code == 413


def test_memory_is_bounded_after_all_that(server):
    assert memory_mib(server) < 300
    for _ in range(3):
        post(server, b'{"instances": [' + b"[]," * MIB + b"[]]}")
    assert memory_mib(server) < 300


def test_what_is_no_http_is_refused(server):
    for nonsense in (b"\x16\x03\x01\x02\x00", b"GET\r\n\r\n", b"\x00" * 100, b"A" * 100_000):
        with connect(server) as client:
            client.sendall(nonsense)
            client.shutdown(socket.SHUT_WR)
            assert received(client).startswith((b"HTTP/1.1 400 ", b""))
    with connect(server) as client:
        client.sendall(b"GET /v1/models/emotion_ai HTTP/1.1\r\n" + b"x: y\r\n" * 20_000)
        assert received(client).startswith((b"HTTP/1.1 400 ", b""))
    assert answers(server)
