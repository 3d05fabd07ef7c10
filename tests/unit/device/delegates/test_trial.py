"""The process in which a delegate is tried, apart from what a delegate does in it."""

import os
import signal
from pathlib import Path

import pytest

from edge_emotion_device.delegates import trial
from edge_emotion_device.delegates.choice import parse_delegate
from edge_emotion_device.delegates.errors import DelegateFailed

CHOICE = parse_delegate("external:libany.so")


def child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    path = tmp_path / "child.py"
    path.write_text(program)
    monkeypatch.setattr(trial, "_CHILD", path)


def test_ctrl_c_does_not_reach_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = "import os; print('load'); print('done' if os.getpid() == os.getsid(0) else '')"
    child(tmp_path, monkeypatch, program)
    trial.try_delegate(CHOICE, b"a model")


def test_it_ends_with_an_interrupted_parent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = tmp_path / "process"
    child(
        tmp_path,
        monkeypatch,
        f"import os, time; open({str(told)!r}, 'w').write(str(os.getpid()))\n"
        f"os.kill(os.getppid(), {int(signal.SIGUSR1)}); time.sleep(60)",
    )

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGUSR1, interrupt)
    try:
        with pytest.raises(KeyboardInterrupt):
            trial.try_delegate(CHOICE, b"another model")
    finally:
        signal.signal(signal.SIGUSR1, before)
    with pytest.raises(ProcessLookupError):
        os.kill(int(told.read_text()), 0)


def test_what_it_says_last_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    child(tmp_path, monkeypatch, "print('load'); print('invoke', flush=True); 1 / 0")
    with pytest.raises(DelegateFailed, match=r"failed while running the model \(ZeroDivision"):
        trial.try_delegate(CHOICE, b"a third model")
