"""`edge-emotion report FILE...` as a user runs it."""

import json
import subprocess
import sys

import pytest

from edge_emotion.modelfile import shipped_tasks
from helpers.commands import edge_emotion, edge_emotion_here, is_one_line
from helpers.measurements import benchmark, evaluation, everything, network, write

SECONDS = 10


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return write(tmp_path_factory.mktemp("files"), everything())


def test_a_folder_becomes_a_page_with_its_text_its_table_and_its_picture(files, tmp_path):
    names = ("report.html", "report.md", "report.csv", "report.svg")
    options = ("--output", "--markdown", "--csv", "--picture")
    places = [word for pair in zip(options, names, strict=True) for word in pair]
    done = edge_emotion("report", files, *places, cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert all((tmp_path / name).stat().st_size for name in names)
    assert done.stdout.startswith("On a PC, emotion: emotion_int8.tflite, cpu, 1 thread.")
    assert done.stderr.splitlines() == [f"report: {', '.join(names)}"]


def test_a_whole_project_takes_less_than_ten_seconds_of_the_processor(files, tmp_path):
    """Of its own time, which does not hang on what else the machine does."""
    code = (
        "import sys, time; sys.argv = ['edge-emotion', 'report', *sys.argv[1:]]\n"
        "from edge_emotion.cli import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        "print([name for name in ('tensorflow', 'keras', 'pandas') if name in sys.modules])\n"
        "print(time.process_time())"
    )
    command = [sys.executable, "-c", code, str(files), "--output", str(tmp_path / "report.html")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)

    heavy, seconds = done.stdout.splitlines()[-2:]
    assert heavy == "[]"
    assert float(seconds) < SECONDS


def test_without_a_name_the_page_is_report_html(files, tmp_path):
    done = edge_emotion_here("report", files / "pi4.json", cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["report.html"]


@pytest.mark.parametrize("suffix", ["md", "csv"])
def test_the_output_may_be_text_or_a_table(files, tmp_path, suffix):
    done = edge_emotion_here("report", files, "--output", f"x.{suffix}", cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert "emotion" in (tmp_path / f"x.{suffix}").read_text()


def test_json_prints_what_to_run_and_writes_no_page(files, tmp_path):
    done = edge_emotion_here("report", files, "--json", "--goal", "accuracy", cwd=tmp_path)

    told = json.loads(done.stdout)
    assert [one["device"] for one in told] == ["a PC", "Raspberry Pi 4"]
    assert told[0]["command"].startswith("edge-emotion run --camera --emotion emotion_int8.tflite")
    assert not list(tmp_path.iterdir())


def test_json_has_the_figures_of_every_row_and_what_decided(files, tmp_path):
    done = edge_emotion_here("report", files, "--json", cwd=tmp_path)
    _, told = json.loads(done.stdout)

    assert told["device"] == "Raspberry Pi 4"
    assert (told["delegate"], told["threads"], told["decided_on"]) == ("cpu", 1, "whole frames")
    assert told["frame"]["p50_ms"] == 3.0 and told["frame"]["stages_ms"]["detect"] == 2.0
    assert len(told["rows"]) == 11 * 2  # models, threads
    assert {row["device"] for row in told["rows"]} == {"Raspberry Pi 4"}
    first = told["rows"][0]
    assert (first["model"], first["chosen"], first["peer"]) == ("emotion-edge int8", True, False)
    assert (first["p50_ms"], first["p50_low_ms"], first["p50_high_ms"]) == (1.0, 0.99, 1.01)
    assert (first["value"], first["value_low"]) == (0.8, 0.78)
    assert (first["lost"], first["lost_low"], first["lost_unit"]) == (0.5, 0.4, "points")
    assert first["energy_mj"] is None


def test_where_one_of_the_files_cannot_be_written_none_is(files, tmp_path):
    (tmp_path / "report.html").write_text("before")
    too_long = f"{'x' * 251}.csv"  # no room for a temporary name
    done = edge_emotion_here("report", files, "--markdown", "x.md", "--csv", too_long, cwd=tmp_path)

    assert done.returncode == 1
    assert is_one_line(done.stderr) and "cannot write" in done.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["report.html"]
    assert (tmp_path / "report.html").read_text() == "before"


def test_what_is_left_out_is_warned_of_line_by_line_and_stands_on_the_page(tmp_path):
    whole = benchmark()
    files = {
        "a.json": whole,
        "b.json": json.dumps(whole)[:500],
        "c.json": {"other": 1},
        "d.json": benchmark(version=7),
        "e.json": evaluation(network("another"), 0.8),
    }
    done = edge_emotion_here(
        "report", *(write(tmp_path, files) / name for name in files), cwd=tmp_path
    )
    page = (tmp_path / "report.html").read_text()

    assert done.returncode == 0, done.stderr
    warnings = done.stderr.splitlines()[:-1]
    assert len(warnings) == 4
    for line, named in zip(warnings, ("b.json", "d.json", "c.json", "several"), strict=True):
        assert line.startswith("edge-emotion: ") and named in line
    for named in ("b.json is left out", "d.json is left out", "c.json is left out"):
        assert named in page.partition("<h2>Notes</h2>")[2]


@pytest.mark.parametrize(
    ("arguments", "code", "named"),
    [
        (["nowhere.json"], 1, "nowhere.json does not exist"),
        (["empty"], 1, "no JSON file in empty"),
        (["broken.json"], 1, "broken.json is left out: it is cut off"),
        (["good.json", "--goal", "speed"], 2, "--goal speed"),
        (["good.json", "--output", "x.pdf"], 2, "--output x.pdf"),
        (["good.json", "--picture", "x.html"], 2, "--picture x.html"),
        (["good.json", "--output", "good.json/x.html"], 1, "good.json is a file"),
        (["good.json", "--session", "good.json"], 2, "--session"),
        (["--session", "good.json", "--goal", "accuracy"], 2, "--session"),
        (["good.json", "--picture", "x.svg", "--output", "y.md"], 1, "no picture"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_line(tmp_path, arguments, code, named):
    write(tmp_path, {"good.json": benchmark(), "broken.json": '{"schema'})
    (tmp_path / "empty").mkdir()
    done = edge_emotion_here("report", *arguments, cwd=tmp_path)

    assert done.returncode == code
    assert named in done.stderr
    assert is_one_line(done.stderr), done.stderr


@pytest.mark.slow
def test_what_benchmark_writes_is_read_without_a_word_of_complaint(tmp_path):
    few = (
        "--threads",
        "1",
        "--num-runs",
        "20",
        "--warmup-runs",
        "1",
        "--max-secs",
        "0.1",
        "--layers",
    )
    measured = edge_emotion("benchmark", *few, "--output", "b.json", cwd=tmp_path, timeout_s=300)
    assert measured.returncode == 0, measured.stderr
    done = edge_emotion("report", "b.json", "--csv", "b.csv", cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines() == ["report: report.html, b.csv"]
    assert (tmp_path / "b.csv").read_text().count("\n") == 1 + len(shipped_tasks())  # and headings
    page = (tmp_path / "report.html").read_text()
    assert "Where a frame’s time goes" in page
    assert "Whole frames decided on delegate and threads" in page
    assert "What is left to gain" in page and "copying memory" in page
