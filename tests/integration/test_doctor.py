"""`edge-emotion doctor` as a user runs it, with and without what it needs itself."""

import json
import os
import pty
import subprocess
import sys

import pytest

from edge_emotion_device.doctor import CHECKS
from helpers.commands import command, edge_emotion

NAMES = [check.name for check in CHECKS]
HEAVY = ("tensorflow", "keras", "matplotlib", "pandas", "edge_emotion_convert")


def without(*modules: str) -> subprocess.CompletedProcess[str]:
    """The doctor in a Python that cannot import some modules, which names the heavy ones it did."""
    code = (
        f"import sys; sys.modules.update(dict.fromkeys({modules}))\n"
        "sys.argv = 'edge-emotion doctor --json'.split()\n"
        "from edge_emotion.cli import main\n"
        "try: main()\n"
        "finally: print([n for n in {heavy} if sys.modules.get(n)], file=sys.stderr)"
    ).replace("{heavy}", str(HEAVY))
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)


def test_json_is_a_list_of_checks_with_four_keys():
    done = edge_emotion("doctor", "--json")
    listed = json.loads(done.stdout)

    assert (done.returncode, done.stderr) == (0, "")
    assert [one["name"] for one in listed] == NAMES
    assert all(list(one) == ["name", "status", "found", "remedy"] for one in listed)
    assert {one["status"] for one in listed} <= {"ok", "warn"}
    assert all(one["found"] for one in listed)
    assert all(bool(one["remedy"]) == (one["status"] == "warn") for one in listed)


def test_the_table_has_a_line_for_each_check_and_one_for_each_remedy():
    done = edge_emotion("doctor")
    heading, *lines, verdict = done.stdout.splitlines()
    checks = [line for line in lines if not line.strip().startswith("→")]

    assert (done.returncode, done.stderr) == (0, "")
    assert heading.split() == ["check", "status", "found"]
    assert [line.split()[0] for line in checks] == NAMES
    assert len(lines) - len(checks) == sum(line.split()[1] == "warn" for line in checks)
    assert verdict == "all is well" or verdict.startswith("run can work here; see ")


def test_help_shows_an_example():
    assert "Example: edge-emotion doctor --json" in edge_emotion("doctor", "--help").stdout


def test_it_loads_nothing_heavy():
    assert without().stderr.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("modules", "failed"),
    [
        (("ai_edge_litert", "tflite_runtime"), ["runtime", "models"]),
        (("cv2",), ["opencv", "runtime", "models"]),
        (("numpy", "cv2"), ["numpy", "opencv", "runtime", "models"]),
    ],
)
def test_without_what_run_needs_it_still_comes_and_ends_with_1(modules, failed):
    done = without(*modules)
    listed = json.loads(done.stdout)

    assert done.returncode == 1, done.stderr
    assert [one["name"] for one in listed if one["status"] == "fail"] == failed
    assert all("pip install" in one["remedy"] for one in listed if one["status"] == "fail")


def on_a_terminal(**environment: str) -> str:
    """What the doctor writes to one."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        command("doctor"),
        stdout=theirs,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"TERM": "xterm-256color", "COLUMNS": "70"} | environment,
    )
    os.close(theirs)
    written = b""
    try:
        while some := os.read(ours, 10_000):
            written += some
    except OSError:  # how Linux tells that the other end was closed
        pass
    os.close(ours)
    process.wait()
    return written.decode()


def test_colour_is_for_terminals_and_says_nothing_that_words_do_not():
    green = "\x1b[32mok"
    assert green in on_a_terminal()
    assert green not in on_a_terminal(NO_COLOR="1")
    assert "\x1b" not in edge_emotion("doctor").stdout
