"""`convert --why`: the table, JSON and page about a run, and what it does not do."""

import json
import re

import pytest

import edge_emotion_convert.convert as conversion
from edge_emotion.errors import EdgeEmotionError
from edge_emotion_convert.convert import why_command
from helpers.commands import edge_emotion, edge_emotion_here, is_one_line
from helpers.tiny_runs import write_run

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def explained(converted, tmp_path_factory):
    """The command about a run: what it printed, the page, and the folder it ran in."""
    folder = tmp_path_factory.mktemp("why")
    done = edge_emotion(
        *("convert", converted / "runs" / "my-keypoints", "--why-page", "why.html", "--json"),
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr
    return done, (folder / "why.html").read_text(encoding="utf-8"), folder


def test_json_tells_the_cause_and_every_layer(explained):
    done, _, _ = explained
    told = json.loads(done.stdout)["my-keypoints"]
    assert told["task"] == "keypoints"
    assert told["measured_on"] == f"{told['faces']} of 12 validation faces of drawn"
    assert told["representative_faces"] > 0
    assert told["cause"]["kind"] and told["cause"]["text"]
    labels = [layer["layer"] for layer in told["layers"]]
    assert "offsets" in labels and sum(label.startswith("conv2d") for label in labels) >= 9
    assert not any("/" in label or ";" in label for label in labels)
    shares = [layer["noise_added_share"] for layer in told["layers"]]
    assert shares == sorted(shares, reverse=True)


def test_the_page_stands_alone_with_a_chart_for_each_of_the_dearest_layers(explained):
    done, page, _ = explained
    layers = json.loads(done.stdout)["my-keypoints"]["layers"]
    assert page.count("<svg") == 6
    for layer in layers[:5]:  # and that of the cause, if it is none of them
        assert f"{layer['layer']}, {layer['operator']}: " in page
    assert "What int8 costs my-keypoints, and why" in page
    assert "on 12 of 12 validation faces of drawn, calibrated with " in page
    assert not re.search(r"(src|href)=\"(?!#|data:)|url\((?!#)", page)


def test_without_validation_faces_it_says_that_training_faces_are_measured_on(
    converted, tmp_path, capfd
):
    run = write_run(tmp_path / "run", "emotion", converted / "data", shares=[0.8, 0.0, 0.2])
    why_command(run, representative=20)
    assert re.search(r"on 64 of \d+ training faces\n", capfd.readouterr().err)


def test_a_page_that_cannot_be_written_is_told_before_anything_is_measured(
    converted, tmp_path, capfd
):
    with pytest.raises(EdgeEmotionError, match="it is a folder; name a file"):
        why_command(converted / "runs" / "my-emotion", page=tmp_path)
    assert capfd.readouterr() == ("", "")


def test_a_page_that_fails_at_last_loses_no_table(converted, tmp_path, monkeypatch, capfd):
    def full(path, text):
        raise EdgeEmotionError("cannot write: No space left on device")

    monkeypatch.setattr(conversion, "write_text", full)
    with pytest.raises(EdgeEmotionError, match="No space left"):
        why_command(
            converted / "runs" / "my-emotion", representative=20, page=tmp_path / "why.html"
        )
    assert "What may help: " in capfd.readouterr().out


def test_nothing_else_is_written(explained):
    _, _, folder = explained
    assert [file.name for file in folder.iterdir()] == ["why.html"]


def test_the_table_ends_with_the_cause_in_words(converted, capfd):
    why_command(converted / "runs" / "my-emotion", representative=20)
    printed = capfd.readouterr()
    lines = printed.out.rstrip().splitlines()
    assert lines[0].split()[:3] == ["my-emotion", "noise", "added"]
    assert any(line.startswith("probabilities") for line in lines)
    assert re.search(r"of the (noise|error) .*\.$", lines[-2])
    assert lines[-1].startswith("What may help: ")
    assert "TensorFlow" not in printed.err and "fully_quantize" not in printed.err


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--why", "--float16"], "--why with --float16;"),
        (
            ["--why", "--all"],
            "--why with --float32, --float16, --dynamic, --int16x8, --saved-model",
        ),
        (["--why-page", "x.html", "--representative-sweep"], "--representative-sweep with --why;"),
        (["--why", "--budget", "b.toml", "--max-drop", "1"], "--why with --max-drop, --budget;"),
        (["--why", "--out", "x", "--edgetpu"], "--why with --edgetpu, --out;"),
        (["--why", "--auto"], "--why with --auto;"),
        (["--representative-sweep", "--representative", "7"], "with --representative;"),
    ],
)
def test_what_would_not_be_heeded_is_refused(options, named, tmp_path):
    done = edge_emotion_here("convert", *options, cwd=tmp_path)
    assert done.returncode == 2
    assert is_one_line(done.stderr) and named in done.stderr
