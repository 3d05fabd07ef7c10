"""Typer, but for two things.

Its help leaves each option's environment variable out: they all follow one rule, which the
program's own help tells, and took a third of every page.  And an interruption is told.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import typer
from typer.core import TyperCommand, TyperGroup

_Function = TypeVar("_Function", bound=Callable[..., Any])


class Command(TyperCommand):
    """A command whose help does not name environment variables."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        for parameter in self.params:
            parameter.show_envvar = False  # type: ignore[attr-defined]


class Program(TyperGroup):
    """All commands; Ctrl-C raises `typer.Abort`, where Typer's ends without a word."""

    def make_context(self, *arguments: Any, **named: Any) -> Any:
        """As Typer's; parsing loads a good part of it."""
        with _told():
            return super().make_context(*arguments, **named)

    def invoke(self, ctx: Any) -> Any:
        """As Typer's."""
        with _told():
            return super().invoke(ctx)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt as error:
        raise typer.Abort from error


class App(typer.Typer):
    """A program, or a group of its commands."""

    def command(
        self, name: str | None = None, *, cls: Any = Command, **options: Any
    ) -> Callable[[_Function], _Function]:
        """As Typer's."""
        return super().command(name, cls=cls, **options)
