"""Trying a delegate in a process of its own first, because a crash inside it cannot be caught.

The process is over, and the device free again, before this one opens it.
"""

import hashlib
import json
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any
from weakref import WeakSet

from edge_emotion_device.delegates import edgetpu
from edge_emotion_device.delegates.choice import DelegateChoice
from edge_emotion_device.delegates.errors import STAGES, crashed, hung, refused
from edge_emotion_device.runtime import MODULE

_CHILD = Path(__file__).with_name("child.py")
_LIMIT_S = 30.0  # a USB Edge TPU is given its firmware first, which takes a few seconds
_KILLED_S = 2.0  # a process that hangs inside the kernel outlives even SIGKILL

_DONE = "done"

_passed: set[tuple[object, ...]] = set()
_in_use: dict[str, WeakSet[Any]] = {}


def try_delegate(choice: DelegateChoice, flatbuffer: bytes) -> None:
    """Open the delegate, prepare the model and run it once, elsewhere.

    What passed once is not tried again.  Nor is a library that this process has a delegate of, or
    an Edge TPU that another program has: a second process that opens one on USB takes it from the
    first, which then aborts (https://github.com/google-coral/edgetpu/issues/645).

    Raises:
        DelegateFailed: it cannot be had, refuses, crashes or hangs.
    """
    digest = hashlib.sha256(flatbuffer).digest()
    trial = (choice.library, tuple(choice.options.items()), digest)
    if _in_use.get(choice.library):
        return
    if choice.for_edgetpu and edgetpu.held(choice.options.get("device", "")):
        raise refused(choice, "create", "")
    if trial not in _passed:
        _try(choice, flatbuffer)
        _passed.add(trial)


def in_use(choice: DelegateChoice, delegate: Any) -> None:
    """Remember a delegate for as long as it lives."""
    _in_use.setdefault(choice.library, WeakSet()).add(delegate)


def _try(choice: DelegateChoice, flatbuffer: bytes) -> None:
    request = {
        "library": choice.library,
        "options": choice.options,
        "runtime": MODULE,
        "sys_path": [str(place) for place in sys.path],
        "limit_s": int(_LIMIT_S) + 10,
    }
    child = subprocess.Popen(  # noqa: S603  this Python and our own file
        [sys.executable, "-I", str(_CHILD)],  # -I: without our folder among the places of imports
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is for this process; it ends the trial as it leaves
    )
    given = json.dumps(request).encode() + b"\n" + flatbuffer
    try:
        reported, said = child.communicate(given, _LIMIT_S)
    except subprocess.TimeoutExpired as late:
        raise hung(choice, _stage(late.stdout or b""), _LIMIT_S) from late
    finally:
        child.kill()
        with suppress(subprocess.TimeoutExpired):
            child.communicate(timeout=_KILLED_S)
    *_, last = ["", *reported.decode().splitlines()]
    if last == _DONE:
        return
    spoken = [line for line in said.decode(errors="replace").splitlines() if line[:4] != "INFO"]
    last_words = spoken[-1] if spoken else ""
    if last.startswith("{"):
        raise refused(choice, _stage(reported), json.loads(last)["error"])
    if child.returncode < 0:
        name = signal.Signals(-child.returncode).name
        raise crashed(choice, _stage(reported), name, last_words)
    raise refused(choice, _stage(reported), last_words)


def _stage(reported: bytes) -> str:
    """The last stage that was begun."""
    lines = reported.decode().splitlines()
    return next((line for line in reversed(lines) if line in STAGES), "start")
