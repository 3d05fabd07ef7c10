"""TFLite delegates as shared libraries, compiled here from a few lines of C."""

import shutil
import subprocess
from pathlib import Path

import pytest

SOURCE = Path(__file__).with_name("delegate.c")
SOFTMAX, CONV_2D = 25, 3  # numbers of builtin operators, for its option `claim`
FOR_EDGETPU = '-DCLAIM="edgetpu-custom-op"'  # takes compiled models without being told to


def compiled_library(
    library: Path, code: str | None = None, *options: str, compiler: str = "cc"
) -> Path:
    """Compile `delegate.c`, or other C code, into a shared library; skips without a compiler."""
    if shutil.which(compiler) is None:
        pytest.skip(f"no C compiler here: {compiler} (apt-get install gcc libc6-dev)")
    line = [compiler, "-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-o", str(library)]
    given = [str(SOURCE)] if code is None else ["-x", "c", "-", "-x", "none"]
    subprocess.run([*line, *given, *options], input=code, text=True, check=True)
    return library


def for_another_machine(library: Path, target: Path) -> Path:
    """The library with another processor's number in its header."""
    content = bytearray(library.read_bytes())
    content[18:20] = (183 if content[18] != 183 else 62).to_bytes(2, "little")  # e_machine of ELF
    target.write_bytes(content)
    return target


def logged(log: Path) -> list[tuple[str, int]]:
    """What the delegate did, and in which process."""
    if not log.exists():
        return []
    lines = (line.split() for line in log.read_text().splitlines())
    return [(stage, int(process)) for stage, process in lines]
