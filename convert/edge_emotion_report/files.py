"""Finding the files of a report, and reading what can be read of them."""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge_emotion.errors import EdgeEmotionError
from edge_emotion_report.fields import MalformedError
from edge_emotion_report.parsing import parse
from edge_emotion_report.records import Record, Source
from edge_emotion_report.wording import count, listed

_LARGEST_BYTES = 64 << 20
_NAMED = 5  # files of a folder that a note names; the others are counted


@dataclass(frozen=True)
class Found:
    """What the files hold.

    Attributes:
        records: in the order of the files.
        sources: one for each file that is used.
        notes: a sentence about each file, or part of one, that is not used.
    """

    records: tuple[Record, ...]
    sources: tuple[Source, ...]
    notes: tuple[str, ...]


def read_files(paths: Sequence[Path]) -> Found:
    """Read files, and all JSON files in folders.

    Raises:
        EdgeEmotionError: a path does not exist, or nothing can be used.
    """
    records: list[Record] = []
    sources: list[Source] = []
    notes: list[str] = []
    unknown: dict[Path, list[str]] = defaultdict(list)
    seen: dict[bytes, Path] = {}
    for named, file in _found(paths):
        try:
            content = _content(file)
            if content in seen:
                notes.append(f"{file} is the same file as {seen[content]}: taken once")
                continue
            seen[content] = file
            parsed = parse(_decoded(content), file)
        except MalformedError as error:
            notes.append(f"{file} is left out: {error}")
            continue
        if parsed is None:
            unknown[named].append(str(file.relative_to(named)) if named != file else "")
            continue
        found, wrong = parsed
        notes += [f"{file}: {one}; left out" for one in wrong]
        if found:
            sources.append(found[0].source)
            records += found
    notes += [_not_ours(named, names) for named, names in unknown.items()]
    if not records:
        raise EdgeEmotionError(
            "; ".join(notes) or f"no JSON file in {listed([str(path) for path in paths])}",
            expected="files of edge-emotion benchmark, convert or evaluate --json",
        )
    return Found(tuple(records), tuple(sources), tuple(notes))


def _found(paths: Sequence[Path]) -> Iterator[tuple[Path, Path]]:
    """Each file once, behind the path that it was named by."""
    met: set[Path] = set()
    for path in paths:
        if not path.exists():
            raise EdgeEmotionError(f"{path} does not exist", remedy="check the report's files")
        for file in sorted(_below(path)) if path.is_dir() else [path]:
            if file.resolve() not in met:
                met.add(file.resolve())
                yield path, file


def _below(folder: Path) -> Iterator[Path]:
    for file in folder.rglob("*.json"):
        hidden = any(part.startswith(".") for part in file.relative_to(folder).parts)
        if file.is_file() and not hidden:
            yield file


def _content(file: Path) -> bytes:
    try:
        if file.stat().st_size > _LARGEST_BYTES:
            raise MalformedError(f"it is larger than {_LARGEST_BYTES >> 20} MiB")
        return file.read_bytes()
    except OSError as error:
        raise MalformedError(f"it cannot be read: {error.strerror}") from error


def _decoded(content: bytes) -> object:
    try:
        return json.loads(content)
    except RecursionError as error:
        raise MalformedError("it is nested without end") from error
    except ValueError as error:
        what = "it is empty" if not content.strip() else f"it is cut off or no JSON ({error})"
        raise MalformedError(what) from error


def _not_ours(named: Path, names: Sequence[str]) -> str:
    what = "no measurements that a report shows"
    if names == [""]:
        return f"{named} is left out: it holds {what}"
    more = len(names) - _NAMED
    shown = [*names[:_NAMED], *([count(more, "more file")] if more > 0 else [])]
    return f"left out of {named}: {listed(shown)}, with {what}"
