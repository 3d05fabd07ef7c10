"""What a wheel or an sdist may hold: code, the shipped models, and nothing of who built it."""

import os
import re
import socket
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SUFFIXES = (
    *(".cfg", ".css", ".html", ".in", ".js", ".md", ".py", ".svg", ".tflite", ".toml", ".txt"),
    ".typed",
)
NAMES = (
    *("LICENSE", "METADATA", "MODEL_LICENSE", "NOTICE", "PKG-INFO", "RECORD", "WHEEL"),
    "entry_points.txt",
)
MODELS = ("emotion.tflite", "keypoints.tflite", "detector.tflite", "peak.tflite")
_LARGEST_TEXT_BYTES = 100_000
_SHORTEST_NAME = 5


def complaints(package: Path, names: tuple[str, ...] = ()) -> list[str]:
    """What is in a package that should not be, a line each.

    Args:
        package: a .whl or .tar.gz.
        names: what no file may name, besides the places and names of this machine.
    """
    private = [re.escape(name.encode()) for name in (*private_names(), *names)]
    pattern = re.compile(b"|".join(private), re.IGNORECASE)
    found = []
    for name, data in _members(package):
        path = Path(name)
        if path.suffix not in SUFFIXES and path.name not in NAMES:
            found.append(f"{name}: neither code nor a page nor a model")
        elif path.suffix == ".tflite" and path.name not in MODELS:
            found.append(f"{name}: not a model that is shipped")
        elif path.suffix != ".tflite" and len(data) > _LARGEST_TEXT_BYTES:
            found.append(f"{name}: {len(data)} bytes, more than a source file has")
        if told := pattern.search(data):
            found.append(f"{name}: names {told[0].decode()!r}, of this machine")
    return found


def private_names() -> list[str]:
    """Places and names that only this machine has.

    A name that is short, or a word of the language, would be found where nobody means it.
    """
    home, user = str(Path.home()), os.environ.get("USER", "")
    host = socket.gethostname().partition(".")[0]
    places = [str(ROOT), str(ROOT.parent), home, sys.prefix, str(Path(sys.prefix).parent)]
    deep = [place for place in places if place.count("/") > 1]
    common = ("localhost", "raspberrypi", "debian", "ubuntu", "github", "runner")
    long = [name for name in (host, user) if len(name) >= _SHORTEST_NAME and name not in common]
    return [*deep, *long]


def _members(package: Path) -> Iterator[tuple[str, bytes]]:
    if package.suffix == ".whl":
        with zipfile.ZipFile(package) as wheel:
            yield from ((name, wheel.read(name)) for name in wheel.namelist())
        return
    with tarfile.open(package) as sdist:
        for member in sdist:
            stream = sdist.extractfile(member)
            if stream is not None:
                yield member.name, stream.read()
