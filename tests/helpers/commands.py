"""`edge-emotion` as a user runs it: a process, its output and its exit code."""

import subprocess
import sys
from pathlib import Path


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


def is_one_line(text: str) -> bool:
    """Whether an error is told as it should be: one line, ours, no traceback."""
    return text.startswith("edge-emotion: ") and text.count("\n") == 1 and "Traceback" not in text
