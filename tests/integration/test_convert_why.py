"""`convert --why`: the table, JSON and page about a run, and what it does not do."""

import json
import re

import pytest

from edge_emotion_convert.convert import why_command
from helpers.commands import edge_emotion, is_one_line

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
    assert told["faces"] > 0 and told["representative_faces"] > 0
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
    assert not re.search(r"(src|href)=\"(?!#|data:)|url\((?!#)", page)


def test_nothing_else_is_written(explained):
    _, _, folder = explained
    assert [file.name for file in folder.iterdir()] == ["why.html"]


def test_the_table_ends_with_the_cause_in_words(converted, capfd):
    why_command(converted / "runs" / "my-emotion", representative=20)
    printed = capfd.readouterr()
    lines = printed.out.rstrip().splitlines()
    assert lines[0].startswith("my-emotion: layer")
    assert any(line.startswith("probabilities") for line in lines)
    assert re.search(r"of the (noise|error) .*\.$", lines[-2])
    assert lines[-1].startswith("What may help: ")
    assert "TensorFlow" not in printed.err and "fully_quantize" not in printed.err


def test_another_format_has_no_table(converted):
    done = edge_emotion("convert", converted / "runs" / "my-emotion", "--why", "--float16")
    assert done.returncode == 2
    assert is_one_line(done.stderr) and "--why with other formats" in done.stderr
