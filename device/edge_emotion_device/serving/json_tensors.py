"""Request bodies into tensors and answers into JSON, by the rules of util/json_tensor.cc.

Its messages are kept, typing errors included, because programs look for them.  Nested lists are
taken apart level by level and not value by value: a face of 96 px has 9216 values.
"""

import binascii
import json
from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import orjson

from edge_emotion.types import Floats
from edge_emotion_device.serving.refusal import Refusal, invalid
from edge_emotion_device.serving.signatures import TensorInfo

MOST_ROWS = 4096  # a small body can hold millions of empty ones
_LONGEST_ECHO = 200  # characters of the client's own JSON in an error
_DEEPEST_ECHO = 8  # dimensions of a shape in an error
_TYPE_NAMES = {dict: "Object", list: "Array", str: "String", int: "Number", float: "Number"}
_LEAVES: dict[str, set[type]] = {"float": {int, float}, "uint8": {int}, "string": {str, dict}}


@dataclass(frozen=True, slots=True)
class Tensor:
    """The values of an input, in one list, and the shape that their nesting had."""

    values: list[Any]
    shape: tuple[int, ...]


def parse_object(body: bytes | bytearray) -> dict[str, Any]:
    """The JSON object of a body.

    Raises:
        Refusal: it is none.
    """
    if not body:
        raise invalid("JSON Parse error: The document is empty")
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise invalid(f"JSON Parse error: {error.msg} at offset: {error.pos}") from error
    if not isinstance(document, dict):
        raise _format_error(document, "Is not object")
    return document


def signature_name(document: dict[str, Any]) -> str:
    """The name of the signature asked for, empty for the default."""
    name = document.get("signature_name", "")
    if not isinstance(name, str):
        raise _format_error(
            document, "not formatted correctly. 'signature_name' key must be a string value."
        )
    return name


def examples(document: dict[str, Any]) -> None:
    """Check what `classify` and `regress` take, as far as it decides about the reply."""
    if "examples" not in document:
        raise _format_error(
            document, "When method is classify, key 'examples' is expected and was not found"
        )
    given = document["examples"]
    if not isinstance(given, list):
        raise _format_error(document, "Expecting 'examples' value to be an list/array")
    if not given:
        raise _format_error(document, "'examples' value is an empty array")
    for example in given:
        if not isinstance(example, dict):
            raise invalid(f"Example must be JSON object but got JSON {_type_name(example)}")


def request_tensor(document: dict[str, Any], info: TensorInfo) -> tuple[Tensor, bool]:
    """The input of a request, and whether it came in rows (`instances`), as the answer then does.

    Raises:
        Refusal: neither format, both, or values of another type than `info`.
    """
    rows, columns = "instances" in document, "inputs" in document
    if rows and columns:
        raise _format_error(
            document,
            "Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist ",
        )
    if rows:
        return _from_rows(document, info), True
    if columns:
        return _from_columns(document["inputs"], info), False
    raise invalid("Missing 'inputs' or 'instances' key")


def reply(answers: dict[str, Floats], in_rows: bool) -> bytes:
    """The body of a reply: one output goes without its name."""
    named = len(answers) > 1
    table: dict[str, Any]
    if not in_rows:
        table = {"outputs": answers if named else next(iter(answers.values()))}
    elif named:
        rows = zip(*answers.values(), strict=True)
        table = {"predictions": [dict(zip(answers, row, strict=True)) for row in rows]}
    else:
        table = {"predictions": next(iter(answers.values()))}
    return orjson.dumps(table, option=orjson.OPT_SERIALIZE_NUMPY)


def decode_base64(value: dict[str, Any]) -> bytes:
    """The bytes of `{"b64": text}`; padding may be missing.

    Raises:
        Refusal: it is no such object, or no base64.
    """
    if not _is_base64(value):
        raise _format_error(value, "not formatted correctly for base64 data")
    text = "".join(value["b64"].split()).rstrip("=")
    try:
        return b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise invalid("Unable to base64 decode") from error


def shape_text(shape: Sequence[int]) -> str:
    """A shape as `[1,48,48,1]`; a deep one is cut."""
    shown = ",".join(map(str, shape[:_DEEPEST_ECHO]))
    return f"[{shown}{',…' if len(shape) > _DEEPEST_ECHO else ''}]"


