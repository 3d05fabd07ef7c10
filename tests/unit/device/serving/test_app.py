"""The application within its limits: large, slow and vanishing requests, and a full queue."""

import asyncio
import gzip
import json
import threading

import pytest

from edge_emotion_device.serving import app as app_module
from edge_emotion_device.serving.app import ServingApp
from edge_emotion_device.serving.workers import Workers
from helpers.asgi import Vanished, ask

MOST = 1000
PATH = "/v1/models/emotion_ai:predict"


class Echo:
    """Stands in for the handler: answers with the number of bytes, once it may."""

    def __init__(self):
        self.may_answer = threading.Event()
        self.may_answer.set()

    def question(self, asked):
        return b'"known"'

    def prediction(self, asked, body):
        self.may_answer.wait(10)
        if body == b"defect":
            raise ZeroDivisionError("a secret")
        return json.dumps(len(body)).encode()


@pytest.fixture
def handler():
    return Echo()


@pytest.fixture
def app(handler):
    with Workers(1, 1) as workers:
        yield ServingApp(handler, workers, MOST)
        handler.may_answer.set()


def test_a_body_may_come_in_pieces(app):
    assert asyncio.run(ask(app, "POST", PATH, b"a" * 600, b"b" * 400)) == (200, b"1000")


def test_a_body_beyond_the_limit_is_refused(app):
    status, reply = asyncio.run(ask(app, "POST", PATH, *[b"a" * 400] * 3))

    assert status == 413
    assert json.loads(reply)["error"].startswith("a larger body; expected at most 1000 bytes; ")


def test_a_body_that_says_it_is_too_large_is_not_read(app):
    status, reply = asyncio.run(
        ask(app, "POST", PATH, Vanished, headers={"content-length": "99999999999999999999"})
    )

    assert status == 413
    assert json.loads(reply)["error"].startswith("a body of 99999999999999999999 bytes; ")


@pytest.mark.parametrize(
    ("body", "status"),
    [(gzip.compress(bytes(MOST)), 200), (gzip.compress(bytes(10**6)), 413), (b"not gzip", 400)],
    ids=["small", "bomb", "none"],
)
def test_a_zipped_body_is_measured_unzipped(app, body, status):
    headers = {"content-encoding": "gzip"}

    assert asyncio.run(ask(app, "POST", PATH, body, headers=headers))[0] == status


def test_a_body_that_does_not_come_is_not_waited_for(app, monkeypatch):
    monkeypatch.setattr(app_module, "_READ_S", 0.1)

    status, reply = asyncio.run(ask(app, "POST", PATH, b"a", None))

    assert status == 408
    assert json.loads(reply) == {"error": "the body did not come within 0.1 s"}


def test_a_client_that_vanishes_leaves_nothing_behind(app):
    async def vanish():
        for _ in range(20):
            assert await ask(app, "POST", PATH, b"a" * 900, Vanished) is None
        return await ask(app, "POST", PATH, b"abc")

    assert asyncio.run(vanish()) == (200, b"3")


def test_what_finds_the_queue_full_is_told_to_come_again(app, handler):
    async def crowd():
        handler.may_answer.clear()
        waiting = [asyncio.create_task(ask(app, "POST", PATH, b"abc")) for _ in range(2)]
        await asyncio.sleep(0.05)
        refused = await ask(app, "POST", PATH, b"abc")
        asked = await ask(app, "GET", "/v1/models/emotion_ai")
        handler.may_answer.set()
        return refused, asked, await asyncio.gather(*waiting), await ask(app, "POST", PATH, b"abc")

    refused, asked, answered, later = asyncio.run(crowd())

    assert refused[0] == 503
    assert "try again later" in json.loads(refused[1])["error"]
    assert asked == (200, b'"known"')  # a status needs no worker
    assert answered == [(200, b"3")] * 2
    assert later == (200, b"3")


def test_large_bodies_together_have_a_limit_too(app):
    async def crowd():
        slow = [asyncio.create_task(ask(app, "POST", PATH, b"a" * MOST, None)) for _ in range(4)]
        await asyncio.sleep(0.05)
        refused = await ask(app, "POST", PATH, b"a" * 10)
        for task in slow:
            task.cancel()
        await asyncio.gather(*slow, return_exceptions=True)
        return refused, await ask(app, "POST", PATH, b"a" * 10)

    refused, later = asyncio.run(crowd())

    assert refused[0] == 503
    assert later == (200, b"10")


def test_a_defect_is_told_on_stderr_and_not_to_the_client(app, capsys):
    status, reply = asyncio.run(ask(app, "POST", PATH, b"defect"))

    assert (status, json.loads(reply)) == (
        500,
        {"error": "internal error; the server's log has more"},
    )
    assert "ZeroDivisionError: a secret" in capsys.readouterr().err
