"""A model's figure on one set of rows."""

import pytest

from edge_emotion_report.scores import table_score


@pytest.mark.parametrize("rows", [0, 0.5, None])
def test_a_figure_over_less_than_a_row_is_not_measured(rows):
    assert table_score("emotion", {"accuracy": 0.8, "rows": rows}, "some rows", None) is None


@pytest.mark.parametrize("rows", [1, 1e15, 1e308])
def test_an_accuracy_has_an_interval_however_many_rows_it_is_of(rows):
    low, high = table_score("emotion", {"accuracy": 0.8, "rows": rows}, "some", None).interval

    assert 0 < low <= 0.8 <= high < 1
