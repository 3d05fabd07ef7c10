"""A Raspberry Pi's Python on this machine, with this package and its base install in it."""

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from arm64.root import make_root, missing_packages, python_of

_PROJECT = Path(__file__).parents[2]
_SOURCES = ("pyproject.toml", "README.md", "LICENSE", "NOTICE")
_ROOMS = ("edge_emotion", "train", "convert", "device")
_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "edge-emotion/arm64"
ROOT = Path(os.environ.get("EDGE_EMOTION_ARM64_ROOT") or _CACHE).absolute()

Python = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def arm64_python(tmp_path_factory) -> Python:
    """A function that runs Python with the arguments given, by `board` on another than a Pi 5."""
    missing = missing_packages()
    if missing:
        pytest.exit(f"tests/arm64 needs: apt install {' '.join(missing)}", returncode=1)
    make_root(ROOT)
    folder = tmp_path_factory.mktemp("arm64")
    environment = {
        **os.environ,
        "PYTHONPATH": str(_package(folder)),
        "PYTHONNOUSERSITE": "1",  # which holds packages for this machine
        "PYTHONPYCACHEPREFIX": str(folder / "bytecode"),
        "PYTHONDONTWRITEBYTECODE": "",
    }

    def run(*arguments: str | Path, board: str = "Pi 5") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [python_of(ROOT, board), *arguments],
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
        )

    return run


def _package(folder: Path) -> Path:
    """A folder with this package as its wheel has it."""
    source = folder / "source"  # a copy, for a build leaves folders behind
    source.mkdir()
    for name in _SOURCES:
        shutil.copy(_PROJECT / name, source)
    for name in _ROOMS:
        unwanted = shutil.ignore_patterns("__pycache__", "*.egg-info")
        shutil.copytree(_PROJECT / name, source / name, ignore=unwanted)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*command, "--no-deps", f"--wheel-dir={folder}", source], check=True)
    (wheel,) = folder.glob("edge_emotion-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "package")
    return folder / "package"
