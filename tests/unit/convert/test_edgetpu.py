"""The Edge TPU step around a compiler that is a script here, and logs in the compiler's format."""

import json
import os
import stat
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from edge_emotion.errors import EdgeEmotionError
from edge_emotion.modelfile import read_model, shipped_model, write_model
from edge_emotion_convert import edgetpu
from edge_emotion_convert.edgetpu import (
    EdgeTpuResult,
    compiled_beside,
    edgetpu_step,
    read_log,
)
from edge_emotion_convert.edgetpu_operators import LeftToCpu
from helpers.graphs import compiled, edited, operator

# Composed in the format that edgetpu_compiler 16.0 has with --show_operations where everything is
# mapped (https://github.com/google-coral/edgetpu/issues/572 and 671), with the operators of the
# shipped emotion network.  tests/hardware/test_edgetpu_compiler.py reads the log of a real one.
WHOLE = """\
Edge TPU Compiler version 16.0.384591198
Started a compilation timeout timer of 180 seconds.

Model compiled successfully in 187 ms.

Input model: /tmp/edgetpu-x/model.tflite
Input size: 704.05KiB
Output model: /tmp/edgetpu-x/model_edgetpu.tflite
Output size: 1.05MiB
On-chip memory used for caching model parameters: 737.50KiB
On-chip memory remaining for caching model parameters: 7.01MiB
Off-chip memory used for streaming uncached model parameters: 0.00B
Number of Edge TPU subgraphs: 1
Total number of operations: 21
Operation log: /tmp/edgetpu-x/model_edgetpu.log

Operator                       Count      Status

CONV_2D                        12         Mapped to Edge TPU
ADD                            4          Mapped to Edge TPU
AVERAGE_POOL_2D                1          Mapped to Edge TPU
FULLY_CONNECTED                1          Mapped to Edge TPU
SOFTMAX                        1          Mapped to Edge TPU
QUANTIZE                       2          Mapped to Edge TPU
Compilation child process completed within timeout period.
Compilation succeeded!
"""

# And where not, by a compiler 15.0 (https://github.com/google-coral/edgetpu/issues/427 and 60).
IN_PART = """\
Edge TPU Compiler version 15.0.340273435

Model compiled successfully in 1379 ms.

Input model: model.tflite
Input size: 4.41MiB
Output model: model_edgetpu.tflite
Output size: 5.49MiB
On-chip memory used for caching model parameters: 1.92MiB
On-chip memory remaining for caching model parameters: 1.75KiB
Off-chip memory used for streaming uncached model parameters: 3.23MiB
Number of Edge TPU subgraphs: 1
Total number of operations: 6
Operation log: model_edgetpu.log

Model successfully compiled but not all operations are supported by the Edge TPU. A percentage of \
the model will instead run on the CPU, which is slower.
Number of operations that will run on Edge TPU: 3
Number of operations that will run on CPU: 3

Operator                       Count      Status

CONV_2D                        3          Mapped to Edge TPU
LEAKY_RELU                     1          Operation not supported
LOGISTIC                       1          More than one subgraph is not supported
DEQUANTIZE                     1          Operation is working on an unsupported data type
"""


