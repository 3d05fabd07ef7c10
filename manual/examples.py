"""The shell examples of the documentation: found in its Markdown, with what becomes of each.

An example is a line of a code block after `$ `, as in a transcript, or, in a block without any, a
line that begins with a program's name.  The tables of docs/examples.md say which are not run and
why, which are run with something in place of a camera, and which end with an error on purpose.
"""

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROMPT = "$ "
PROGRAMS = (
    *("(umask", ".", "cp", "curl", "docker", "edge-emotion", "export", "git", "head"),
    *("journalctl", "ls", "make", "mosquitto_pub", "mosquitto_sub", "openssl", "pip", "printf"),
    *("pre-commit", "python", "python3", "rpicam-hello", "scp", "ssh", "sudo", "systemctl", "tar"),
    *("tensorflow_model_server", "twine", "unzip"),
)
_TABLES = ROOT / "docs/examples.md"
_FENCE = re.compile(r"(```+|~~~+)")
_SETTINGS = re.compile(r"([A-Z_]+=\S* +)*")
_COMMENT = re.compile(r"\s+#(?= ).*")
_CELL = re.compile(r"`((?:[^`\\]|\\.)+)`")


@dataclass(frozen=True)
class Example:
    """A command that a page shows.

    Attributes:
        page: its file, from the repository's root.
        line: where it begins, from 1.
        command: as bash takes it; several lines where it goes on.
    """

    page: str
    line: int
    command: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def bare(self) -> str:
        """The command without the comments behind it."""
        return "\n".join(_COMMENT.sub("", line) for line in self.command.splitlines())


@dataclass(frozen=True)
class Tables:
    """What docs/examples.md says of examples; patterns are those of a shell, for whole commands.

    Attributes:
        never: why examples of a pattern are not run.
        later: why examples of a pattern are run by `make docs-check` alone.
        instead: what is put in the place of a text.
        codes: the exit code that examples of a pattern end with, where that is not 0.
    """

    never: dict[str, str]
    later: dict[str, str]
    instead: dict[str, str]
    codes: dict[str, int]

    def why_not(self, example: Example, late: bool = False) -> str | None:
        """Why an example is not run, or not by the quick tests; None if it is."""
        tables = [self.never] if late else [self.never, self.later]
        return next((table[key] for table in tables if (key := _pattern(table, example))), None)

    def code(self, example: Example) -> int:
        """The exit code that it should end with."""
        key = _pattern(self.codes, example)
        return self.codes[key] if key else 0

    def as_run(self, example: Example) -> str:
        """The command with what stands in for cameras and the like."""
        command = example.command
        for text, other in self.instead.items():
            command = command.replace(text, other)
        return command


def read_tables(text: str | None = None) -> Tables:
    """The tables of docs/examples.md, by the order in which they stand there."""
    text = _TABLES.read_text(encoding="utf-8") if text is None else text
    tables: list[dict[str, str]] = []
    for line in text.splitlines():
        if line.startswith("|---"):
            tables.append({})
        elif line.startswith("| `"):
            key, other = re.split(r"(?<!\\)\|", line.strip("| "))[:2]
            found = _CELL.search(other)
            value = found[1] if found and other.strip() == found[0] else other.strip()
            tables[-1][_unescaped(key.strip()[1:-1])] = _unescaped(value)
    never, later, instead, codes = tables
    return Tables(never, later, instead, {key: int(code) for key, code in codes.items()})


def pages() -> list[str]:
    """Every page that may have examples, from the repository's root."""
    files = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return [file.relative_to(ROOT).as_posix() for file in files]


def examples(page: str) -> list[Example]:
    """The examples of a page, in its order."""
    text = (ROOT / page).read_text(encoding="utf-8")
    found = (example for block in blocks(text) for example in _commands(*block))
    return [Example(page, line, command) for line, command in found]


def blocks(text: str) -> Iterator[tuple[int, list[str]]]:
    """The code blocks of Markdown, fenced or indented: their first line's number, and lines."""
    lines = text.splitlines()
    place = 0
    while place < len(lines):
        line = lines[place]
        fence = _FENCE.match(line)
        if fence:
            inside = range(place + 1, len(lines))
            end = next((at for at in inside if lines[at].startswith(fence[1])), len(lines))
            yield place + 2, lines[place + 1 : end]
            place = end + 1
        elif line.startswith("    ") and not (place and lines[place - 1].strip()):
            end = place
            while end < len(lines) and (lines[end].startswith("    ") or not lines[end].strip()):
                end += 1
            indent = len(line) - len(line.lstrip())
            yield place + 1, [one[indent:] for one in lines[place:end]]
            place = end
        else:
            place += 1


def _commands(first: int, block: list[str]) -> Iterator[tuple[int, str]]:
    transcript = any(line.startswith(PROMPT) for line in block)
    place = 0
    while place < len(block):
        begun = block[place]
        if not (begun.startswith(PROMPT) if transcript else _is_command(begun)):
            place += 1
            continue
        end = place + 1
        lines = [begun.removeprefix(PROMPT)]
        while end < len(block) and not _is_whole("\n".join(lines)):
            lines.append(block[end])
            end += 1
        yield first + place, "\n".join(lines)
        place = end


def _is_command(line: str) -> bool:
    words = _SETTINGS.sub("", line, count=1).split()
    return bool(words) and words[0] in PROGRAMS


def _is_whole(command: str) -> bool:
    """Whether a shell would not ask for another line."""
    if command.rstrip().endswith(("\\", "|")):
        return False
    try:
        shlex.split(command, comments=True)
    except ValueError:  # a quote that is not closed
        return False
    return True


def _pattern(table: Mapping[str, object], example: Example) -> str | None:
    """The first pattern that the example, or the example on its page, fits."""
    names = (example.bare, f"{example.page}: {example.bare}")
    return next((key for key in table if any(fnmatchcase(name, key) for name in names)), None)


def _unescaped(cell: str) -> str:
    return cell.replace("\\|", "|")


if __name__ == "__main__":
    tables = read_tables()
    for page in pages():
        for example in examples(page):
            fate = tables.why_not(example, late=True) or (
                "make docs-check" if tables.why_not(example) else "run"
            )
            print(f"{example}: {example.bare}  [{fate}]")  # noqa: T201
