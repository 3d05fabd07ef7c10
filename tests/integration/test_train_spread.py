"""Training on several devices and in several processes, real ones on this machine's cores."""

import csv
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from helpers.commands import command, edge_emotion, is_one_line
from helpers.tiny_runs import write_run

pytest.importorskip("jax")
pytestmark = pytest.mark.slow

# Without augmentation, so that rows are the same whoever prepares them, and in steps so small that
# rounding does not grow much.
CHANGES = [
    "mirror",
    "turn_deg",
    "zoom",
    "shift",
    "contrast",
    "brightness",
    "gain_noise",
    "uneven_light",
]
SETTINGS = [
    *(f"augment.{name}=0" for name in (*CHANGES, "uneven_light")),
    "sets.drawn.count=120",
    "fit.batch_size=16",
    "fit.precision=float32",
    "fit.learning_rate=1e-4",
    "network.widths=[4]",
    "network.blocks=[1]",
]
EPOCHS = 8
JAX = {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}


def training(
    out: Path, *more: str, environment: dict[str, str], epochs: int = 2
) -> subprocess.Popen[str]:
    """A training of keypoints on drawn faces, begun."""
    settings = [part for setting in SETTINGS for part in ("--set", setting)]
    return subprocess.Popen(
        command(
            "train", "keypoints", "--recipe", "smoke", "--epochs", str(epochs), "--out", out,
            *settings, *more,
        ),
        env={**os.environ, **environment}, cwd=out.parent, text=True, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def member(
    out: Path, port: int, rank: int, *more: str, epochs: int = 2, scratch: str = "/tmp"
) -> subprocess.Popen[str]:
    """One of two processes of a training."""
    place = ["--coordinator", f"127.0.0.1:{port}", "--processes", "2", "--rank", str(rank)]
    return training(out, *place, *more, environment={**JAX, "TMPDIR": scratch}, epochs=epochs)


def finished(process: subprocess.Popen[str], code: int = 0) -> str:
    """What a process said on stderr, once it has ended as expected."""
    printed, said = process.communicate(timeout=180)
    assert process.returncode == code, said
    assert all(line.startswith("finished: ") for line in printed.splitlines())
    return said


def column(out: Path, name: str) -> list[float]:
    """A figure of all epochs."""
    with (out / "history.csv").open() as file:
        return [float(row[name]) for row in csv.DictReader(file)]


def losses(out: Path) -> list[float]:
    """Training and validation losses of all epochs."""
    return column(out, "loss") + column(out, "val_loss")


def rmse_px(out: Path) -> float:
    """What the finished network was found to be off on validation faces."""
    return float(json.loads((out / "metrics.json").read_text())["validation"]["rmse_px"])


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """The options for a teacher."""
    folder = tmp_path_factory.mktemp("teacher")
    return "--set", f"teachers.one.path='{write_run(folder / 'run', 'keypoints', folder)}'"


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory, taught: tuple[str, str]) -> Path:
    """The run of one process on one device, with JAX."""
    out = tmp_path_factory.mktemp("alone") / "run"
    finished(training(out, *taught, environment=JAX, epochs=EPOCHS))
    return out


