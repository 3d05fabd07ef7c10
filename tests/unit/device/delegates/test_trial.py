"""The process in which a delegate or a model is tried, apart from what these do in it."""

import os
import signal
from pathlib import Path

import pytest

from edge_emotion.errors import EdgeEmotionError
from edge_emotion.modelfile import read_model, shipped_model, write_model
from edge_emotion_device import load_emotion
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


@pytest.mark.parametrize(
    ("program", "told"),
    [
        (
            "import os; print('prepare', flush=True); os.kill(os.getpid(), 11)",
            "m.tflite: the runtime crashes with SIGSEGV while preparing the model; convert the",
        ),
        (
            """print("invoke"); print('{"error": "Input tensor 3 lacks data"}')""",
            "m.tflite cannot run with --delegate cpu: Input tensor 3 lacks data; convert the",
        ),
        (
            "import time; print('invoke', flush=True); time.sleep(60)",
            "m.tflite: the runtime hangs for 0.5 s while running the model; convert the",
        ),
    ],
    ids=["crash", "error", "hang"],
)
def test_a_model_that_the_runtime_cannot_bear_is_told_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, told: str
) -> None:
    child(tmp_path, monkeypatch, program)
    monkeypatch.setattr(trial, "_LIMIT_S", 0.5 if "sleep" in program else 30.0)
    with pytest.raises(EdgeEmotionError) as caught:
        trial.try_model(Path("m.tflite"), program.encode())
    assert str(caught.value).startswith(told)


def test_a_model_is_tried_once_and_the_shipped_ones_never(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = tmp_path / "tried"
    program = f"print('done'); open({str(tried)!r}, 'a').write('x')"
    child(tmp_path, monkeypatch, program)
    monkeypatch.setattr(trial, "_passed", set())
    own, shipped = tmp_path / "own.tflite", read_model(shipped_model("emotion"))
    write_model(own, shipped.flatbuffer, shipped.metadata)
    load_emotion().close()
    assert not tried.exists()
    for _ in range(2):
        load_emotion(own).close()
    assert tried.read_text() == "x"
