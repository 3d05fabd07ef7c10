"""Typer, but for its help: each option's environment variable is left out.

They all follow one rule, which the program's own help tells, and took a third of every page.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import typer
from typer.core import TyperCommand

_Function = TypeVar("_Function", bound=Callable[..., Any])


class Command(TyperCommand):
    """A command whose help does not name environment variables."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        for parameter in self.params:
            parameter.show_envvar = False  # type: ignore[attr-defined]


class App(typer.Typer):
    """A program, or a group of its commands."""

    def command(
        self, name: str | None = None, *, cls: Any = Command, **options: Any
    ) -> Callable[[_Function], _Function]:
        """As Typer's."""
        return super().command(name, cls=cls, **options)
