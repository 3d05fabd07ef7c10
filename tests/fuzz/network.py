"""What comes over the network: requests to both servers, and packets from an MQTT broker."""

import asyncio
import json
import random
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import uvicorn

from edge_emotion_device.http.listening import listening
from edge_emotion_device.http.uvicorn_config import uvicorn_config
from edge_emotion_device.mqtt import connection
from edge_emotion_device.mqtt.sink import MqttSink
from edge_emotion_device.options import RunOptions
from edge_emotion_device.serving.app import ServingApp
from edge_emotion_device.serving.handler import Handler
from edge_emotion_device.serving.registry import Registry
from edge_emotion_device.serving.versions import models_in
from edge_emotion_device.serving.workers import Workers
from edge_emotion_device.web.sink import WebSink
from fuzz.engine import Refused, Target, Try
from fuzz.mutate import mutated, restructured, reworded
from helpers.readings import frame_at, reading_at
from helpers.vitals import vitals

_PATIENCE_S = 10.0
_SECRET = b"a secret beside the models"
_TRAVERSALS = (
    "../secret", "..%2fsecret", "%2e%2e/secret", "..;/secret", "....//secret",
    "emotion_ai/../../secret",
    "//secret", "\\..\\secret", "%00", "..%c0%afsecret", "/etc/passwd",
    "emotion_ai/versions/../../../secret",
)  # fmt: skip
_PATHS = (
    "/v1/models/emotion_ai", "/v1/models/emotion_ai:predict",
    "/v1/models/emotion_ai/versions/1:predict",
    "/v1/models/emotion_ai/metadata", "/v1/models/emotion_ai_combined:predict",
    "/v1/models/keypoints:predict",
    "/", "/api/readings", "/api/vitals", "/snapshot.jpg", "/metrics", "/healthz", "/style.css",
    "/?token=x",
)  # fmt: skip
_HEADERS = (
    "Host: 127.0.0.1", "Host: [::1]:x", "Content-Length: 5", "Content-Length: -1",
    "Content-Length: 99999999999",
    "Transfer-Encoding: chunked", "Content-Encoding: gzip", "Expect: 100-continue",
    "Connection: upgrade",
    "Upgrade: websocket", "Cookie: edge-emotion-1=é", "Authorization: Bearer x", "Range: bytes=0-",
    "X: " + "y" * 9000,
)  # fmt: skip


@contextmanager
def http(folder: Path) -> Iterator[Try]:
    """Requests, byte by byte, to `serve` and to the page, which both listen."""
    models = folder / "models"
    for name in ("emotion_ai", "keypoints"):
        (models / name / "1").mkdir(parents=True)
        task = name.removesuffix("_ai")
        (models / name / "1" / "model.tflite").symlink_to(_shipped(task))
    (folder / "secret").write_bytes(_SECRET)
    with ExitStack() as stack:
        registry = Registry(lambda: models_in(models))
        registry.refresh()
        workers = stack.enter_context(Workers(1, 64))
        served = stack.enter_context(_running(ServingApp(Handler(registry), workers, 1 << 20)))
        page = stack.enter_context(_page())

        def attempt(draw: random.Random) -> None:
            reply = _asked(draw.choice((served, page)), _request(draw))
            assert _SECRET not in reply and b"root:x:" not in reply, "another file was given out"
            assert b"Traceback" not in reply, "a traceback was given out"
            status = reply[9:12]
            assert status != b"500", f"an internal error: {reply[:300]!r}"
            raise Refused(status.decode("ascii", "replace") or "closed")

        yield attempt


def _shipped(task: str) -> Path:
    from edge_emotion.modelfile import shipped_model

    return shipped_model(task)  # type: ignore[arg-type]


@contextmanager
def _running(app: Any) -> Iterator[int]:
    with listening("127.0.0.1", 0, "") as listener:
        server = uvicorn.Server(uvicorn_config(app))
        loop = asyncio.new_event_loop()
        work = threading.Thread(
            target=lambda: loop.run_until_complete(server.serve([listener])), daemon=True
        )
        work.start()
        yield int(listener.getsockname()[1])
        server.should_exit = True
        work.join(_PATIENCE_S)


@contextmanager
def _page() -> Iterator[int]:
    options = replace(RunOptions(web="127.0.0.1:0"))
    with WebSink.open(options, vitals) as sink:
        sink.write(frame_at(0.1), [reading_at(0.1)])
        yield int(sink.url.rpartition(":")[2].strip("/"))