def _from_rows(document: dict[str, Any], info: TensorInfo) -> Tensor:
    instances = document["instances"]
    if not isinstance(instances, list):
        raise _format_error(document, "Excepting 'instances' to be an list/array")
    if not instances:
        raise _format_error(document, "No values in 'instances' array")
    if len(instances) > MOST_ROWS:
        raise invalid(f"{len(instances)} values in 'instances' array; expected at most {MOST_ROWS}")
    as_objects = _is_object(instances[0])
    parts: list[Tensor] = []
    for place, item in enumerate(instances):
        if _is_object(item) != as_objects:
            other = "object but got list" if as_objects else "value/list but got object"
            raise invalid(f"Expecting {other} at item {place} of input list")
        where = f"{place} key: {info.name}" if as_objects else f"{place}"
        try:
            parts.append(_dense(_named(place, item, info) if as_objects else item, info))
            _check_same_shape(parts[0], parts[-1])
        except _Inside as error:
            raise _in_element(where, str(error)) from error
    values = list(chain.from_iterable(part.values for part in parts))
    return Tensor(values, (len(parts), *parts[0].shape))


def _from_columns(given: Any, info: TensorInfo) -> Tensor:
    if _is_object(given):
        if info.name not in given:
            raise invalid(f"Missing named input: {info.name} in 'inputs' object.")
        given = given[info.name]
    try:
        return _dense(given, info)
    except _Inside as error:
        raise invalid(str(error)) from error


class _Inside(Exception):
    """What is wrong with a value; where it stands is told by who looked at it."""


def _dense(value: Any, info: TensorInfo) -> Tensor:
    """Take a nested list apart; the first element of each level says how long the others are."""
    values: list[Any] = [value]
    shape: list[int] = []
    while values and type(values[0]) is list:
        level, size = len(shape), len(values[0])
        if set(map(type, values)) != {list}:
            found = next(value for value in values if type(value) is not list)
            raise _Inside(
                f"JSON Value: {_echo(found)} found at incorrect level: {level + 1} in the JSON "
                f"DOM. Expected at level: {level + _depth(values[0])}"
            )
        if set(map(len, values)) != {size}:
            found = next(len(value) for value in values if len(value) != size)
            raise _Inside(
                f"Encountered list at unexpected size: {found} at level: {level} "
                f"expected size: {size}"
            )
        shape.append(size)
        values = list(chain.from_iterable(values))
    _check_leaves(values, len(shape), info)
    return Tensor(values, tuple(shape))


def _depth(value: Any) -> int:
    depth = 0
    while type(value) is list:
        value, depth = (value[0] if value else None), depth + 1
    return depth


def _check_leaves(values: list[Any], rank: int, info: TensorInfo) -> None:
    types = set(map(type, values))
    if list in types:
        raise _Inside(f"Encountered list at unexpected level: {rank} expected < {rank}")
    if types <= _LEAVES[info.dtype] or (info.dtype == "uint8" and all(map(_is_base64, values))):
        return
    found = next(value for value in values if type(value) not in _LEAVES[info.dtype])
    raise _Inside(
        f"JSON Value: {_echo(found)} Type: {_type_name(found)} "
        f"is not of expected type: {info.dtype}"
    )


def _check_same_shape(first: Tensor, other: Tensor) -> None:
    if len(first.values) != len(other.values):
        raise _Inside(f"Expecting tensor size: {len(first.values)} but got: {len(other.values)}")
    if first.shape != other.shape:
        raise _Inside(
            f"Expecting shape {shape_text(first.shape)} but got: {shape_text(other.shape)}"
        )


def _named(place: int, item: dict[str, Any], info: TensorInfo) -> Any:
    for key in item:
        if key != info.name:
            raise _in_element(
                f"{place} key: {key[:_LONGEST_ECHO]}",
                f"JSON object: does not have named input: {key[:_LONGEST_ECHO]}",
            )
    if not item:
        raise invalid(
            f"Failed to process element: {place} of 'instances' list. JSON object: {{}} "
            f"must only have keys: {info.name}"
        )
    return item[info.name]


def _in_element(where: str, message: str) -> Refusal:
    return invalid(
        f"Failed to process element: {where} of 'instances' list. "
        f"Error: INVALID_ARGUMENT: {message}"
    )


def _format_error(value: Any, message: str) -> Refusal:
    return invalid(f"JSON Value: {_echo(value)} {message}")


def _is_object(value: Any) -> bool:
    return isinstance(value, dict) and not _is_base64(value)


def _is_base64(value: Any) -> bool:
    return isinstance(value, dict) and len(value) == 1 and isinstance(value.get("b64"), str)


def _type_name(value: Any) -> str:
    return _TYPE_NAMES.get(type(value)) or {None: "Null", True: "True", False: "False"}[value]


def _echo(value: Any) -> str:
    """The beginning of a value as JSON."""
    text = ""
    for piece in json.JSONEncoder(indent=4, ensure_ascii=False).iterencode(value):
        text += piece[:_LONGEST_ECHO]
        if len(text) > _LONGEST_ECHO:
            return text[:_LONGEST_ECHO] + "…"
    return text
