"""`edge-emotion report --session` of what `run --output` recorded."""

import json
import subprocess
import sys

import pytest

from helpers.commands import edge_emotion, is_one_line


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """The demo, in files of 0.1 MB at most."""
    file = tmp_path_factory.mktemp("recorded") / "readings.jsonl"
    done = edge_emotion(
        *("run", "--camera", "demo", "--headless", "--frames", "160"),
        *("--output", file, "--rotate-mb", "0.1", "--keep", "9"),
    )
    assert done.returncode == 0, done.stderr
    return file


def test_a_session_in_several_files_is_one(recorded):
    files = sorted(recorded.parent.glob("readings.jsonl*"))
    lines = [line for file in files for line in file.read_text().splitlines() if '"frame"' in line]
    done = edge_emotion("report", "--session", recorded, "--json")
    told = json.loads(done.stdout)
    assert len(files) > 1
    assert max(file.stat().st_size for file in files) <= 100_000
    assert (told["readings"], told["frames"], told["broken_lines"]) == (len(lines), 160, 0)
    assert told["runs"] == 1 and told["run_starts"][0]["started"]
    assert told["length_s"] == pytest.approx(159 / 25)
    assert told["fps"] == pytest.approx(25, rel=0.01)


def test_the_page_lies_beside_the_session_or_where_it_is_asked_for(recorded, tmp_path):
    done = edge_emotion("report", "--session", recorded)
    page = recorded.with_suffix(".html")
    assert done.stdout == f"page: {page}\n"
    assert page.read_text().startswith("<!DOCTYPE html>")
    edge_emotion("report", "--session", recorded, "--output", tmp_path / "new" / "page.html")
    assert (tmp_path / "new" / "page.html").read_text() == page.read_text()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--json"], 2),
        (["--session", "missing.jsonl"], 1),
        (["--session", "empty.jsonl"], 1),
        (["--session", "empty.jsonl", "--output", "page.md"], 2),
    ],
)
def test_what_cannot_be_reported_is_one_line(tmp_path, monkeypatch, arguments, code):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty.jsonl").touch()
    done = edge_emotion("report", *arguments)
    assert done.returncode == code
    assert is_one_line(done.stderr)


def test_it_loads_no_tensorflow(recorded, tmp_path):
    code = (
        "import sys\n"
        f"sys.argv = ['edge-emotion', 'report', '--session', {str(recorded)!r},"
        f" '--output', {str(tmp_path / 'page.html')!r}]\n"
        "from edge_emotion.cli import main\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code\n"
        "print([name for name in ('tensorflow', 'keras', 'pandas') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
