from pathlib import Path

import pytest

from edge_emotion.data.columns import Column, read_columns

PIXELS = "1 2 3 4 5 6 7 8 9 10 11 12"


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        (["1", "3", "3", "1"], ("whole numbers", 0, 1, 3, {"1": 2, "3": 2})),
        (["1.5", "", "-2", "4"], ("numbers", 1, -2, 4, {})),
        (["1", "2", "3", "4"], ("whole numbers", 0, 1, 4, {})),
        (["a", "a", "b", ""], ("text", 1, None, None, {"a": 2, "b": 1})),
        (["1", "2", "x", "4"], ("text", 0, None, None, {})),
        ([PIXELS] * 4, ("pixels", 0, None, None, {})),
        (["", " ", "", ""], ("empty", 4, None, None, {})),
    ],
    ids=["classes", "measures", "all different", "words", "a stray word", "pixels", "empty"],
)
def test_a_column_is_told_by_what_it_holds(tmp_path: Path, cells: list[str], told):
    path = tmp_path / "table.csv"
    path.write_text("\n".join(["other, it", *(f"x,{cell}" for cell in cells)]), encoding="utf-8")
    assert read_columns(path)[1] == Column("it", *told)


def test_a_table_without_rows_has_no_columns_to_tell_of(tmp_path: Path):
    (tmp_path / "table.csv").write_text("a,b\n")
    assert read_columns(tmp_path / "table.csv") == ()
