"""`convert --edgetpu` and what becomes of its file in the conversions after it."""

import json
import shutil

import keras
import pytest

from edge_emotion.modelfile import read_model
from edge_emotion_convert.convert import convert, convert_command
from helpers.graphs import compiled
from helpers.tiny_runs import ANY_DROP, untrained_network, write_data, write_run

LOG = """\
Edge TPU Compiler version 16.0.384591198
Total number of operations: 21
Operator                       Count      Status
CONV_2D                        21         Mapped to Edge TPU
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_data(tmp_path_factory.mktemp("data"))


@pytest.fixture
def compiler(tmp_path, monkeypatch):
    """A compiler on the PATH that leaves one custom operator; `unlink` it to have none."""
    program = tmp_path / "bin" / "edgetpu_compiler"
    program.parent.mkdir()
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    (tmp_path / "log").write_text(LOG)
    program.write_text(
        f'#!/bin/sh\ncp {tmp_path}/compiled "$5/model_edgetpu.tflite"\ncat {tmp_path}/log\n'
    )
    program.chmod(0o755)
    return program


def entry_of(folder):
    table = json.loads((folder / "conversion.json").read_text())
    return next(entry for entry in table["models"] if entry["format"] == "int8")


@pytest.mark.slow
def test_the_compiled_file_follows_its_network(tmp_path, data, compiler, capfd):
    run = write_run(tmp_path / "tiny", "emotion", data)
    options = {"out": tmp_path / "exports", "max_drop": ANY_DROP, "representative": 20}
    (plain,) = convert(run, **options)
    int8 = plain.folder / "emotion_int8.tflite"
    file = int8.with_name("emotion_int8_edgetpu.tflite")
    (tmp_path / "compiled").write_bytes(compiled(read_model(int8).flatbuffer))

    convert(run, edgetpu=True, **options)
    assert entry_of(plain.folder)["edgetpu"]["file"] == file.name
    assert file.with_suffix(".md").is_file()

    convert(run, **options)  # the same network: what was compiled is still its own
    told = entry_of(plain.folder)["edgetpu"]
    assert (told["file"], told["failure"], told["compiler"]["mapped"]) == (file.name, None, 21)

    compiler.unlink()  # asked for again where it cannot be made: it is there all the same
    convert(run, edgetpu=True, **options)
    told = entry_of(plain.folder)["edgetpu"]
    assert told["file"] == file.name and "there is no edgetpu_compiler" in told["failure"]

    shutil.rmtree(run)
    keras.utils.set_random_seed(8)
    other = keras.models.clone_model(untrained_network("emotion"))
    run = write_run(tmp_path / "tiny", "emotion", data, other)
    convert(run, **options)
    assert "edgetpu" not in entry_of(plain.folder)
    assert not file.exists() and file.with_name(file.name + ".rejected").is_file()
    assert "was not compiled from emotion_int8.tflite as it is now" in " ".join(
        capfd.readouterr().err.split()
    )


@pytest.mark.slow
def test_what_the_cpu_runs_is_told_with_the_tables(tmp_path, data, compiler, capfd):
    run = write_run(tmp_path / "tiny", "emotion", data)
    (tmp_path / "compiled").write_bytes(b"")
    options = {"out": tmp_path / "exports", "max_drop": ANY_DROP, "representative": 20}
    (export,) = convert(run, **options)
    (tmp_path / "compiled").write_bytes(
        compiled(read_model(export.folder / "emotion_int8.tflite").flatbuffer)
    )
    capfd.readouterr()
    convert_command(run, edgetpu=True, **options)

    assert "emotion: by Coral's documentation the Edge TPU runs every" in capfd.readouterr().out
