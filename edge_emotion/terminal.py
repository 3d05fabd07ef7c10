"""Facts on a terminal: quiet tables, one line a row, without colour or boxes."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.status import Status
    from rich.table import Table

_WIDE = 1000  # a file or a pipe gets whole lines


def make_table(
    header: Sequence[str], rows: Sequence[Sequence[str]] = (), left: Sequence[str] = ()
) -> "Table":
    """A table for `show`.

    Args:
        header: names of the columns.
        rows: the cells.
        left: columns besides the first that start at the left, as text does.
    """
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    for place, name in enumerate(header):
        at_left = place == 0 or name in left
        table.add_column(name, justify="left" if at_left else "right", overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table


def print_table(
    header: Sequence[str], rows: Sequence[Sequence[str]], left: Sequence[str] = ()
) -> None:
    """Print a table on stdout, made as `make_table` does."""
    show(make_table(header, rows, left))


def show(answer: "str | Table") -> None:
    """Print text or a table on stdout, as it is: square brackets are no markup."""
    from rich.console import Console

    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console = Console(highlight=False, markup=False, emoji=False, width=_WIDE)
        if not isinstance(answer, str):
            for column in answer.columns:
                column.max_width = None
    console.print(answer, soft_wrap=isinstance(answer, str))


def busy(what: str) -> "Status":
    """Say on a terminal's stderr, while in the block, that something is under way."""
    from rich.console import Console
    from rich.text import Text

    return Console(stderr=True).status(Text(what))
