"""Fresh virtual environments of every Python that can be had, with the wheel in them."""

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
VERSIONS = ("3.10", "3.11", "3.12", "3.13")
EXTRAS = "data,demo,mqtt,report,web"  # train and convert are those of the tests' environment


@dataclass
class Environment:
    """A virtual environment.

    Attributes:
        python: its interpreter.
    """

    python: Path

    @classmethod
    def fresh(cls, interpreter: Path, folder: Path) -> "Environment":
        """Make one in `folder`, in place of what was there."""
        shutil.rmtree(folder, ignore_errors=True)
        run(interpreter, "-m", "venv", folder)
        return cls(folder / "bin/python")

    @property
    def binaries(self) -> Path:
        """The folder of its programs."""
        return self.python.parent

    def install(self, *what: str | Path) -> None:
        """Install packages with pip.

        Raises:
            RuntimeError: with pip's last words.
        """
        run(self.python, "-m", "pip", "install", "--quiet", *what)

    @cached_property
    def installed(self) -> dict[str, Any]:
        """What `installed.py` tells of it; asked for once."""
        told: dict[str, Any] = json.loads(run(self.python, ROOT / "release/installed.py"))
        return told


def find_python(version: str) -> Path | None:
    """An interpreter of a version such as 3.12: on PATH, of pyenv, or of uv, which may fetch it."""
    candidates = [shutil.which(f"python{version}")]
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    candidates += [str(path) for path in sorted(pyenv.glob(f"versions/{version}.*/bin/python"))]
    found = next((Path(one) for one in candidates if one and _is(Path(one), version)), None)
    uv = shutil.which("uv")
    if found is None and uv is not None:
        asked = subprocess.run([uv, "python", "install", version], capture_output=True)
        if asked.returncode == 0:
            told = run(uv, "python", "find", "--no-project", version)
            found = Path(told.strip())
    return found


def run(*command: str | Path) -> str:
    """Run a command and return what it wrote to stdout.

    Raises:
        RuntimeError: it failed; with its last words.
    """
    quiet = {**os.environ, "PYTHONWARNINGS": "ignore", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    quiet.pop("PYTHONPATH", None)
    done = subprocess.run(command, capture_output=True, text=True, env=quiet)
    if done.returncode:
        words = (done.stderr or done.stdout).strip().splitlines()[-3:]
        raise RuntimeError(f"{Path(command[0]).name} failed: {' '.join(words)}")
    return done.stdout


def _is(python: Path, version: str) -> bool:
    """Whether it runs and is of that version; pyenv leaves stand-ins on PATH that only complain."""
    try:
        done = subprocess.run([python, "--version"], capture_output=True, text=True)
    except OSError:
        return False
    return done.returncode == 0 and f"Python {version}." in done.stdout
