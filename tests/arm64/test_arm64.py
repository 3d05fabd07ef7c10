"""The device on arm64: that all of it works there, and computes what this machine computes.

Emulated, so its times say nothing.  `make test-arm64` runs it.
"""

import json
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest

from arm64 import computed
from arm64.root import BOARDS
from helpers.commands import edge_emotion, is_one_line
from helpers.delegates import SOFTMAX, compiled_library, logged
from helpers.photographs import astronaut

pytestmark = pytest.mark.arm64

TASKS = ("emotion", "keypoints")
FRAMES = 3
STEPS = 2  # of an int8 output, that fast kernels may be off; 1 was seen


@pytest.fixture(scope="module")
def pi(arm64_python):
    """The command `edge-emotion` on arm64."""
    return lambda *arguments: arm64_python("-m", "edge_emotion", *arguments)


@pytest.fixture(scope="module")
def computed_there(arm64_python):
    """By board, what `computed` finds on arm64."""
    with ThreadPoolExecutor() as pool:
        done = list(pool.map(lambda board: arm64_python(computed.__file__, board=board), BOARDS))
    assert [one.stderr for one in done if one.returncode] == []
    return {board: json.loads(one.stdout) for board, one in zip(BOARDS, done, strict=True)}


@pytest.fixture(scope="module")
def computed_here():
    return computed.everything()


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """A face that moves to the right."""
    path = tmp_path_factory.mktemp("clip") / "face.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25, (512, 512))
    for number in range(FRAMES):
        writer.write(np.roll(astronaut(), 3 * number, axis=1))
    writer.release()
    return path


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """The fake delegate, for arm64."""
    path = tmp_path_factory.mktemp("delegate") / "libdelegate.so"
    return compiled_library(path, compiler="aarch64-linux-gnu-gcc")


def test_the_command_tells_what_it_can_do(pi):
    done = pi("--help")

    assert done.returncode == 0, done.stderr
    assert "doctor" in done.stdout


def test_only_the_base_install_is_there(arm64_python):
    absent = ["keras", "matplotlib", "pandas", "pytest", "skimage", "tensorflow"]
    look = f"from importlib.util import find_spec; print([m for m in {absent} if find_spec(m)])"

    assert arm64_python("-c", look).stdout == "[]\n"


def test_the_doctor_finds_an_arm64_system_on_which_run_works(pi):
    done = pi("doctor", "--json")
    checks = {check["name"]: check for check in json.loads(done.stdout)}

    assert done.returncode == 0, done.stdout
    assert "aarch64, 64-bit" in checks["system"]["found"]
    assert all(checks[name]["status"] == "ok" for name in ("numpy", "opencv", "runtime", "models"))


@pytest.mark.parametrize("task", TASKS)
def test_a_shipped_model_verifies(pi, task):
    done = pi("models", "verify", task, "--json")
    reference, cpu = json.loads(done.stdout)["comparisons"]

    assert done.returncode == 0, done.stdout
    assert (reference["kernels"], reference["differing"]) == ("reference", 0)
    assert (cpu["kernels"], cpu["passed"]) == ("cpu", True)


@pytest.mark.parametrize("board", BOARDS)
def test_preprocessing_gives_the_same_bytes(computed_there, computed_here, board):
    there, here = computed_there[board]["preprocessing"], computed_here["preprocessing"]

    assert computed_there[board]["machine"] == "aarch64"
    assert len(here) > 60
    assert [step for step in here if there[step] != here[step]] == []


@pytest.mark.parametrize("board", BOARDS)
@pytest.mark.parametrize("task", TASKS)
def test_reference_kernels_answer_the_same_bytes(computed_there, computed_here, task, board):
    there, here = (found["models"][task] for found in (computed_there[board], computed_here))

    assert there["reference"] == here["reference"]
    assert len(np.unique(here["reference"], axis=0)) > 1  # faces are told apart


@pytest.mark.parametrize("board", BOARDS)
@pytest.mark.parametrize("task", TASKS)
def test_fast_kernels_answer_nearly_the_same(computed_there, computed_here, task, board):
    there, here = (found["models"][task] for found in (computed_there[board], computed_here))

    assert there["xnnpack"] and here["xnnpack"]
    assert np.abs(np.subtract(there["cpu"], here["cpu"])).max() <= STEPS


def test_a_clip_gives_the_readings_it_gives_here(pi, clip):
    arguments = ("run", "--camera", clip, "--headless")
    done, here = pi(*arguments), edge_emotion(*arguments)
    assert done.returncode == 0, done.stderr
    readings = [
        [json.loads(line) for line in output.splitlines()] for output in (done.stdout, here.stdout)
    ]

    assert [len(lines) for lines in readings] == [FRAMES, FRAMES]
    for theirs, ours in zip(*readings, strict=True):
        assert theirs["box"] == pytest.approx(
            ours["box"], abs=1.5
        )  # px; the kernels differ by rounding
        assert (theirs["label"], theirs["track_id"]) == (ours["label"], ours["track_id"])


def test_options_reach_a_delegate_which_takes_its_operators(pi, clip, library, tmp_path):
    log = tmp_path / "log"
    delegate = f"external:{library},claim={SOFTMAX},log={log}"
    done = pi("run", "--camera", clip, "--headless", "--frames", "1", "--delegate", delegate)

    assert done.returncode == 0, done.stderr
    assert {"create", "prepare", "invoke"} <= {stage for stage, _ in logged(log)}


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ("fail=create", "opens no device (no device)"),
        ("fail=prepare", "failed while preparing the model"),
        (f"claim={SOFTMAX},crash=invoke", "crashed with SIGSEGV while running the model"),
    ],
)
def test_what_went_wrong_with_a_delegate_is_told_apart(pi, clip, library, option, told):
    delegate = f"external:{library},{option}"
    done = pi("run", "--camera", clip, "--headless", "--frames", "1", "--delegate", delegate)

    assert done.returncode == 1
    assert told in done.stderr
    assert is_one_line(done.stderr), done.stderr


def test_a_missing_library_is_told(pi, clip):
    done = pi("run", "--camera", clip, "--headless", "--delegate", "external:/no/such.so")

    assert done.returncode == 1
    assert "there is no such file" in done.stderr
    assert is_one_line(done.stderr), done.stderr
