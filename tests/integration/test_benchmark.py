"""`edge-emotion benchmark` as a user types it."""

import json
import socket
import sys

import pytest

from edge_emotion import cli
from edge_emotion.modelfile import shipped_tasks
from edge_emotion_device.benchmark import contest, fresh
from helpers.commands import edge_emotion, is_one_line
from helpers.delegates import compiled_library

QUICK = ("--threads", "1", "--num-runs", "8", "--min-secs", "0", "--delegate", "cpu")


@pytest.fixture(autouse=True)
def opened_once(monkeypatch):
    """Each model in one process of its own, in place of three."""
    monkeypatch.setattr(fresh, "_TIMES", 1)


def typed(monkeypatch, *arguments):
    """The exit code of the command, run in this process."""
    monkeypatch.setattr(sys, "argv", ["edge-emotion", "benchmark", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return ended.value.code


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """The shipped models, measured: what the command printed, and the file."""
    folder = tmp_path_factory.mktemp("benchmark")
    done = edge_emotion("benchmark", *QUICK, "--name", "My Board 4", timeout_s=120, cwd=folder)
    assert done.returncode == 0, done.stderr
    return done, folder / "benchmark-my-board-4.json"


def test_the_file_says_what_was_measured_where_and_how(measured):
    found = json.loads(measured[1].read_text())
    assert (found["schema"], found["version"]) == ("edge-emotion/benchmark", 1)
    assert found["command"].startswith("edge-emotion benchmark --threads 1 --num-runs 8")
    assert found["machine"]["name"] == "My Board 4" and found["machine"]["cores"] >= 1
    assert len(found["conditions"]["load"]) == 2 and found["conditions"]["rounds"] == 8
    assert found["settings"]["num_runs"] == 8 and found["settings"]["threads"] == [1]
    assert [model["task"] for model in found["models"]] == list(shipped_tasks())
    assert {row["model"] for row in found["networks"]} == {one["id"] for one in found["models"]}
    assert {row["status"] for row in found["networks"] + found["frame_path"]} == {"ok"}
    assert len(found["frame_path"]) == (2 if "detector" in shipped_tasks() else 1)
    assert "energy" in found


def test_the_host_name_is_not_in_it(measured):
    machine = json.loads(measured[1].read_text())["machine"]
    assert socket.gethostname() not in (machine["name"], machine["cpu"], machine["system"])


def test_the_terminal_gets_tables_and_nothing_is_left_but_the_file(measured):
    done, file = measured
    lines = done.stdout.splitlines()
    assert lines[0].startswith("My Board 4: ")
    assert any(line.startswith("emotion-redistilled") for line in lines)
    assert lines[-1] == f"written to {file.name}"
    assert list(file.parent.iterdir()) == [file]
    assert all(line.startswith("edge-emotion: ") for line in done.stderr.splitlines())


def test_json_is_the_files_content_and_underscores_do_too(tmp_path, monkeypatch, capsys):
    file = tmp_path / "new/it.json"
    code = typed(
        monkeypatch, "emotion", "--no-frame-path", "--num_threads", "1", "--num_runs", "2",
        "--warmup_runs", "0", "--min_secs", "0", "--json", "--output", file,
    )  # fmt: skip
    assert code == 0
    found = json.loads(capsys.readouterr().out)
    assert found == json.loads(file.read_text())
    assert found["frame_path"] == [] and len(found["networks"]) == 1


def test_a_delegate_that_is_not_there_is_a_row_and_a_line(tmp_path, monkeypatch, capsys):
    file = tmp_path / "it.json"
    external = "cpu,external:/none.so,edgetpu"
    code = typed(
        monkeypatch, "emotion", *QUICK, "--delegate", external, "--no-frame-path", "--output", file
    )
    assert code == 0
    rows = json.loads(file.read_text())["networks"]
    assert [row["status"] for row in rows] == ["ok", "failed"]
    printed = capsys.readouterr()
    assert "failed" in printed.out
    assert "/none.so cannot be loaded: there is no such file" in printed.err
    assert "--delegate edgetpu: none of the models is made for it" in printed.err


def test_when_nothing_could_be_measured_no_file_is_written(tmp_path, monkeypatch, capsys):
    file = tmp_path / "it.json"
    code = typed(
        monkeypatch, "emotion", *QUICK, "--delegate", "external:/none.so", "--no-frame-path",
        "--output", file,
    )  # fmt: skip
    assert code == 1
    assert "nothing could be measured: " in capsys.readouterr().err
    assert not file.exists()


@pytest.mark.slow
def test_a_delegate_is_a_column_of_its_own_and_may_crash(tmp_path, monkeypatch, capsys):
    library = compiled_library(tmp_path / "libfake.so")
    file = tmp_path / "it.json"
    works, crashes = f"external:{library},claim=all", f"external:{library},crash=invoke,claim=all"
    delegates = f"cpu,{works},{crashes}"
    code = typed(monkeypatch, *QUICK, "--delegate", delegates, "--output", file)
    assert code == 0
    found = json.loads(file.read_text())
    on_cpu, taken, crashed = found["networks"][:3]
    assert on_cpu["operators"] == {"total": 21, "delegated": 0, "partitions": 0}
    assert (taken["status"], taken["delegate"]) == ("ok", works)
    assert taken["operators"] == {"total": 21, "delegated": 21, "partitions": 1}
    assert crashed["status"] == "failed" and "crashed with SIGSEGV" in crashed["error"]
    frames = {row["delegate"]: row["status"] for row in found["frame_path"]}
    assert list(frames.values()) == ["ok", "failed", "failed"]  # its answers are no face's
    assert "libfake.so,claim=all " in capsys.readouterr().out  # without its folder


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["gone.tflite"], 1, "cannot read the model gone.tflite"),
        (["text.tflite"], 1, "is no model of this toolkit"),
        (["gone.toml"], 2, "cannot read the adapter gone.toml"),
        (["wrong.toml"], 2, "wrong.toml:1: nam is no key"),
        ([], 1, "no .tflite in"),
        (["emotion", "--threads", "0"], 2, "--threads '0'; expected numbers from 1 to 64"),
        (["emotion", "--delegate", "gpu"], 2, "unknown delegate 'gpu'"),
        (["emotion", "--num-runs", "0"], 2, "--num-runs"),
        (["emotion", "--output", "text.tflite/it.json"], 1, "text.tflite is a file"),
        (["emotion", "--output", "."], 1, "it is a folder"),
    ],
)
def test_what_cannot_be_is_one_line_before_anything_is_measured(
    tmp_path, monkeypatch, capsys, arguments, code, told
):
    (tmp_path / "text.tflite").write_text("no model")
    (tmp_path / "wrong.toml").write_text('nam = "x"\n')
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(contest, "time_networks", lambda *given: pytest.fail("it was measured"))
    before = sorted(tmp_path.rglob("*"))

    assert typed(monkeypatch, *(arguments or ["empty"])) == code
    message = capsys.readouterr().err
    assert is_one_line(message) and told in message
    assert sorted(tmp_path.rglob("*")) == before


def test_ctrl_c_leaves_the_former_file_and_nothing_half_written(tmp_path, monkeypatch):
    file = tmp_path / "it.json"
    file.write_text("of last week")

    def interrupted(*given):
        raise KeyboardInterrupt

    monkeypatch.setattr(contest, "time_frame_paths", interrupted)
    assert typed(monkeypatch, "emotion", *QUICK, "--output", file) == 130
    assert list(tmp_path.iterdir()) == [file] and file.read_text() == "of last week"