@pytest.fixture
def model(tmp_path):
    """A copy of the shipped emotion model, as the converter names it."""
    path = tmp_path / "emotion_int8.tflite"
    path.write_bytes(shipped_model("emotion").read_bytes())
    return path


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """Put a program on a PATH that has no compiler and no docker otherwise."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))

    def install(name, script):
        program = folder / name
        program.write_text(f"#!/bin/sh\nPATH=/usr/bin:/bin\n{script}\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)

    return install


@pytest.fixture
def result(tmp_path):
    """What the compiler makes of the graph, and its log, where a script can copy them from."""
    graph = compiled(read_model(shipped_model("emotion")).flatbuffer)
    (tmp_path / "result.tflite").write_bytes(graph)
    (tmp_path / "log.txt").write_text(WHOLE)
    return graph


def script(tmp_path, out='"$5"', given='"$6"'):
    """A compiler: notes its options, keeps its input, leaves the result and prints the log."""
    return (
        f'echo "$*" > {tmp_path}/options\n'
        f"cp {given} {tmp_path}/given.tflite\n"
        f"cp {tmp_path}/result.tflite {out}/model_edgetpu.tflite\n"
        f"cat {tmp_path}/log.txt"
    )


def test_a_log_where_all_is_mapped():
    facts = read_log(WHOLE)
    operators = facts.pop("operators")

    assert facts == {
        "version": "16.0.384591198",
        "milliseconds": 187,
        "operations": 21,
        "mapped": 21,
        "subgraphs": 1,
        "on_chip_used_bytes": 755_200,
        "on_chip_free_bytes": round(7.01 * 2**20),
        "off_chip_bytes": 0,
    }
    assert len(operators) == 6
    assert operators[0] == {"operator": "CONV_2D", "count": 12, "status": "Mapped to Edge TPU"}


def test_a_log_where_some_stays_on_the_cpu():
    facts = read_log(IN_PART)

    assert (facts["operations"], facts["mapped"]) == (6, 3)
    assert facts["off_chip_bytes"] == round(3.23 * 2**20)
    assert [(row["operator"], row["status"]) for row in facts["operators"][1:]] == [
        ("LEAKY_RELU", "Operation not supported"),
        ("LOGISTIC", "More than one subgraph is not supported"),
        ("DEQUANTIZE", "Operation is working on an unsupported data type"),
    ]


@pytest.mark.parametrize(
    "log", ["", "\n\n", "Edge TPU Compiler version\n", "Operator Count Status"]
)
def test_a_log_that_says_nothing_gives_no_facts(log):
    facts = read_log(log)
    assert facts.pop("operators") == []
    assert set(facts.values()) == {None}


def test_the_compiled_file_carries_the_metadata_and_the_facts(tmp_path, model, programs, result):
    programs("edgetpu_compiler", script(tmp_path))
    step = edgetpu_step(model, timeout_s=60)

    before, after = read_model(model), read_model(step.file, "emotion")
    assert step.failure is None and step.left_to_cpu == ()
    assert step.file == model.with_name("emotion_int8_edgetpu.tflite")
    assert after.flatbuffer == result
    assert step.compiler == read_log(WHOLE)
    sha256 = before.metadata.flatbuffer_sha256
    assert after.metadata.edgetpu == {**step.compiler, "int8_sha256": sha256}
    assert after.metadata.accuracy == before.metadata.accuracy
    assert after.metadata.test_vectors == before.metadata.test_vectors
    assert after.metadata.flatbuffer_sha256 != before.metadata.flatbuffer_sha256


def test_the_compiler_gets_the_graph_without_the_tail(tmp_path, model, programs, result):
    programs("edgetpu_compiler", script(tmp_path))
    edgetpu_step(model, timeout_s=60)

    given = tmp_path / "given.tflite"
    assert given.read_bytes() == read_model(model).flatbuffer
    assert not zipfile.is_zipfile(given)
    options = (tmp_path / "options").read_text()
    assert options.startswith("--show_operations --timeout_sec 60 --out_dir ")


def test_the_step_goes_into_conversion_json(tmp_path, model, programs, result):
    programs("edgetpu_compiler", script(tmp_path))
    table = json.loads(json.dumps(edgetpu_step(model).as_dict()))

    assert table["file"] == "emotion_int8_edgetpu.tflite"
    assert (table["left_to_cpu"], table["failure"]) == ([], None)
    assert table["compiler"]["mapped"] == 21


def test_without_a_compiler_it_says_so_and_how_to_get_one(model, programs):
    step = edgetpu_step(model)

    assert step.file is None and step.compiler == {}
    assert "there is no edgetpu_compiler here" in str(step.failure)
    assert "docker build -t edge-emotion-edgetpu convert/edgetpu" in str(step.failure)
    assert step.as_dict()["failure"] == str(step.failure)
    assert [path.name for path in model.parent.glob("*.tflite")] == [model.name]


def test_the_container_is_used_where_its_image_is(tmp_path, model, programs, result):
    """A docker whose image is there: the mounted folder is the one the compiler writes to."""
    run = script(tmp_path, out='"$folder"', given='"$folder/model.tflite"')
    programs(
        "docker",
        f'if [ "$1" = image ]; then test "$3" = edge-emotion-edgetpu; exit; fi\n'
        f"folder=${{5#--volume=}}; folder=${{folder%:/models}}\n{run}",
    )
    step = edgetpu_step(model, timeout_s=60)

    assert step.failure is None and read_model(step.file).flatbuffer == result
    words = (tmp_path / "options").read_text().split()
    assert words[:3] == ["run", "--rm", "--network=none"]
    assert words[3] == f"--user={os.getuid()}:{os.getgid()}"
    assert words[5:] == [
        "edge-emotion-edgetpu",
        *(
            "--show_operations",
            "--timeout_sec",
            "60",
            "--out_dir",
            "/models",
            "/models/model.tflite",
        ),
    ]


def test_a_docker_without_the_image_is_no_compiler(model, programs):
    programs("docker", "exit 1")
    assert "no container edge-emotion-edgetpu" in str(edgetpu_step(model).failure)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            "Edge TPU Compiler version 16.0\\nERROR: Didn't find op for builtin opcode 'EXP' "
            "version '2'.\\n\\nInvalid model: x.tflite\\nModel could not be parsed",
            "ERROR: Didn't find op for builtin opcode",
        ),
        ("Edge TPU Compiler version 14.1\\n\\nInternal compiler error. Aborting! ", "Aborting!"),
        ("Compilation failed: Compilation failed due to large activation tensors in model.\\n"
         "Compilation child process completed within timeout period.", "large activation tensors"),
        ("", "it said nothing"),
    ],
)  # fmt: skip
def test_a_compiler_that_fails_is_told_in_its_own_words(model, programs, said, told):
    programs("edgetpu_compiler", f'printf "{said}"; exit 1')
    failure = str(edgetpu_step(model).failure)

    assert "edgetpu_compiler failed: " in failure and told in failure and "\n" not in failure


def test_a_compiler_that_leaves_nothing_has_failed(model, programs):
    programs("edgetpu_compiler", "echo done")
    assert "edgetpu_compiler failed: done" in str(edgetpu_step(model).failure)


def test_a_file_left_by_a_compiler_that_failed_is_not_taken(tmp_path, model, programs, result):
    programs("edgetpu_compiler", script(tmp_path) + "\nexit 1")
    step = edgetpu_step(model)

    assert step.failure is not None and step.file is None
    assert [path.name for path in model.parent.glob("emotion*.tflite")] == [model.name]


def test_a_compiler_that_does_not_end_is_ended(model, programs, monkeypatch):
    monkeypatch.setattr(edgetpu, "_STARTING_S", 0)
    programs("edgetpu_compiler", "exec sleep 30")
    assert "did not end within 1 s" in str(edgetpu_step(model, timeout_s=1).failure)


def test_a_failure_leaves_an_earlier_compiled_file_alone(tmp_path, model, programs, result):
    programs("edgetpu_compiler", script(tmp_path))
    file = edgetpu_step(model).file
    before = file.read_bytes()
    programs("edgetpu_compiler", "exit 1")

    assert edgetpu_step(model).failure is not None
    assert file.read_bytes() == before


def test_what_is_left_to_the_cpu_is_told_before_compiling(tmp_path, programs, capfd):
    shipped = read_model(shipped_model("emotion"))

    def fuse(graph):
        operator(graph, "AVERAGE_POOL_2D").builtinOptions.fusedActivationFunction = 1

    path = tmp_path / "fused.tflite"
    write_model(path, edited(shipped.flatbuffer, fuse), shipped.metadata)
    step = edgetpu_step(path)

    assert len(step.left_to_cpu) == 4
    told = " ".join(capfd.readouterr().err.split())
    assert "AVERAGE_POOL_2D, operator 17, is left to the CPU" in told
    assert "and with it 1 FULLY_CONNECTED, 1 SOFTMAX, 1 QUANTIZE" in told
    assert step.sentence() in told


def test_of_many_kinds_of_operators_the_commonest_are_named():
    behind = [LeftToCpu(1 + place, f"OP_{place % 11}", "") for place in range(40)]
    first = LeftToCpu(0, "EXP", "is none of the documented operators")
    told = EdgeTpuResult(None, (first, *behind), {}, None).sentence()

    assert told.startswith("EXP, operator 0, is left to the CPU, because it is none of the")
    assert told.endswith(", 3 other kinds")
    assert told.count("OP_") == 8


def test_what_the_edge_tpu_runs_whole_is_said_too():
    told = EdgeTpuResult(None, (), {}, None).sentence()
    assert told == "by Coral's documentation the Edge TPU runs every operator"


def another_network(path):
    """What another conversion of the same name leaves: the same graph, another last bias."""
    shipped = read_model(shipped_model("emotion"))

    def change(graph):
        tensor = graph.subgraphs[0].tensors[operator(graph, "FULLY_CONNECTED").inputs[2]]
        graph.buffers[tensor.buffer].data = np.zeros_like(graph.buffers[tensor.buffer].data)

    write_model(path, edited(shipped.flatbuffer, change), shipped.metadata)


def test_a_file_compiled_from_another_network_is_set_aside(tmp_path, model, programs, result):
    programs("edgetpu_compiler", script(tmp_path))
    file = edgetpu_step(model).file
    before = file.read_bytes()
    another_network(model)

    assert compiled_beside(model) is None
    assert not file.exists() and not file.with_suffix(".md").exists()
    assert file.with_name(file.name + ".rejected").read_bytes() == before

    assert edgetpu_step(model).failure is None
    assert not file.with_name(file.name + ".rejected").exists()


@pytest.mark.parametrize("content", [b"TFL3 by the compiler alone", b""])
def test_a_file_that_does_not_say_what_it_was_made_from_is_set_aside(model, content):
    file = model.with_name("emotion_int8_edgetpu.tflite")
    file.write_bytes(content)

    assert compiled_beside(model) is None
    assert file.with_name(file.name + ".rejected").read_bytes() == content


def test_without_a_compiler_the_file_that_is_there_is_told(tmp_path, model, programs, result):
    programs("edgetpu_compiler", script(tmp_path))
    first = edgetpu_step(model)
    (tmp_path / "bin" / "edgetpu_compiler").unlink()
    second = edgetpu_step(model)

    assert second.file == first.file and second.compiler == first.compiler
    assert "there is no edgetpu_compiler here" in str(second.failure)
    assert compiled_beside(model) == first


def test_the_compiled_file_has_a_card(tmp_path, model, programs, result):
    model.with_suffix(".md").write_text("# resblock-edge, emotion, int8\n\n- Size: 723 kB\n")
    programs("edgetpu_compiler", script(tmp_path))
    file = edgetpu_step(model).file

    card = file.with_suffix(".md").read_text()
    assert card.startswith("# resblock-edge, emotion, int8, compiled for an Edge TPU\n")
    assert "edgetpu_compiler 16.0.384591198" in card and "21 of 21 operators mapped" in card
    assert "none on an Edge\nTPU." in card and card.endswith("\n- Size: 723 kB\n")


def test_a_card_tells_a_silent_compiler_with_question_marks(tmp_path, model, programs, result):
    (tmp_path / "log.txt").write_text("")
    programs("edgetpu_compiler", script(tmp_path))

    card = edgetpu_step(model).file.with_suffix(".md").read_text()
    assert "? of ? operators mapped" in card and "None" not in card


@pytest.mark.parametrize("changed", [{"format": "float32"}, {"edgetpu": {"mapped": 21}}])
def test_only_an_int8_file_can_be_compiled(tmp_path, changed):
    shipped = read_model(shipped_model("emotion"))
    path = tmp_path / "model.tflite"
    write_model(path, shipped.flatbuffer, replace(shipped.metadata, **changed))

    with pytest.raises(EdgeEmotionError, match="expected an int8 model"):
        edgetpu_step(path)
