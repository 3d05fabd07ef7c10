"""More than 10,000 malformed requests: each is answered with a 4xx and one line of JSON."""

import asyncio
import json
import random

import pytest

from edge_emotion_device.serving.app import ServingApp
from edge_emotion_device.serving.handler import Handler
from edge_emotion_device.serving.registry import Registry
from edge_emotion_device.serving.versions import shipped
from edge_emotion_device.serving.workers import Workers
from helpers.asgi import ask

NUMBER = 10_500
MODELS = ("emotion_ai", "keypoints", "emotion_ai_combined")
RIGHT = json.dumps({"signature_name": "serving_bytes", "instances": [[[[90]] * 48] * 48]}).encode()
KEYS = (
    "instances",
    "inputs",
    "signature_name",
    "faces",
    "pictures",
    "b64",
    "examples",
    "context",
    "",
)
VALUES = (
    None, True, False, 0, -1, 1, 0.5, -0.0, 1e308, 2**31, 2**63, 2**64, "", "x", "serving_bytes",
    "serving_pictures", "\x00", "é", "𝄞", [], {}, [[]], [{}], {"b64": ""}, {"b64": "!"}, {"b64": 1},
    {"b64": "AAAA"}, {"b64": "iVBORw0KGgo="}, {"b64": "/9j/4AAQSkZJRg=="}, [[[[0.5]] * 48] * 47],
)  # fmt: skip


def nested(draw: random.Random, depth: int = 0):
    """A JSON value that is as good as never a face."""
    kind = draw.random()
    if depth > 3 or kind < 0.4:
        return draw.choice(VALUES)
    if kind < 0.7:
        return [nested(draw, depth + 1) for _ in range(draw.randrange(4))]
    return {draw.choice(KEYS): nested(draw, depth + 1) for _ in range(draw.randrange(4))}


def mutated(draw: random.Random, body: bytes) -> bytes:
    """A right request with a few bytes changed, put in, taken out or cut off."""
    content = bytearray(body)
    for _ in range(draw.randrange(1, 5)):
        place = draw.randrange(len(content))
        piece = bytes(
            draw.choice(b'[]{},:"\\eE+-.0129\x00\xff tnN') for _ in range(draw.randrange(4))
        )
        content[place : place + draw.randrange(4)] = piece
        if draw.random() < 0.2 and place:
            del content[place:]
    return bytes(content)


def body_of(draw: random.Random) -> bytes:
    kind = draw.random()
    if kind < 0.1:
        return draw.randbytes(draw.randrange(200))
    if kind < 0.3:
        return mutated(draw, RIGHT)
    document = {draw.choice(KEYS): nested(draw) for _ in range(draw.randrange(1, 4))}
    if draw.random() < 0.7:
        document[draw.choice(("instances", "inputs"))] = nested(draw)
    if draw.random() < 0.1:
        return json.dumps(nested(draw)).encode()
    return json.dumps(document).encode()


def path_of(draw: random.Random) -> str:
    path = f"/v1/models/{draw.choice(MODELS)}{draw.choice(('', '', '/versions/1'))}"
    path += f":{draw.choice(('predict', 'predict', 'predict', 'classify', 'regress'))}"
    if draw.random() < 0.8:
        return path
    place = draw.randrange(len(path))
    odd = draw.choice(
        ("%", "%00", "%ff", "/", ":", "\x7f", "..", "\n", "9" * 30, "\xe9", "{}", "ſ")
    )
    return (path[:place] + odd + path[place + draw.randrange(3) :]).encode().decode("latin-1")


@pytest.fixture(scope="module")
def app():
    registry = Registry(shipped)
    registry.refresh()
    with Workers(1, 64) as workers:
        yield ServingApp(Handler(registry), workers, 1 << 20)


async def answered(app, draw: random.Random) -> bool:
    """Send one; says whether it was refused, and checks how."""
    method = draw.choices(("POST", "GET", "PUT", "", "PÖST"), (95, 2, 1, 1, 1))[0]
    path, body = path_of(draw), body_of(draw)
    shown = method, path, body[:300]
    status, reply = await ask(app, method, path, body)
    assert status == 200 or 400 <= status < 500, (shown, status, reply)
    if status != 200:
        table = json.loads(reply)
        assert list(table) == ["error"] and isinstance(table["error"], str), (shown, reply)
        assert len(reply) < 4000, (shown, len(reply))
        assert b"Traceback" not in reply, shown
    return status != 200


@pytest.mark.slow
def test_malformed_requests_are_refused_and_change_nothing(app, capsys):
    async def send_all() -> int:
        before = await ask(app, "POST", "/v1/models/emotion_ai:predict", RIGHT)
        draw = random.Random(20_250_711)
        refused = 0
        for _ in range(NUMBER):
            refused += await answered(app, draw)
        assert await ask(app, "POST", "/v1/models/emotion_ai:predict", RIGHT) == before
        assert before[0] == 200
        return refused

    assert asyncio.run(send_all()) >= 10_000
    assert "Traceback" not in capsys.readouterr().err
