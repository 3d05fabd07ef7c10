"""What the page, MQTT and metrics take from the frame path: runs with all of them and runs without.

A clip of two faces is read as fast as it goes, by `edge-emotion run` in a process of its own; runs
with and without listeners take turns.  Those with have one viewer (pictures and events), a
Prometheus that asks every second, and Debian's mosquitto, which share the machine's cores with the
run, as they would on a small board.

    python benchmarks/listeners.py --output benchmarks/results/listeners.json
"""

import argparse
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event, Thread

import cv2
import numpy as np

from frame_path import FPS, HEIGHT_PX, WIDTH_PX, frame_of
from machine import describe_run, report

_LOOP = 60
_FACES = 2
_RUN = [sys.executable, "-m", "edge_emotion", "run", "--headless", "--output", "/dev/null"]
_PAGE = re.compile(r"the page is at (http://\S+/)")
_RATE = re.compile(r"rate +([\d.]+) frames/s")
_CHUNK_BYTES = 1 << 16


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--frames", type=int, default=2400, help="of each run")
    parser.add_argument("--output", type=Path, help="write the figures as JSON")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as stack:
        clip = Path(scratch) / "clip.mp4"
        make_clip(clip, arguments.frames)
        broker = stack.enter_context(mosquitto(Path(scratch)))
        without, kept = [], []
        with_all, pictures = [], []
        for _ in range(arguments.rounds):
            without.append(run_alone(clip))
            rate, seen = run_watched(clip, broker)
            with_all.append(rate)
            pictures.append(seen)
            kept.append(rate / without[-1])
    figures = {
        "without_per_s": without,
        "with_all_per_s": with_all,
        "pictures_seen_per_s": pictures,
        "kept": round(float(np.median(kept)), 3),
        "kept_by_round": [round(share, 3) for share in kept],
        "run": describe_run(("uvicorn", "starlette", "paho-mqtt", "opencv-python-headless")),
    }
    report(figures, arguments.output)


def make_clip(path: Path, frames: int) -> None:
    """Write a video of two faces that swing a little."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), FPS, (WIDTH_PX, HEIGHT_PX))
    images = [frame_of(_FACES, index) for index in range(_LOOP)]
    for index in range(frames):
        writer.write(images[index % _LOOP])
    writer.release()


@contextmanager
def mosquitto(folder: Path) -> Iterator[str]:
    """The URL of a broker that runs while in the block."""
    program = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin")
    if program is None:
        raise SystemExit("no mosquitto here; Debian has it in the package of this name")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = folder / "mosquitto.conf"
    config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n")
    broker = subprocess.Popen([program, "-c", config], stderr=subprocess.DEVNULL)
    try:
        yield f"mqtt://127.0.0.1:{port}"
    finally:
        broker.terminate()
        broker.wait()


def run_alone(clip: Path) -> float:
    """Frames a second of a run that nobody listens to."""
    done = subprocess.run([*_RUN, "--camera", clip], stderr=subprocess.PIPE, text=True, check=True)
    return _rate(done.stderr)


def run_watched(clip: Path, broker: str) -> tuple[float, float]:
    """Frames a second of a run with all listeners, and the pictures a second that a viewer saw."""
    listeners = ["--web", "127.0.0.1:0", "--mqtt", broker, "--no-mqtt-discovery"]
    started_s = time.monotonic()
    running = subprocess.Popen(
        [*_RUN, "--camera", clip, *listeners], stderr=subprocess.PIPE, text=True
    )
    assert running.stderr is not None
    page = next(found[1] for line in running.stderr if (found := _PAGE.search(line)))
    ended, seen = Event(), [0]
    viewers = [
        Thread(target=_look, args=(f"{page}stream.mjpg", b"Content-Type: image/jpeg", seen)),
        Thread(target=_look, args=(f"{page}api/events", b"event: ", [0])),
        Thread(target=_scrape, args=(f"{page}metrics", ended)),
    ]
    for viewer in viewers:
        viewer.start()
    told = running.stderr.read()
    running.wait()
    ended.set()
    for viewer in viewers:
        viewer.join()
    return _rate(told), round(seen[0] / (time.monotonic() - started_s), 1)


def _look(url: str, mark: bytes, seen: list[int]) -> None:
    """Read a stream until it ends, and count its parts."""
    with urllib.request.urlopen(url) as stream:
        while chunk := stream.read1(_CHUNK_BYTES):
            seen[0] += chunk.lower().count(mark.lower())


def _scrape(url: str, ended: Event) -> None:
    while not ended.wait(1):
        try:
            with urllib.request.urlopen(url) as reply:
                reply.read()
        except OSError:  # the run has just ended
            return


def _rate(told: str) -> float:
    found = _RATE.search(told)
    if found is None:
        raise SystemExit(told)
    return float(found[1])


if __name__ == "__main__":
    main()
