"""Which formats the options of `convert` ask for."""

import inspect

import pytest
from typer.testing import CliRunner

import edge_emotion_convert.convert as conversion
from edge_emotion import cli_convert
from edge_emotion.cli import app
from edge_emotion.cli_convert import FORMATS
from edge_emotion_convert.tasks.table import KINDS


@pytest.fixture
def asked(monkeypatch):
    """What the two functions behind the command were called with."""
    calls = []
    for name in ("convert_command", "sweep_command"):
        monkeypatch.setattr(
            conversion, name, lambda *args, name=name, **options: calls.append((name, options))
        )
    return calls


def test_the_command_line_knows_every_format():
    assert FORMATS == conversion.ALL


def test_the_command_lines_defaults_are_those_of_the_functions():
    options = inspect.signature(cli_convert.convert).parameters
    for command in (conversion.convert, conversion.why_command):
        behind = inspect.signature(command).parameters
        for name in options.keys() & behind.keys() - {"model"}:
            assert options[name].default == behind[name].default, (command, name)


def test_the_help_names_the_limits_that_are_taken_without_any():
    help_ = inspect.signature(cli_convert.convert, eval_str=True).parameters["max_drop"].annotation
    [option] = help_.__metadata__
    for task, kind in KINDS.items():
        headline = kind.measures[0]
        assert f"{kind.limits[headline.name]} {headline.unit}" in option.help, task


@pytest.mark.parametrize(
    ("arguments", "formats"),
    [
        ([], ["int8"]),
        (["--int8"], ["int8"]),
        (["--float32", "--int8"], ["int8", "float32"]),
        (["--int16x8", "--saved-model"], ["int16x8", "saved_model"]),
        (["--all"], list(FORMATS)),
    ],
)
def test_options_choose_formats(asked, arguments, formats):
    assert CliRunner().invoke(app, ["convert", *arguments]).exit_code == 0
    [(name, options)] = asked
    assert (name, options["formats"]) == ("convert_command", formats)


def test_the_sweep_is_asked_for_by_itself(asked):
    assert CliRunner().invoke(app, ["convert", "--representative-sweep"]).exit_code == 0
    assert [name for name, _ in asked] == ["sweep_command"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--representative-sweep", "--float32"],
        ["--representative-sweep", "--edgetpu"],
        ["--edgetpu", "--float16"],
        ["--max-drop", "-1"],
        ["--representative", "0"],
        ["--int4"],
    ],
)
def test_what_does_not_go_together_is_refused(asked, arguments):
    result = CliRunner().invoke(app, ["convert", *arguments])
    assert result.exit_code != 0
    assert asked == []
