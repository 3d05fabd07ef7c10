"""Facts on a terminal: quiet tables, one line a row, without colour or boxes."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.status import Status

_WIDE = 1000  # a file or a pipe gets whole lines


def print_table(
    header: Sequence[str], rows: Sequence[Sequence[str]], left: Sequence[str] = ()
) -> None:
    """Print a table on stdout.

    Args:
        header: names of the columns.
        rows: the cells.
        left: columns besides the first that start at the left, as text does.
    """
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    for place, name in enumerate(header):
        at_left = place == 0 or name in left
        table.add_column(name, justify="left" if at_left else "right", overflow="fold")
    for row in rows:
        table.add_row(*row)
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=_WIDE)
    console.print(table)


def busy(what: str) -> "Status":
    """Say on a terminal's stderr, while in the block, that something is under way."""
    from rich.console import Console

    return Console(stderr=True).status(what)
