"""A model's figure on one set of rows."""

import pytest

from edge_emotion_report.scores import table_score


@pytest.mark.parametrize("rows", [0, 0.5, None])
def test_a_figure_over_less_than_a_row_is_not_measured(rows):
    assert table_score("emotion", {"accuracy": 0.8, "rows": rows}, "some rows", None) is None
