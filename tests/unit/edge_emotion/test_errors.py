import pytest

from edge_emotion.errors import (
    EdgeEmotionError,
    ExitCode,
    GateNotMet,
    MissingExtra,
    WrongUse,
    warn,
)


def test_a_message_is_what_was_found_what_was_expected_and_the_remedy():
    error = EdgeEmotionError("a.csv is empty", expected="rows", remedy="name another file")
    assert str(error) == "a.csv is empty; expected rows; name another file"


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({}, "no camera"),
        ({"expected": "one"}, "no camera; expected one"),
        ({"remedy": "plug one in"}, "no camera; plug one in"),
    ],
)
def test_parts_that_are_not_given_leave_no_trace(parts: dict[str, str], message: str):
    assert str(EdgeEmotionError("no camera", **parts)) == message


def test_a_message_stays_on_one_line_whatever_it_quotes():
    error = EdgeEmotionError("first\n  second\tthird", remedy="do\nthis")
    assert str(error) == "first second third; do this"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (EdgeEmotionError("x"), 1),
        (WrongUse("x"), 2),
        (MissingExtra("train", "keras", "train"), 2),
        (GateNotMet("x"), 3),
    ],
)
def test_each_error_has_its_exit_code(error: EdgeEmotionError, code: int):
    assert error.exit_code == code


def test_done_and_interrupted_have_the_shells_usual_codes():
    assert (ExitCode.DONE, ExitCode.INTERRUPTED) == (0, 130)


def test_a_missing_extra_is_answered_with_the_line_that_brings_it():
    error = MissingExtra("edge-emotion train", "keras", "train")
    assert str(error) == (
        "edge-emotion train needs keras, which is not installed; "
        "install it with: pip install 'edge-emotion[train]'"
    )


def test_an_error_keeps_its_parts():
    error = WrongUse("two;\n lines", expected="one", remedy="join; them")
    assert (error.found, error.expected, error.remedy) == ("two; lines", "one", "join; them")


def test_a_warning_is_one_line_on_stderr(capsys: pytest.CaptureFixture[str]):
    warn("no camera\n  yet")
    assert tuple(capsys.readouterr()) == ("", "edge-emotion: no camera yet\n")
