"""Answers on stdout, progress on stderr, and TensorFlow's own voice on neither."""

import io
import logging
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, redirect_stdout
from typing import TypeVar

from rich.console import Console
from rich.progress import track
from rich.table import Table

from edge_emotion.quiet import only_python_speaks
from edge_emotion.terminal import show

_progress = Console(stderr=True, highlight=False)

Item = TypeVar("Item")


def tell(answer: str | Table) -> None:
    """Text or a table of facts on stdout."""
    show(answer)


def say(text: str) -> None:
    """One line of progress on stderr."""
    _progress.print(text, style="dim", markup=False, soft_wrap=True)


def counted(items: Iterable[Item], what: str, total: int) -> Iterator[Item]:
    """The same items, with a bar on stderr while they are used up; it disappears at the end."""
    yield from track(
        items, what, total, console=_progress, transient=True, disable=not _progress.is_terminal
    )


@contextmanager
def quiet() -> Iterator[None]:
    """Keep what libraries say to themselves off both streams; `say` and `counted` still speak.

    TensorFlow prints to stdout, warns, logs, and writes to file descriptor 2 from C++.
    """
    logged = logging.root.manager.disable
    with only_python_speaks(), redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.disable(logging.WARNING)
        try:
            yield
        finally:
            logging.disable(logged)