@pytest.fixture
def port() -> int:
    """One that nothing listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def test_two_processes_one_killed_and_both_started_again_train_as_one_does(
    alone: Path, taught: tuple[str, str], tmp_path: Path, port: int
):
    out, scratch = tmp_path / "run", tmp_path / "scratch"
    scratch.mkdir()

    def start() -> list[subprocess.Popen[str]]:
        return [
            member(out, port, rank, *taught, epochs=EPOCHS, scratch=str(place))
            for rank, place in enumerate((tmp_path, scratch))
        ]

    both = start()
    while not (out / "resume" / "plain" / "epoch-0002.npz").exists():
        assert both[0].poll() is None, both[0].communicate()[1]
        time.sleep(0.01)
    os.killpg(both[1].pid, signal.SIGKILL)
    said = finished(both[0], code=1)
    assert said.splitlines()[-1] == (
        "edge-emotion: another of the 2 processes was lost; start all of them again with the same "
        "command: the run goes on after its last whole epoch"
    )
    finished(both[1], code=-signal.SIGKILL)
    kept = [file.name for file in (out / "resume" / "plain").iterdir()]
    assert kept and len(kept) <= 2 and all(name.startswith("epoch-") for name in kept)
    assert len(list((out / "logs" / "plain" / "train").iterdir())) == 1  # by rank 0
    assert list(scratch.glob("*/resume/plain/epoch-*.npz"))  # by rank 1

    said, nothing = (finished(process) for process in start())
    assert "going on after epoch" in said and f"epoch {EPOCHS}/{EPOCHS}" in said
    assert not nothing
    assert losses(out) == pytest.approx(losses(alone), rel=2e-3)
    assert rmse_px(out) == pytest.approx(rmse_px(alone), rel=2e-3)


def test_two_processes_whose_teachers_see_plain_faces_train_as_one_does(
    taught: tuple[str, str], tmp_path: Path, port: int
):
    more = *taught, "--set", "fit.teachers_see=plain"
    finished(training(tmp_path / "one", *more, environment=JAX, epochs=2))
    both = [member(tmp_path / "two", port, rank, *more, scratch=str(tmp_path)) for rank in (0, 1)]
    said, nothing = (finished(process) for process in both)
    assert "teachers look at" in said and not nothing
    assert losses(tmp_path / "two") == pytest.approx(losses(tmp_path / "one"), rel=2e-3)


def test_a_network_trained_with_jax_converts(alone: Path, tmp_path: Path):
    done = edge_emotion(
        "convert", alone, "--int8", "--max-drop", "100", "--out", tmp_path, timeout_s=180
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "run" / "keypoints_int8.tflite").exists()


def test_a_process_that_does_not_come_is_told(tmp_path: Path, port: int):
    said = finished(member(tmp_path / "run", port, 0, "--join-timeout", "3"), code=1)
    assert is_one_line(said)
    assert f"not all 2 processes came to 127.0.0.1:{port} within 3 s" in said
    assert not (tmp_path / "run" / "metrics.json").exists()


@pytest.mark.parametrize(
    ("options", "environment", "message"),
    [
        (
            ["--processes", "2", "--rank", "2", "--coordinator", "here:1"],
            {},
            "rank 2 of 2 processes; expected a rank from 0",
        ),
        (["--processes", "2"], {}, "--processes 2 without --coordinator and --rank"),
        (["--coordinator", "here"], {}, "--coordinator here without --processes and --rank"),
        (
            ["--processes", "2", "--rank", "0", "--coordinator", "here"],
            {},
            "coordinator 'here'; expected HOST:PORT",
        ),
        (
            ["--processes", "2", "--rank", "0", "--coordinator", "here:1"],
            {"KERAS_BACKEND": "tensorflow"},
            "several processes with KERAS_BACKEND=tensorflow; expected jax",
        ),
    ],
)
def test_a_place_that_cannot_be_is_one_line(
    tmp_path: Path, options: list[str], environment: dict[str, str], message: str
):
    said = finished(training(tmp_path / "run", *options, environment=environment), code=2)
    assert is_one_line(said) and message in said


# The same command on two devices and on one.
MIRRORED = """
import sys
from contextlib import nullcontext, suppress
import tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
from edge_emotion.cli import main
from edge_emotion_train import devices, fit
with suppress(SystemExit):
    main()
fit.spread = lambda: nullcontext(devices.ALONE)
sys.argv[sys.argv.index("--out") + 1] = "one"
main()
"""


def test_tensorflow_shares_a_batch_between_the_devices_of_a_machine(tmp_path: Path):
    settings = [part for setting in SETTINGS for part in ("--set", setting)]
    done = subprocess.run(
        [
            sys.executable, "-c", MIRRORED, "train", "keypoints", "--recipe", "smoke",
            "--epochs", "2", "--out", "two", *settings,
        ],
        env={**os.environ, "KERAS_BACKEND": "tensorflow"}, capture_output=True, text=True,
        cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "2 devices share each batch of 16" in done.stderr
    one, two = tmp_path / "one", tmp_path / "two"
    assert losses(two) == pytest.approx(losses(one), rel=2e-3)
    assert rmse_px(two) == pytest.approx(column(two, "val_rmse_px")[-1], rel=1e-4)


def test_jax_shares_a_batch_between_the_devices_of_a_machine(
    alone: Path, taught: tuple[str, str], tmp_path: Path
):
    two = {**JAX, "XLA_FLAGS": "--xla_force_host_platform_device_count=2"}
    assert "2 devices share each batch of 16" in finished(
        training(tmp_path / "run", *taught, environment=two, epochs=EPOCHS)
    )
    assert losses(tmp_path / "run") == pytest.approx(losses(alone), rel=2e-3)


def test_a_batch_that_cannot_be_shared_is_one_line(tmp_path: Path):
    three = {**JAX, "XLA_FLAGS": "--xla_force_host_platform_device_count=3"}
    said = finished(training(tmp_path / "run", environment=three), code=2)
    assert (
        "batches of 16 cannot be shared by 3 devices; expected fit.batch_size a multiple of 3"
        in said
    )


def test_pytorch_trains_with_the_same_code(tmp_path: Path):
    pytest.importorskip("torch")
    finished(training(tmp_path / "run", environment={"KERAS_BACKEND": "torch"}))
    assert len(losses(tmp_path / "run")) == 4
