"""How fast `edge-emotion serve` answers: one request after the other, then many at a fixed rate.

    python benchmarks/serving.py --output results/serving.json

Starts a server of its own, on this machine only, and ends it.  The load comes from this process, so
on two cores it takes its share of them.  At a fixed rate a request's time counts from when it was
due, not from when a busy client came to send it.  `server_cpu_ms`, the processor time of the server
for a request, depends least on what else the machine does; `status` asks no network.
"""

import argparse
import asyncio
import base64
import json
import os
import subprocess
import sys
from pathlib import Path
from time import perf_counter
from typing import Any, TypeAlias

import numpy as np

from edge_emotion.files import write_text
from machine import describe_run

SIDES_PX = {"emotion_ai": 48, "keypoints": 96, "emotion_ai_combined": 96}
MOST_SECONDS, MOST_PER_SECOND = 120, 5000
FORMS = ("status", "serving_bytes", "serving_default", "base64")
Process: TypeAlias = "subprocess.Popen[str]"
_READY = "listening on http://127.0.0.1:"


def main() -> None:
    """Measure, print a table and, where asked, write the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=500, help="one after the other, of each")
    parser.add_argument("--rate", type=int, default=500, help="requests a second")
    parser.add_argument("--seconds", type=int, default=10, help="at that rate")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--threads", type=int, default=2, help="of the server")
    parser.add_argument("--output", type=Path, help="write the figures to this file")
    asked = parser.parse_args()
    asked.seconds = min(asked.seconds, MOST_SECONDS)
    asked.rate = min(asked.rate, MOST_PER_SECOND)
    command = [sys.executable, "-m", "edge_emotion", "serve", "--port", "0"]
    server = subprocess.Popen(
        [*command, "--threads", str(asked.threads)], stderr=subprocess.PIPE, text=True
    )
    try:
        measured = asyncio.run(_measure(server, _port(server), asked))
    finally:
        server.terminate()
        server.wait(10)
    for row in measured["one_after_the_other"] + measured["at_a_rate"]:
        print(json.dumps(row))
    if asked.output:
        run = describe_run(("ai-edge-litert", "uvicorn", "starlette", "orjson", "numpy"))
        write_text(asked.output, json.dumps({**run, **measured}, indent=1) + "\n")


def _port(server: Process) -> int:
    assert server.stderr is not None
    for line in server.stderr:
        if _READY in line:
            return int(line.partition(_READY)[2].partition("/")[0])
    raise SystemExit("the server did not start")


async def _measure(server: Process, port: int, asked: argparse.Namespace) -> dict[str, Any]:
    single, loaded = [], []
    for model in SIDES_PX:
        for form in FORMS:
            request = _request(model, form)
            await _one_after_the_other(port, request, 20)
            before_ms = _cpu_ms(server)
            durations, errors = await _one_after_the_other(port, request, asked.requests)
            cpu_ms = (_cpu_ms(server) - before_ms) / asked.requests
            single.append({"model": model, "input": form, **_summary(durations, errors, cpu_ms)})
    for form in FORMS:
        start, before_ms = perf_counter(), _cpu_ms(server)
        durations, errors = await _at_a_rate(port, _request("emotion_ai", form), asked)
        rate = len(durations) / (perf_counter() - start)
        cpu_ms = (_cpu_ms(server) - before_ms) / len(durations)
        row = {"model": "emotion_ai", "input": form, "asked_per_s": asked.rate}
        answered = {"answered_per_s": round(rate, 1)}
        loaded.append({**row, **answered, **_summary(durations, errors, cpu_ms)})
    return {"one_after_the_other": single, "at_a_rate": loaded}


def _cpu_ms(server: Process) -> float:
    """Processor time that the server has used: fields 14 and 15 of proc_pid_stat(5)."""
    fields = Path(f"/proc/{server.pid}/stat").read_text().rpartition(")")[2].split()
    return 1000 * (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _request(model: str, form: str) -> bytes:
    """A request with one face of noise, whose numbers are as long in JSON as a photograph's."""
    if form == "status":
        return f"GET /v1/models/{model} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    side = SIDES_PX[model]
    face = np.random.default_rng(0).integers(0, 256, (side, side, 1), np.uint8)
    table: dict[str, Any] = {"signature_name": "serving_bytes", "instances": [face.tolist()]}
    if form == "serving_default":
        table = {"instances": [(face / np.float32(255)).tolist()]}
    elif form == "base64":
        table["instances"] = [{"b64": base64.b64encode(face.tobytes()).decode()}]
    body = json.dumps(table).encode()
    head = (
        f"POST /v1/models/{model}:predict HTTP/1.1\r\nHost: localhost\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class _Client:
    """One connection that is kept."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def connect(cls, port: int) -> "_Client":
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def ask(self, request: bytes) -> bool:
        """Whether the request was answered, with 200."""
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        await self._reader.readexactly(length)
        return head.startswith(b"HTTP/1.1 200")


async def _one_after_the_other(port: int, request: bytes, number: int) -> tuple[list[float], int]:
    client, durations, errors = await _Client.connect(port), [], 0
    for _ in range(number):
        start = perf_counter()
        errors += not await client.ask(request)
        durations.append(1000 * (perf_counter() - start))
    return durations, errors


async def _at_a_rate(
    port: int, request: bytes, asked: argparse.Namespace
) -> tuple[list[float], int]:
    start, durations, errors = perf_counter(), [], 0
    due = iter(range(asked.rate * asked.seconds))

    async def work() -> None:
        nonlocal errors
        client = await _Client.connect(port)
        for number in due:
            due_s = start + number / asked.rate
            await asyncio.sleep(max(0.0, due_s - perf_counter()))
            try:
                errors += not await client.ask(request)
            except (OSError, asyncio.IncompleteReadError):
                errors += 1
                client = await _Client.connect(port)
            durations.append(1000 * (perf_counter() - due_s))

    await asyncio.gather(*(work() for _ in range(asked.connections)))
    return durations, errors


def _summary(durations: list[float], errors: int, server_cpu_ms: float) -> dict[str, Any]:
    p50, p99 = np.percentile(durations, (50, 99))
    return {
        "requests": len(durations),
        "errors": errors,
        "p50_ms": round(float(p50), 3),
        "p99_ms": round(float(p99), 3),
        "server_cpu_ms": round(server_cpu_ms, 3),
    }


if __name__ == "__main__":
    main()
