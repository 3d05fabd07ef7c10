"""Delegates that are real shared libraries: what they take over, and every way they can fail."""

import os
from pathlib import Path

import numpy as np
import pytest

from edge_emotion.errors import EdgeEmotionError, WrongUse
from edge_emotion.modelfile import shipped_model
from edge_emotion_device import load_emotion, load_keypoints
from edge_emotion_device.delegates import trial
from edge_emotion_device.delegates.choice import warn_once
from edge_emotion_device.delegates.operators import OperatorsPlaced
from edge_emotion_device.interpreter import load_networks
from helpers.bright_cells import write_detector
from helpers.commands import edge_emotion, is_one_line
from helpers.delegates import (
    CONV_2D,
    SOFTMAX,
    compiled_library,
    for_another_machine,
    logged,
)
from helpers.refusals import refusal

OPERATORS = 21  # of the shipped emotion network
CRASHES_WHEN_LOADED = "__attribute__((constructor)) static void f(void) { __builtin_trap(); }"
NEEDS_ANOTHER = "int missing(void); int (*f)(void) = missing;"


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    """A folder with the test's delegate, and libraries that are none."""
    folder = tmp_path_factory.mktemp("delegates")
    library = compiled_library(folder / "libfake.so")
    compiled_library(folder / "libnone.so", "int nothing;")
    compiled_library(folder / "libcrash.so", CRASHES_WHEN_LOADED)
    for_another_machine(library, folder / "libother.so")
    (folder / "libtext.so").write_text("INPUT(libfake.so)\n" * 10)
    gone = compiled_library(folder / "libgone.so", "int missing(void) { return 0; }")
    compiled_library(folder / "libneeds.so", NEEDS_ANOTHER, str(gone))
    gone.unlink()
    return folder


@pytest.fixture
def fake(built, tmp_path):
    """Names the delegate with options and a log of its own."""
    return lambda *options: ",".join(
        [f"external:{built / 'libfake.so'}", f"log={tmp_path / 'log'}", *options]
    )


@pytest.fixture(autouse=True)
def nothing_tried_or_said(monkeypatch):
    monkeypatch.setattr(trial, "_passed", set())
    warn_once.cache_clear()


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def face(side: int = 48) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (side, side), np.uint8)


# What it takes over


@pytest.mark.parametrize(
    ("claim", "operators"),
    [
        ("", OperatorsPlaced(0, OPERATORS, 0)),
        (f"claim={SOFTMAX}", OperatorsPlaced(1, OPERATORS - 1, 1)),
        (f"claim={CONV_2D}", OperatorsPlaced(12, OPERATORS - 12, 4)),
        ("claim=all", OperatorsPlaced(OPERATORS, 0, 1)),
    ],
)
def test_what_ran_where_is_told(fake, claim, operators):
    name = fake(*[claim] * bool(claim))
    with load_emotion(delegate=name) as model:
        assert model.run(face()).shape == (5,)
        assert model.operators == operators
        assert model.delegate == name


def test_the_cpu_runs_everything_itself():
    with load_emotion() as model:
        assert model.operators == OperatorsPlaced(0, OPERATORS, 0)
        assert model.delegate == "cpu" and model.path == shipped_model("emotion")


def test_a_delegate_that_takes_nothing_changes_no_answer_and_this_is_said(fake, capfd):
    with load_emotion(delegate=fake()) as model, load_emotion() as plain:
        np.testing.assert_array_equal(model.run(face()), plain.run(face()))
    told = capfd.readouterr().err
    assert is_one_line(told)
    assert told.endswith("took no operator of emotion.tflite: the CPU runs it\n")


def test_what_the_delegate_computes_is_what_is_answered(fake):
    with load_emotion(delegate=fake(f"claim={SOFTMAX}")) as model, load_emotion() as plain:
        changed, usual = model.run(face()), plain.run(face())
    assert changed.sum() != pytest.approx(1, abs=0.02)  # the logits went through as they were
    assert changed.argmax() == usual.argmax()