def _request(draw: random.Random) -> bytes:
    path = draw.choice(_PATHS)
    if draw.random() < 0.3:
        path = "/v1/models/" + draw.choice(_TRAVERSALS) + draw.choice(("", ":predict", "/metadata"))
    elif draw.random() < 0.4:
        path = reworded(draw, path, _TRAVERSALS, most=2)
    body = b""
    if draw.random() < 0.5:
        face = [[[draw.randrange(256)]] * 48] * 48
        document = {"signature_name": "serving_bytes", "instances": [face]}
        body = json.dumps(restructured(draw, document)).encode()
        body = mutated(draw, body) if draw.random() < 0.3 else body
    method = draw.choice(("POST", "POST", "GET", "HEAD", "PUT", "get", "", "PRI", "CONNECT"))
    version = draw.choices(("HTTP/1.1", "HTTP/1.0", "HTTP/2.0", "", "HTTP/9"), (90, 4, 2, 2, 2))[0]
    headers = ["Host: 127.0.0.1", f"Content-Length: {len(body)}", "Connection: close"]
    headers += draw.sample(_HEADERS, draw.choice((0, 0, 1, 2)))
    head = "\r\n".join((f"{method} {path} {version}", *headers)) + "\r\n\r\n"
    request = head.encode("utf-8", "replace") + body
    return mutated(draw, request, at=range(60)) if draw.random() < 0.3 else request


def _asked(port: int, request: bytes) -> bytes:
    """What comes back until the server has answered, or has nothing to say to a part of one."""
    with socket.create_connection(("127.0.0.1", port), _PATIENCE_S) as client:
        reply = b""
        with suppress(OSError):  # it has closed the connection
            client.sendall(request)
            client.shutdown(socket.SHUT_WR)
            while len(reply) < 65536 and (piece := client.recv(65536)):
                reply += piece
        return reply


@contextmanager
def broker(folder: Path) -> Iterator[Try]:
    """Packets of a broker that is broken, or hostile: each case is a connection."""
    connection.RECONNECT_S = (0.001, 0.001)
    sent: dict[str, bytes] = {"stream": b""}
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(_PATIENCE_S)
        options = RunOptions(mqtt=f"mqtt://127.0.0.1:{listener.getsockname()[1]}/pi")
        with MqttSink.open(options, vitals) as sink:

            def attempt(draw: random.Random) -> None:
                sent["stream"] = _packets(draw)
                client, _ = listener.accept()
                with client:
                    client.settimeout(0.02)
                    with suppress(OSError):
                        client.recv(4096)
                        client.sendall(sent["stream"])
                        sink.write(frame_at(draw.random()), [reading_at(0.1)])
                        client.shutdown(socket.SHUT_WR)
                        while client.recv(65536):
                            pass
                thread = sink._connection._client._thread
                assert thread is not None and thread.is_alive(), "paho's thread has ended"
                assert sink.failure is None, f"the sink has failed: {sink.failure!r}"
                raise Refused("connection")

            yield attempt


def _packets(draw: random.Random) -> bytes:
    """A CONNACK as a rule, and then whatever (MQTT 3.1.1, chapter 2 and 3)."""
    right = [
        b"\x20\x02\x00\x00",  # CONNACK
        b"\x90\x03\x00\x01\x00",  # SUBACK
        _publish(b"homeassistant/status", b"online", 0x30),
        _publish(b"pi/status", b"offline", 0x32),
        b"\x40\x02\x00\x01",  # PUBACK
        b"\x50\x02\x00\x01",  # PUBREC
        b"\x62\x02\x00\x01",  # PUBREL
        b"\x70\x02\x00\x01",  # PUBCOMP
        b"\xd0\x00",  # PINGRESP
        b"\xb0\x02\x00\x01",  # UNSUBACK
    ]
    stream = right[0] if draw.random() < 0.85 else b""
    for _ in range(draw.randint(0, 5)):
        packet = draw.choice(right)
        if draw.random() < 0.5:
            packet = mutated(draw, packet, most=2)
        elif draw.random() < 0.1:
            packet = bytes([draw.randrange(256)]) + b"\xff\xff\xff" + draw.randbytes(8)
        stream += packet
    return mutated(draw, stream) if stream and draw.random() < 0.3 else stream


def _publish(topic: bytes, payload: bytes, kind: int) -> bytes:
    number = b"\x00\x07" if kind & 0x06 else b""
    body = struct.pack(">H", len(topic)) + topic + number + payload
    return bytes([kind, len(body)]) + body


TARGETS = (
    Target("HTTP requests", http, 8),
    Target("MQTT packets", broker, 2),
)
