"""`edge-emotion` as a user runs it: a process, its output and its exit code."""

import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from unittest.mock import patch

import pytest


def command(*arguments: str | Path) -> list[str]:
    """The command line that runs `edge-emotion` in this Python."""
    return [sys.executable, "-m", "edge_emotion", *map(str, arguments)]


def edge_emotion(
    *arguments: str | Path, timeout_s: float = 60, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command and wait for its end."""
    return subprocess.run(
        command(*arguments), capture_output=True, text=True, timeout=timeout_s, cwd=cwd
    )


def edge_emotion_here(
    *arguments: str | Path, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """The same in this process, where nothing is asked of one of its own: it spares a second."""
    from edge_emotion.cli import main

    line, before = ["edge-emotion", *map(str, arguments)], Path.cwd()
    out, err = StringIO(), StringIO()
    os.chdir(cwd or before)
    try:
        with (
            redirect_stdout(out),
            redirect_stderr(err),
            patch.object(sys, "argv", line),
            pytest.raises(SystemExit) as end,
        ):
            main()
    finally:
        os.chdir(before)
    return subprocess.CompletedProcess(line, end.value.code, out.getvalue(), err.getvalue())


def is_one_line(text: str) -> bool:
    """Whether an error is told as it should be: one line, ours, no traceback."""
    return text.startswith("edge-emotion: ") and text.count("\n") == 1 and "Traceback" not in text