# How it fails


@pytest.mark.parametrize(
    ("library", "options", "found", "remedy"),
    [
        ("libnot.so", [], "cannot be loaded: there is no such file", "install it"),
        ("libother.so", [], "it is for 64-bit ARM, and this Python for x86-64", "for x86-64"),
        ("libtext.so", [], "cannot be loaded: it is no shared library", "name one"),
        ("libneeds.so", [], "libgone.so: cannot open shared object", "install what it needs"),
        ("libnone.so", [], "is no TFLite delegate", "name a library that is one"),
        ("libcrash.so", [], "crashed with SIGILL while loading the library", "--delegate cpu"),
        (
            "libfake.so",
            ["fail=create"],
            "opens no device (no device)",
            "the device and the options",
        ),
        ("libfake.so", ["fail=prepare"], "preparing the model (the model needs", "ai-edge-litert"),
        ("libfake.so", ["claim=all", "fail=invoke"], "does not answer", "--delegate cpu"),
        ("libfake.so", ["crash=create"], "SIGSEGV while opening the device", "--delegate cpu"),
        ("libfake.so", ["crash=prepare"], "SIGSEGV while preparing the model", "--delegate cpu"),
        ("libfake.so", ["claim=all", "crash=invoke"], "while running the model", "--delegate cpu"),
        ("libfake.so", ["crash=destroy"], "while closing the device", "--delegate cpu"),
        (
            "libfake.so",
            ["abort=prepare"],
            "SIGABRT while preparing the model (F driver/fake.c:1] no answer from the device)",
            "--delegate cpu",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_failure_is_told_apart_and_explained_in_one_line(built, library, options, found, remedy):
    if library == "libother.so" and os.uname().machine != "x86_64":
        found, remedy = "it is for", "install the library for"
    name = ",".join([f"external:{built / library}", *options])
    message = refusal(lambda: load_emotion(delegate=name))

    assert message.startswith(f"--delegate {name}: ")
    assert found in message
    assert remedy in message.partition("; ")[2]


def test_a_library_that_is_not_installed_is_said_to_be_so():
    message = refusal(lambda: load_emotion(delegate="external:libnot_here.so"))
    assert "libnot_here.so cannot be loaded: it is not installed; install it" in message


def test_a_delegate_that_hangs_is_given_up(fake, tmp_path, monkeypatch):
    monkeypatch.setattr(trial, "_LIMIT_S", 1.5)
    message = refusal(lambda: load_emotion(delegate=fake("hang=prepare")))

    assert "did not come back within 1.5 s while preparing the model" in message
    with pytest.raises(ProcessLookupError):
        os.kill(logged(tmp_path / "log")[-1][1], 0)


def test_failures_leave_no_file_open_and_no_process(built):
    before = open_files()
    for option in ("fail=create", "crash=prepare", "fail=prepare"):
        with pytest.raises(EdgeEmotionError):
            load_emotion(delegate=f"external:{built / 'libfake.so'},{option}")
    assert open_files() == before
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


# The trial in a process of its own


def test_it_is_tried_elsewhere_before_it_is_opened_and_once_only(fake, tmp_path):
    load_emotion(delegate=fake("claim=all")).close()
    stages = logged(tmp_path / "log")
    load_emotion(delegate=fake("claim=all")).close()

    elsewhere = stages[0][1]
    assert elsewhere != os.getpid()
    assert stages == [
        *((stage, elsewhere) for stage in ("create", "prepare", "invoke", "free", "destroy")),
        *((stage, os.getpid()) for stage in ("create", "prepare", "free", "destroy")),
    ]
    assert {process for _, process in logged(tmp_path / "log")[len(stages) :]} == {os.getpid()}


def test_what_the_library_prints_there_is_no_report_and_is_not_shown(fake, capfd):
    words = 'say={"error": "none"}'
    message = refusal(lambda: load_emotion(delegate=fake(words, "crash=create")))
    assert 'crashed with SIGSEGV while opening the device ({"error": "none"})' in message
    assert capfd.readouterr() == ("", "")


def test_another_model_is_tried_afresh_but_not_while_this_process_has_the_device(fake, tmp_path):
    with load_emotion(delegate=fake()):
        started = len(logged(tmp_path / "log"))
        load_keypoints(delegate=fake()).close()
        here = {process for _, process in logged(tmp_path / "log")[started:]}
    started = len(logged(tmp_path / "log"))
    load_keypoints(delegate=fake()).close()

    assert here == {os.getpid()}
    assert logged(tmp_path / "log")[started][1] != os.getpid()


def test_all_models_are_tried_before_any_is_opened(fake, tmp_path):
    detector = write_detector(tmp_path / "detector.tflite")
    networks = load_networks(detector=detector, delegate=fake())
    assert [model.metadata.task for model in networks.all] == ["detector", "keypoints", "emotion"]
    assert {model.delegate for model in networks.all} == {fake()}
    networks.close()
    created = [process for stage, process in logged(tmp_path / "log") if stage == "create"]
    assert [process == os.getpid() for process in created] == [False] * 3 + [True] * 3


def test_each_model_can_have_a_delegate_of_its_own(fake):
    networks = load_networks(delegate="cpu", emotion_delegate=fake())
    with networks.emotion as emotion, networks.keypoints as keypoints:
        assert (emotion.delegate, keypoints.delegate, networks.detector) == (fake(), "cpu", None)


def test_a_second_model_that_fails_closes_the_first(fake, tmp_path):
    with pytest.raises(WrongUse, match="0 threads"):
        load_networks(delegate=fake(), threads=0)
    stages = [stage for stage, process in logged(tmp_path / "log") if process == os.getpid()]
    assert stages.count("create") == stages.count("destroy")


# Closing


def test_close_frees_the_interpreter_and_then_the_delegate(fake, tmp_path):
    with load_emotion(delegate=fake("claim=all")) as model:
        model.run(face())
    stages = [stage for stage, process in logged(tmp_path / "log") if process == os.getpid()]
    assert stages == ["create", "prepare", "invoke", "free", "destroy"]
    model.close()  # a second time does nothing


def test_opening_and_closing_leaves_nothing_behind(fake, tmp_path):
    def cycle(times: int) -> tuple[int, float]:
        for _ in range(times):
            with load_emotion(delegate=fake(f"claim={SOFTMAX}")) as model:
                model.run(face())
        resident = Path("/proc/self/statm").read_text().split()[1]
        return open_files(), int(resident) * os.sysconf("SC_PAGE_SIZE") / 1e6

    files, megabytes = cycle(30)
    files_after, megabytes_after = cycle(200)

    assert files_after == files
    assert megabytes_after - megabytes < 5  # a model is 0.7 MB
    stages = [stage for stage, _ in logged(tmp_path / "log")]
    assert stages.count("create") == stages.count("destroy") == 231


# The command


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["--delegate", "edgetpu"], 2, "is not compiled for the Edge TPU"),
        (["--delegate", "external:libnot_here.so"], 1, "it is not installed"),
        (["--delegate", "external:{},crash=prepare"], 1, "crashed with SIGSEGV"),
    ],
)
def test_the_command_ends_with_one_line_and_the_exit_code(built, options, code, said):
    options = [option.format(built / "libfake.so") for option in options]
    done = edge_emotion("models", "verify", "emotion", *options)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr and is_one_line(done.stderr)


def test_a_model_verifies_with_a_delegate(built):
    done = edge_emotion(
        "models", "verify", "emotion", "--delegate", f"external:{built / 'libfake.so'}"
    )
    assert done.returncode == 0 and "libfake.so" in done.stdout
