"""Places that cannot be written to: one line, exit code 1, nothing half-written."""

import errno
import os
import resource
import shutil
import subprocess
import tempfile

import pytest

from edge_emotion import files
from edge_emotion.errors import EdgeEmotionError
from edge_emotion_convert.convert import convert
from helpers.commands import command, is_one_line
from helpers.tiny_runs import ANY_DROP

pytestmark = pytest.mark.slow


def no_file_larger_than(size_bytes):
    """In the child: a write beyond that fails as on a full disk."""

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, size_bytes))

    return limit


def last_line(text):
    return text.splitlines(keepends=True)[-1]


@pytest.mark.parametrize(
    ("options", "size_bytes", "message"),
    [
        (["--int8"], 10_000, "cannot write"),
        (["--saved-model"], 10_000, "cannot write"),
        (["--int8"], 0, "TensorFlow cannot start: No usable temporary directory"),
    ],
    ids=["int8", "saved model", "not even a temporary file"],
)
def test_a_full_disk_is_one_line_and_leaves_nothing(
    converted, tmp_path, options, size_bytes, message
):
    out, run = tmp_path / "exports", converted / "runs" / "my-emotion"
    done = subprocess.run(
        command("convert", run, *options, "--out", out, "--max-drop", "1000"),
        capture_output=True,
        text=True,
        preexec_fn=no_file_larger_than(size_bytes),
    )
    assert done.returncode == 1
    assert is_one_line(last_line(done.stderr)) and message in last_line(done.stderr)
    assert "Traceback" not in done.stderr
    assert [file for file in out.rglob("*") if file.is_file()] == []


def test_a_full_disk_leaves_the_former_export_whole(converted):
    folder = converted / "exports" / "my-emotion"
    former = {file: file.read_bytes() for file in folder.iterdir()}
    done = subprocess.run(
        command("convert", converted / "runs" / "my-emotion", "--out", folder.parent),
        capture_output=True,
        text=True,
        preexec_fn=no_file_larger_than(10_000),
    )
    assert done.returncode == 1
    assert {file: file.read_bytes() for file in folder.iterdir()} == former


@pytest.mark.parametrize("failing", ["emotion_int8.md", "emotion_int8.tflite", "conversion.json"])
def test_whichever_file_the_disk_has_no_room_for_all_are_as_they_were(
    converted, tmp_path, monkeypatch, failing
):
    """The model, its card and the table of models belong together."""
    shutil.copytree(converted / "exports" / "my-emotion", tmp_path / "my-emotion")
    rejected = tmp_path / "my-emotion" / "emotion_int8.tflite.rejected"
    rejected.write_text("to be looked into")
    former = {file: file.read_bytes() for file in (tmp_path / "my-emotion").iterdir()}
    make = tempfile.mkstemp

    def full(prefix, suffix, **options):
        if f"{prefix}{suffix}" == f".{failing.replace('.', '..part.')}":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return make(prefix=prefix, suffix=suffix, **options)

    monkeypatch.setattr(files.tempfile, "mkstemp", full)
    with pytest.raises(EdgeEmotionError, match=r"cannot write .*: No space left"):
        convert(converted / "runs" / "my-emotion", out=tmp_path, max_drop=ANY_DROP)
    assert {file: file.read_bytes() for file in (tmp_path / "my-emotion").iterdir()} == former


@pytest.mark.parametrize("formats", [["float32"], ["saved_model"]])
@pytest.mark.parametrize("place", ["file", "/proc/exports"], ids=["a file", "read-only"])
def test_a_place_that_cannot_be_written_to_is_one_line(converted, tmp_path, formats, place):
    (tmp_path / "file").write_text("in the way")
    run = converted / "runs" / "my-emotion"
    with pytest.raises(EdgeEmotionError, match=r"cannot write .*; (name another|check)") as caught:
        convert(run, out=tmp_path / place, max_drop=ANY_DROP, formats=formats)
    assert "\n" not in str(caught.value)
