import pytest
from rich.console import Console
from rich.text import Text

from edge_emotion.terminal import make_table, print_table, show


def test_square_brackets_are_text(capsys: pytest.CaptureFixture[str]):
    print_table(["file"], [["runs/[bold]/a"]])
    show("runs/[bold]/a")
    assert capsys.readouterr().out.split() == ["file", "runs/[bold]/a", "runs/[bold]/a"]


def test_a_pipe_gets_whole_lines(capsys: pytest.CaptureFixture[str]):
    print_table(["a", "b"], [["x" * 300, "y"]])
    assert "x" * 300 in capsys.readouterr().out


def test_a_pipe_gets_whole_lines_of_columns_that_are_narrow_on_a_terminal(
    capsys: pytest.CaptureFixture[str],
):
    table = make_table(["a", "b"], [["two words", "y"]])
    table.columns[0].max_width = 4
    show(table)
    assert "two words  y" in capsys.readouterr().out


def test_a_terminal_gets_lines_that_fit(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setattr(Console, "is_terminal", True)
    print_table(["a", "b"], [["x" * 300, "y"]])
    printed = capsys.readouterr().out
    assert printed.count("x") == 300
    assert max(Text.from_ansi(line).cell_len for line in printed.splitlines()) <= 60
