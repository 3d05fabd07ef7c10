"""Trying a delegate, or a model on the CPU, in a process of its own: a crash cannot be caught.

The process is over, and a device free again, before this one opens it.
"""

import hashlib
import json
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from weakref import WeakSet

from edge_emotion.errors import EdgeEmotionError
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


def try_model(path: Path, flatbuffer: bytes) -> None:
    """Prepare a model on the CPU and run it once, elsewhere; what passed is not tried again.

    The runtime looks at a model's numbers, but not at all of them: a few changed ones end it with a
    signal, and a checksum says only that nobody has changed the file by mistake.

    Raises:
        EdgeEmotionError: it cannot be run, crashes or hangs.
    """
    digest = ("cpu", hashlib.sha256(flatbuffer).digest())
    if digest in _passed:
        return
    ended = _run_child("", {}, flatbuffer)
    if ended.well:
        _passed.add(digest)
        return
    if not (ended.signal or ended.hung):
        raise EdgeEmotionError(
            f"{path} cannot run with --delegate cpu: {ended.error}",
            remedy="convert the model again",
        )
    how = f"crashes with {ended.signal}" if ended.signal else f"hangs for {_LIMIT_S:g} s"
    raise EdgeEmotionError(
        f"{path}: the runtime {how} while {STAGES[ended.stage]}",
        remedy="convert the model again, and take none from who is not known",
    )


def in_use(choice: DelegateChoice, delegate: Any) -> None:
    """Remember a delegate for as long as it lives."""
    _in_use.setdefault(choice.library, WeakSet()).add(delegate)


def _try(choice: DelegateChoice, flatbuffer: bytes) -> None:
    ended = _run_child(choice.library, choice.options, flatbuffer)
    if ended.hung:
        raise hung(choice, ended.stage, _LIMIT_S)
    if ended.signal:
        raise crashed(choice, ended.stage, ended.signal, ended.said)
    if not ended.well:
        raise refused(choice, ended.stage, ended.error)


@dataclass(frozen=True)
class _Ended:
    """How a trial ended.

    Attributes:
        well: whether it came to its end.
        stage: the last that was begun.
        hung: whether it was ended, because it took too long.
        signal: that ended it; empty for none.
        error: what it reported, or said last.
        said: the last line that the library left on stderr.
    """

    well: bool
    stage: str
    hung: bool = False
    signal: str = ""
    error: str = ""
    said: str = ""


def _run_child(library: str, options: dict[str, str], flatbuffer: bytes) -> _Ended:
    request = {
        "library": library,
        "options": options,
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
        return _Ended(False, _stage(late.stdout or b""), hung=True)
    finally:
        child.kill()
        with suppress(subprocess.TimeoutExpired):
            child.communicate(timeout=_KILLED_S)
    *_, last = ["", *reported.decode().splitlines()]
    if last == _DONE:
        return _Ended(True, _stage(reported))
    spoken = [line for line in said.decode(errors="replace").splitlines() if line[:4] != "INFO"]
    last_words = spoken[-1] if spoken else ""
    if last.startswith("{"):
        return _Ended(False, _stage(reported), error=json.loads(last)["error"], said=last_words)
    name = signal.Signals(-child.returncode).name if child.returncode < 0 else ""
    return _Ended(False, _stage(reported), signal=name, error=last_words, said=last_words)


def _stage(reported: bytes) -> str:
    """The last stage that was begun."""
    lines = reported.decode().splitlines()
    return next((line for line in reversed(lines) if line in STAGES), "start")
