"""The command line itself: help, wrong use, and errors in one line with the right exit code."""

import re
import shlex
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from edge_emotion.cli import app
from helpers.commands import edge_emotion, edge_emotion_here, is_one_line

COMMANDS = (["run"], ["train"], ["convert"], ["evaluate"])


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_help_shows_an_example_of_its_command(command):
    result = CliRunner().invoke(app, [*command, "--help"])

    assert result.exit_code == 0
    assert f"Example: edge-emotion {' '.join(command)}" in " ".join(result.output.split())


def test_the_example_of_run_runs():
    help_text = " ".join(CliRunner().invoke(app, ["run", "--help"]).output.split())
    example = re.search(r"Example: edge-emotion (run .*?--frames \d+)", help_text)
    assert example is not None

    done = edge_emotion(*shlex.split(example[1]))

    assert done.returncode == 0
    assert len(done.stdout.splitlines()) >= 48


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (["run", "--bogus"], "--bogus"),
        (["run", "--threads", "0"], "--threads"),
        (["run", "--threads", "two"], "--threads"),
        (["bogus"], "bogus"),
        (["train", "age"], "age"),
        (["run", "--camera", "bogus"], "bogus"),
        (["run", "--camera", "demo", "--delegate", "gpu"], "gpu"),
        (["train", "emotion", "--recipe", "bogus", "--data", "."], "bogus"),
        (["train", "emotion", "--sets", "bogus", "--data", "."], "bogus"),
        (["evaluate"], "argument"),
        (["train", "emotio"], "'task': 'emotio' is not one of"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_use_is_one_line_and_exit_code_2(arguments, found):
    done = edge_emotion_here(*arguments)

    assert done.returncode == 2
    assert found in done.stderr
    assert is_one_line(done.stderr)
    assert done.stdout == ""


def test_data_that_is_not_there_is_said_with_the_remedy(tmp_path):
    done = edge_emotion_here("train", "emotion", cwd=tmp_path)

    assert done.returncode == 2
    assert "--data" in done.stderr and "fer2013/fer2013.csv.zip" in done.stderr
    assert is_one_line(done.stderr)


INTERRUPTED = """
import os, signal, sys
from importlib.metadata import entry_points

class Interrupt:
    def find_spec(self, name, path, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupt())
sys.argv = "edge-emotion run --camera demo --headless".split()
program, = entry_points(group="console_scripts", name="edge-emotion")
program.load()()
"""


@pytest.mark.parametrize("module", ["typer", "pydantic", "cv2"])
def test_an_interruption_while_loading_is_one_line_and_exit_code_130(module):
    code = INTERRUPTED.format(module=module)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)

    assert (done.returncode, done.stderr) == (130, "edge-emotion: interrupted\n")


def test_debug_shows_where_an_error_comes_from():
    done = edge_emotion_here("run", "--camera", "bogus", "--debug")

    assert done.returncode == 2
    assert "Traceback" in done.stderr


def test_the_version_is_told():
    assert re.fullmatch(r"edge-emotion \d+\.\d+\.\d+\n", edge_emotion("--version").stdout)


@pytest.mark.parametrize("arguments", [[], ["train"]], ids=["edge-emotion", "train"])
def test_without_a_command_the_help_is_all_there_is(arguments):
    done = edge_emotion_here(*arguments)

    assert "Usage" in done.stdout + done.stderr
    assert "edge-emotion: " not in done.stderr
