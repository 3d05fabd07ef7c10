"""`edge-emotion models` as a user runs it: list, show, verify, and files that are none."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge_emotion.cli import main
from edge_emotion.modelfile import read_model, shipped_model, shipped_tasks, write_model
from edge_emotion.testvectors import draw_faces
from edge_emotion_convert.formats import FORMATS
from edge_emotion_convert.integer_check import tensor_specs
from edge_emotion_convert.quantize import to_tflite
from edge_emotion_device.verification import reference_vectors, verify
from helpers.commands import edge_emotion, edge_emotion_here, is_one_line
from helpers.graphs import compiled, edited, operator
from helpers.tiny_runs import NETWORK, untrained_network

TASKS = ("emotion", "keypoints")


@pytest.fixture(scope="module")
def exports(tmp_path_factory) -> Path:
    """A folder as conversions leave it, with a compiled file and a foreign one in it."""
    folder = tmp_path_factory.mktemp("exports")
    for task in TASKS:
        (folder / f"{task}-edge").mkdir()
        shutil.copy(shipped_model(task), folder / f"{task}-edge" / f"{task}_int8.tflite")
    model = read_model(shipped_model("emotion"))
    facts = {"operations": 21, "mapped": 21, "on_chip_used_bytes": 755_200, "off_chip_bytes": 0}
    write_model(
        folder / "emotion-edge" / "emotion_int8_edgetpu.tflite",
        compiled(model.flatbuffer),
        replace(model.metadata, edgetpu=facts),
    )
    (folder / "foreign.tflite").write_bytes(model.flatbuffer)
    return folder


@pytest.fixture
def run(monkeypatch):
    """The command in this process, which spares starting one for each case."""

    def run_here(*arguments: str | Path) -> int:
        monkeypatch.setattr(sys, "argv", ["edge-emotion", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            main()
        return end.value.code

    return run_here


def test_list_tells_the_shipped_models():
    done = edge_emotion("models", "list")

    sizes = [f"{shipped_model(task).stat().st_size / 1000:.0f}" for task in TASKS]
    heading, emotion, keypoints, *rest = done.stdout.splitlines()
    origins, *made_of = rest[rest.index("") + 1 :]
    assert [line.split()[0] for line in rest[: rest.index("")]] == list(shipped_tasks()[2:])
    assert heading.split()[:5] == ["model", "task", "format", "kB", "MMAC"]
    assert emotion.split()[:6] == ["emotion", "emotion", "int8", sizes[0], "28.3", "accuracy"]
    assert keypoints.split()[:6] == ["keypoints", "keypoints", "int8", sizes[1], "38.8", "rmse_px"]
    assert emotion.split()[-1] == keypoints.split()[-1] == "passed"
    assert origins.split() == ["model", "operators", "weights", "recipe", "trained", "on"]
    assert "21: 12 CONV_2D  int8 per channel  redistilled, seed 11" in made_of[0]
    assert "fer2013, others, affectnet, rafdb" in made_of[0]
    assert "23: 14 CONV_2D" in made_of[1] and "kaggle, 300w, youtube" in made_of[1]
    assert done.stderr == ""


def test_list_goes_through_folders_and_names_what_is_no_model(exports):
    done = edge_emotion_here("models", "list", exports)

    assert done.returncode == 0
    words = [line.split()[0] if line else "" for line in done.stdout.splitlines()]
    assert words == [
        f"{exports / 'emotion-edge'}:",
        *(2 * ["model", "emotion_int8.tflite", "emotion_int8_edgetpu.tflite", ""]),
        f"{exports / 'keypoints-edge'}:",
        *["model", "keypoints_int8.tflite", "", "model", "keypoints_int8.tflite"],
    ]
    assert "int8 edgetpu" in done.stdout and "compiled" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 130
    assert is_one_line(done.stderr) and "foreign.tflite" in done.stderr


def test_list_as_json_holds_what_show_does(exports):
    listed = json.loads(
        edge_emotion_here("models", "list", "--json", exports / "emotion-edge").stdout
    )
    file = exports / "emotion-edge" / "emotion_int8.tflite"
    shown = json.loads(edge_emotion_here("models", "show", "--json", file).stdout)

    assert len(listed) == 2 and listed[0] == shown
    assert shown["operators"]["CONV_2D"] == 12
    assert shown["accuracy"]["gate"]["passed"] is True


def test_show_tells_size_work_operators_lineage_accuracy_and_verdict():
    facts = edge_emotion_here("models", "show", "keypoints").stdout

    for fact in (
        "kB, 556,222 parameters",
        "38.8 M multiply-accumulates a face",
        "14 CONV_2D",
        "int8: weights int8, a scale for each channel",
        "1×96×96×1 uint8, scale 0.0039216, zero point 0",
        "4,362 faces of kaggle, SHA-256 5fe869930e63a767",
        "tensorflow 2.21.0",
        "rmse_px 1.47319",
        "passed: RMSE",
        "32 drawn pictures",
        "For research use",
    ):
        assert fact in facts


def test_show_tells_what_the_edge_tpus_compiler_said(exports):
    facts = edge_emotion_here(
        "models", "show", exports / "emotion-edge/emotion_int8_edgetpu.tflite"
    )

    assert "compiled: 21 of 21 operators mapped, 755 kB of parameters on the chip" in facts.stdout
    assert "1 edgetpu-custom-op" in facts.stdout


@pytest.mark.parametrize("task", ["emotion", "keypoints"])
def test_verify_passes_a_shipped_model(task):
    done = edge_emotion_here("models", "verify", task, "--threads", "2")

    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split()[0] for line in done.stdout.splitlines()[2:]] == ["reference", "cpu"]
    assert done.stdout.count("passed") == 2


def test_verify_without_a_file_verifies_every_shipped_model():
    done = edge_emotion_here("models", "verify")
    beyond = edge_emotion_here("models", "verify", "--tolerance", "0")
    as_json = edge_emotion_here("models", "verify", "--json")

    for printed in (done, beyond):
        tables = printed.stdout.split("\n\n")
        assert [table.partition(":")[0] for table in tables] == [
            str(shipped_model(task)) for task in shipped_tasks()
        ]
    assert (done.returncode, beyond.returncode) == (0, 3)
    assert [found["task"] for found in json.loads(as_json.stdout)] == list(shipped_tasks())


def test_verify_ends_with_3_beyond_the_tolerance():
    done = edge_emotion_here("models", "verify", "emotion", "--tolerance", "0")

    assert done.returncode == 3
    assert "not met" in done.stdout
    assert is_one_line(done.stderr) and "does not compute here what it was made to" in done.stderr


def test_verify_as_json_is_json_alone_even_when_not_met():
    done = edge_emotion_here("models", "verify", "emotion", "--tolerance", "0", "--json")
    table = json.loads(done.stdout)

    assert (done.returncode, table["passed"]) == (3, False)
    assert [one["passed"] for one in table["comparisons"]] == [True, False]
    assert table["comparisons"][1]["largest"] > 0


def bad_files(folder: Path) -> dict[str, Path]:
    shipped = read_model(shipped_model("emotion"))
    content = shipped.path.read_bytes()
    files = {
        "truncated": content[:-100],
        "no metadata": shipped.flatbuffer,
        "text": b"not a model",
        "empty": b"",
        "changed": content[:5000] + b"\x00" * 10 + content[5010:],
    }
    paths = {}
    for name, held in files.items():
        paths[name] = folder / f"{name}.tflite"
        paths[name].write_bytes(held)
    paths["no vectors"] = folder / "old.tflite"
    write_model(
        paths["no vectors"], shipped.flatbuffer, replace(shipped.metadata, test_vectors=None)
    )
    paths["no graph"] = folder / "noise.tflite"
    write_model(paths["no graph"], b"\x00" * 500, shipped.metadata)
    paths["missing"] = folder / "missing.tflite"
    paths["folder"] = folder
    return paths


@pytest.mark.parametrize(
    ("name", "command", "code", "message"),
    [
        ("truncated", "verify", 1, "is truncated or no model of this toolkit"),
        ("no metadata", "show", 1, "carries no readable metadata.json"),
        ("text", "show", 1, "is truncated or no model of this toolkit"),
        ("empty", "verify", 1, "is truncated or no model of this toolkit"),
        ("changed", "show", 1, "is damaged: its checksum differs"),
        ("no vectors", "verify", 1, "has no test vectors; expected a model converted by this"),
        ("no graph", "show", 1, "holds no TFLite model"),
        ("no graph", "verify", 1, "cannot run with --delegate cpu"),
        ("missing", "show", 1, "No such file"),
        ("folder", "verify", 1, "Is a directory"),
        ("missing", "list", 1, "is no folder"),
    ],
)
def test_a_bad_file_is_one_line(run, capfd, tmp_path, name, command, code, message):
    assert run("models", command, bad_files(tmp_path)[name]) == code

    printed = capfd.readouterr()
    assert printed.out == ""
    assert is_one_line(printed.err) and message in printed.err


def test_a_file_of_another_task_may_be_shown_and_verified_all_the_same(tmp_path):
    """The commands ask for no task; what asks for one says which it got."""
    other = tmp_path / "emotion.tflite"
    shutil.copy(shipped_model("keypoints"), other)

    assert "task          keypoints" in edge_emotion_here("models", "show", other).stdout
    done = edge_emotion_here("run", "--camera", "demo", "--emotion", other, "--headless")
    assert done.returncode == 1 and "is a model for keypoints" in done.stderr


def test_folders_without_a_model_are_one_line(tmp_path):
    empty = edge_emotion_here("models", "list", tmp_path)
    (tmp_path / "x.tflite").write_bytes(b"no model")
    foreign = edge_emotion_here("models", "list", tmp_path)

    assert empty.returncode == foreign.returncode == 1
    assert is_one_line(empty.stderr) and "no .tflite in" in empty.stderr
    assert foreign.stderr.splitlines()[-1].startswith("edge-emotion: no model of this toolkit")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--delegate", "gpu"], "unknown delegate 'gpu'"),
        (["--threads", "0"], "Invalid value for '--threads'"),
        (["--tolerance", "-1"], "Invalid value for '--tolerance'"),
    ],
)
def test_wrong_use_is_one_line(run, capfd, options, message):
    assert run("models", "verify", "emotion", *options) == 2

    told = capfd.readouterr().err
    assert is_one_line(told) and message in told


def test_models_load_no_tensorflow():
    for arguments in ("list", "show emotion", "verify emotion"):
        code = (
            f"import sys; sys.argv = 'edge-emotion models {arguments}'.split()\n"
            "from edge_emotion.cli import main\n"
            "try: main()\nexcept SystemExit as end: assert not end.code\n"
            "heavy = ('tensorflow', 'keras', 'matplotlib', 'pandas', 'edge_emotion_convert')\n"
            "print([name for name in heavy if name in sys.modules])"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert done.stdout.splitlines()[-1] == "[]", done.stderr


def lost_channels(model):
    """Three of the first convolution's."""
    weights = model.buffers[model.subgraphs[0].tensors[operator(model, "CONV_2D").inputs[1]].buffer]
    weights.data = weights.data.copy()
    weights.data.reshape(NETWORK.widths[0], -1)[:3] = 0


@pytest.mark.slow
@pytest.mark.parametrize("name", ["float32", "int16x8"])
def test_a_delegate_that_loses_channels_is_noticed_in_a_fine_format_too(tmp_path, name):
    """int8's rounding is not allowed to formats that have none."""
    faces = draw_faces(range(8), 48).astype(np.float32)[..., None] / 255
    whole = to_tflite(untrained_network("emotion"), FORMATS[name], faces)
    broken = edited(whole, lost_channels)
    given, answered = tensor_specs(whole)
    shipped = read_model(shipped_model("emotion")).metadata
    metadata = replace(
        shipped,
        format=name,
        input=given,
        output=answered,
        test_vectors=reference_vectors(whole),
        accuracy={},
    )
    found = {}
    for kind, flatbuffer in (("whole", whole), ("broken", broken)):
        write_model(tmp_path / f"{kind}.tflite", flatbuffer, metadata)
        found[kind] = verify(tmp_path / f"{kind}.tflite")

    assert found["whole"].passed
    cpu = found["broken"].comparisons[1]
    assert cpu.kernels == "cpu" and not cpu.passed
    assert cpu.largest < 32  # int8's tolerance
