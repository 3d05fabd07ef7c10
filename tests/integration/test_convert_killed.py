"""A conversion that is ended between two of its files: checksums tell what belongs together."""

import hashlib
import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from edge_emotion.modelfile import read_model
from edge_emotion_convert.exports import keep, keep_saved_model
from edge_emotion_convert.formats import FORMATS
from edge_emotion_convert.serving import VERSION
from edge_emotion_convert.subject import open_subject
from edge_emotion_convert.trial import convert_and_measure, prepare
from helpers.saved_models import tried_here

pytestmark = pytest.mark.slow


class Killed(BaseException):
    """Nothing catches it."""


@pytest.fixture(scope="module")
def trial(converted):
    return prepare(open_subject(converted / "runs" / "my-emotion"), temperature=False)


@pytest.fixture(scope="module")
def candidates(trial):
    """Two conversions, whose files and cards differ by the licence."""
    first = convert_and_measure(trial, FORMATS["float32"], None)
    return first, replace(first, metadata=replace(first.metadata, license="Another one."))


def sha256(file):
    return hashlib.sha256(file.read_bytes()).hexdigest()


def entry_in(folder):
    [entry] = json.loads((folder / "conversion.json").read_text())["models"]
    return entry


def kill_after(renames, monkeypatch):
    replace_file, renamed = Path.replace, []

    def rename(part, goal):
        if len(renamed) == renames:
            raise Killed
        renamed.append(goal)
        return replace_file(part, goal)

    monkeypatch.setattr(Path, "replace", rename)


@pytest.mark.parametrize(
    ("renames", "belong_together"), [(0, True), (1, False), (2, False), (3, True)]
)
def test_an_entry_with_the_models_checksum_has_the_models_card_beside_it(
    trial, candidates, tmp_path, monkeypatch, renames, belong_together
):
    model = tmp_path / "emotion_float32.tflite"
    former, new = candidates
    keep(trial, former, tmp_path)
    kill_after(renames, monkeypatch)
    with suppress(Killed):
        keep(trial, new, tmp_path)

    assert (entry_in(tmp_path)["sha256"] == sha256(model)) == belong_together
    if belong_together:
        assert read_model(model).metadata.license in model.with_suffix(".md").read_text()


def test_a_saved_model_is_told_from_the_former_one_by_the_checksums_of_its_files(
    trial, tmp_path, monkeypatch
):
    def told():
        files = entry_in(tmp_path)["files"]
        assert "saved_model.pb" in files
        return all(sha256(tmp_path / VERSION / name) == digest for name, digest in files.items())

    with tried_here():
        keep_saved_model(trial, tmp_path)
        assert told()
        with monkeypatch.context() as patch, pytest.raises(Killed):
            kill_after(0, patch)
            keep_saved_model(trial, tmp_path)
        assert not told()
        keep_saved_model(trial, tmp_path)
        assert told()
