"""SavedModels that no fresh process tries, where that process is not what is tested."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from edge_emotion_convert import serving, serving_check


@contextmanager
def tried_here() -> Iterator[None]:
    """Meanwhile this process tries what is written: in another TensorFlow takes seconds to load."""

    def run(line: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        out = StringIO()
        with redirect_stdout(out):
            serving_check.main(line[-1])
        return subprocess.CompletedProcess(line, 0, out.getvalue(), "")

    here = SimpleNamespace(run=run, TimeoutExpired=subprocess.TimeoutExpired)
    with patch.object(serving, "subprocess", here):
        yield
