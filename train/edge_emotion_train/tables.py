"""TOML tables to frozen dataclasses with errors that name the key; overrides of single keys."""

import copy
import dataclasses
import types
import typing
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from edge_emotion.errors import WrongUse
from edge_emotion.toml import NotToml, loads

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Table = TypeVar("Table", bound="DataclassInstance")

_SCALARS: dict[type, tuple[tuple[type, ...], str]] = {
    bool: ((bool,), "true or false"),
    int: ((int,), "a whole number"),
    float: ((int, float), "a number"),
    str: ((str,), "text"),
}


def build(kind: type[Table], values: Any, where: str) -> Table:
    """The dataclass `kind` from a table that stands at `where` in the file.

    Lists become tuples, and text where a list of texts is expected one of it alone (none of "");
    fields that hold dataclasses are taken as they are.

    Raises:
        WrongUse: an unknown key, a missing one, or a value that cannot be.
    """
    if not isinstance(values, dict):
        raise WrongUse(f"{where} is {values!r}", expected="a table")
    known = {item.name: item for item in dataclasses.fields(kind)}
    unknown = [key for key in values if key not in known]
    if unknown:
        raise WrongUse(
            f"{where} has an unknown key {', '.join(unknown)}",
            expected="some of " + ", ".join(known),
        )
    missing = [
        key
        for key, item in known.items()
        if key not in values
        and item.default is dataclasses.MISSING
        and item.default_factory is dataclasses.MISSING
    ]
    if missing:
        raise WrongUse(f"{where} lacks {', '.join(missing)}")
    hints = typing.get_type_hints(kind)
    checked = {}
    for key, value in values.items():
        if isinstance(value, str) and typing.get_args(hints[key]) == (str, Ellipsis):
            value = [value] if value else []
        checked[key] = tuple(value) if isinstance(value, list) else value
        if expected := _misfit(checked[key], hints[key]):
            raise WrongUse(f"{where}: {key} is {value!r}", expected=expected)
    try:
        return kind(**checked)
    except (TypeError, ValueError) as error:
        raise WrongUse(f"{where}: {error}") from error


def override(table: dict[str, Any], settings: Sequence[str]) -> dict[str, Any]:
    """A copy of a recipe's tables with each setting KEY=VALUE in its place.

    KEY is dotted and VALUE is TOML, as they would stand in the file; what is no TOML is text, so
    that the shell need not see quotes within quotes.

    Raises:
        WrongUse: no KEY=VALUE, or a key inside something that is no table.
    """
    table = copy.deepcopy(table)
    for setting in settings:
        key, equals, text = setting.partition("=")
        path = _path(key)
        if not equals or not path:
            raise WrongUse(
                f"--set {setting}", expected="KEY=VALUE, for example fit.learning_rate=1e-3"
            )
        place: Any = table
        for depth, part in enumerate(path[:-1], 1):
            place = place.setdefault(part, {})
            if not isinstance(place, dict):
                raise WrongUse(f"--set {key}: {'.'.join(path[:depth])} is {place!r}, not a table")
        place[path[-1]] = _value(text)
    return table


def _misfit(value: Any, hint: Any) -> str:
    """What was expected instead of a value that does not fit a type; "" where it fits."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint in _SCALARS:
        fitting, wording = _SCALARS[hint]
        fits = isinstance(value, fitting) and isinstance(value, bool) == (hint is bool)
        return "" if fits else wording
    if origin is Literal:
        if any(type(value) is type(choice) and value == choice for choice in arguments):
            return ""
        choices = [str(choice).lower() for choice in arguments]  # True is true in TOML
        return ", ".join(choices[:-1]) + f" or {choices[-1]}"
    if origin is tuple:
        element = arguments[0]
        wording = _SCALARS[element][1].removeprefix("a ") + "s"
        if arguments[-1] is Ellipsis:
            fits = isinstance(value, tuple)
            wording = f"a list of {wording}"
        else:
            fits = isinstance(value, tuple) and len(value) == len(arguments)
            wording = f"a list of {len(arguments)} {wording}"
        return "" if fits and not any(_misfit(item, element) for item in value) else wording
    if origin is dict:
        if not isinstance(value, dict):
            return "a table"
        fits = arguments[1] is not float or not any(_misfit(item, float) for item in value.values())
        return "" if fits else "a table of numbers"
    # A field of another dataclass, or a union of some, has been built already.
    assert dataclasses.is_dataclass(hint) or origin in (typing.Union, types.UnionType), hint
    return ""


def _path(key: str) -> list[str]:
    """The parts of a dotted key; none where it is no TOML key."""
    try:
        place: Any = loads(f"{key} = 0")
    except NotToml:
        return []
    path: list[str] = []
    while isinstance(place, dict):
        [(part, place)] = place.items()
        path.append(part)
    return path


def _value(text: str) -> Any:
    try:
        return loads(f"value = {text}")["value"]
    except NotToml:
        return text.strip()
