import csv
from pathlib import Path

import pytest

from edge_emotion.errors import EdgeEmotionError
from edge_emotion_train.history import History


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_epochs_count_from_one_and_go_on_in_the_next_phase(tmp_path: Path):
    file = tmp_path / "history.csv"
    for phase, epochs in (("plain", (0, 1)), ("quantization-aware", (2,))):
        history = History(file, phase)
        for epoch in epochs:
            history.on_epoch_end(epoch, {"loss": 0.5})
    assert file.read_text() == (
        "epoch,phase,loss\n1,plain,0.5\n2,plain,0.5\n3,quantization-aware,0.5\n"
    )


def test_an_epoch_that_comes_again_replaces_its_row_and_later_ones(tmp_path: Path):
    file = tmp_path / "history.csv"
    for epoch in range(4):
        History(file, "plain").on_epoch_end(epoch, {"loss": 1.0})
    History(file, "plain").on_epoch_end(1, {"loss": 0.25})
    assert [(row["epoch"], row["loss"]) for row in rows(file)] == [("1", "1.0"), ("2", "0.25")]


def test_a_figure_that_a_phase_brings_gets_its_column(tmp_path: Path):
    file = tmp_path / "history.csv"
    History(file, "plain").on_epoch_end(0, {"loss": 1.0})
    History(file, "plain").on_epoch_end(1, {"loss": 1.0, "accuracy": 0.5})
    assert [row["accuracy"] for row in rows(file)] == ["", "0.5"]


def test_figures_are_kept_to_the_last_bit(tmp_path: Path):
    History(tmp_path / "history.csv", "plain").on_epoch_end(0, {"loss": 0.1 + 0.2})
    assert float(rows(tmp_path / "history.csv")[0]["loss"]) == 0.1 + 0.2


def test_a_file_that_is_no_history_is_not_overwritten(tmp_path: Path):
    file = tmp_path / "history.csv"
    file.write_text("epoch,mine\nfirst,1\n")
    with pytest.raises(EdgeEmotionError, match=r"history\.csv is no history of a training"):
        History(file, "plain").on_epoch_end(0, {"loss": 1.0})
    assert "mine" in file.read_text()
