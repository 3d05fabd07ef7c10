"""The readings' file: it begins anew when it is full, and no line is lost or cut in two."""

import os
import stat
import subprocess
import sys
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_emotion.errors import EdgeEmotionError
from edge_emotion.types import Frame
from edge_emotion_device.sinks.json_lines import JsonLines
from edge_emotion_device.sinks.rotated import RotatedFile, former_file

FRAME = Frame(np.zeros((4, 4), np.uint8), 7, 0.0)
LINE = '{"frame":7,"faces":0}\n'


def left(path: Path) -> list[str]:
    """What the former files and the file hold, the oldest first."""
    ages = [int(file.name[len(path.name) + 1 :] or 0) for file in path.parent.glob(f"{path.name}*")]
    assert sorted(ages) == list(range(len(ages)))
    return [
        (former_file(path, age) if age else path).read_text() for age in sorted(ages, reverse=True)
    ]


def fill(path: Path, lines: list[str], most_bytes: float, keep: int) -> None:
    file = RotatedFile(path, most_bytes, keep)
    for line in lines:
        file.write(line)
    file.close()


@given(
    lengths=st.lists(st.integers(0, 60), max_size=60),
    stopped_at=st.integers(0, 60),
    most_bytes=st.integers(1, 100),
    keep=st.integers(0, 4),
)
def test_the_files_hold_the_last_lines_whole_and_in_order(
    tmp_path_factory, lengths, stopped_at, most_bytes, keep
):
    path = tmp_path_factory.mktemp("rotated") / "out"
    lines = [f"{number} {length * 'ä'}\n" for number, length in enumerate(lengths)]
    for part in (lines[:stopped_at], lines[stopped_at:]):  # one run, and one that goes on
        fill(path, part, most_bytes, keep)
    contents = left(path)
    assert "".join(lines).endswith("".join(contents))
    assert len(contents) <= keep + 1
    for content in contents:
        assert content.endswith("\n") or not content
        assert len(content.encode()) <= most_bytes or content.count("\n") == 1
    if len(contents) <= keep:  # nothing had to give way
        assert "".join(contents) == "".join(lines)


@pytest.mark.parametrize(
    ("keep", "expected"),
    [(0, ["5 5\n"]), (1, ["3 4\n", "5 5\n"]), (9, ["0 0\n", "1 2\n", "3 4\n", "5 5\n"])],
)
def test_full_files_become_file_1_2_and_so_on(tmp_path, keep, expected):
    fill(tmp_path / "out", ["0 0\n", "1 2\n", "3 4\n", "5 5\n"], 7, keep)
    assert left(tmp_path / "out") == expected


def test_a_file_that_is_too_long_already_makes_room_with_the_first_line(tmp_path):
    path = tmp_path / "out"
    path.write_text(10 * LINE)
    with JsonLines.to_log(path, all_frames=True, most_bytes=100, keep=2) as sink:
        sink.write(FRAME, [])
    old, new = left(path)
    assert (old, new.splitlines(keepends=True)[1:]) == (10 * LINE, [LINE])


@pytest.mark.parametrize("keep", [0, 1, 9])
def test_each_file_begins_with_the_heading_of_its_run(tmp_path, keep):
    path = tmp_path / "out"
    for heading in ("run 1\n", "run 2\n"):
        file = RotatedFile(path, 14, keep, heading)
        for number in range(3):
            file.write(f"{number}{number}{number}\n")
        file.close()
    expected = ["run 1\n000\n111\n", "run 1\n222\n", "run 2\n000\n111\n", "run 2\n222\n"]
    assert left(path) == expected[-keep - 1 :]


@pytest.mark.parametrize(("keep", "kept"), [(0, 0), (1, 1), (3, 3), (5, 4)])
def test_files_of_a_run_that_kept_more_are_removed(tmp_path, keep, kept):
    path = tmp_path / "out"
    fill(path, ["0 0\n", "1 1\n", "2 2\n", "3 3\n"], 4, 9)
    (tmp_path / "out.20").touch()  # somebody else's
    fill(path, ["4 4\n"], 4, keep)
    assert {file.name for file in tmp_path.iterdir()} == {
        "out", "out.20", *(f"out.{age + 1}" for age in range(kept)),
    }  # fmt: skip


def test_a_link_stays_one(tmp_path):
    """To a larger disk, for one."""
    (tmp_path / "large").mkdir()
    link, path = tmp_path / "readings.jsonl", tmp_path / "large" / "readings.jsonl"
    path.touch()
    link.symlink_to(path)
    fill(link, ["one\n", "two\n"], 4, 1)
    assert link.readlink() == path
    assert left(path) == ["one\n", "two\n"]


def test_a_pipe_is_never_renamed(tmp_path):
    pipe, heard = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = Thread(target=lambda: heard.append(pipe.read_text()), daemon=True)
    reader.start()
    fill(pipe, ["one\n", "two\n"], 4, 1)
    reader.join(10)
    assert heard == ["one\ntwo\n"]
    assert [file.name for file in tmp_path.iterdir()] == ["pipe"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


@pytest.mark.parametrize("name", ["/dev/stdout", "/proc/self/fd/1"])
def test_what_a_shell_sends_stdout_to_is_never_renamed(tmp_path, name):
    program = f"""
from pathlib import Path
from edge_emotion_device.sinks.rotated import RotatedFile
file = RotatedFile(Path({name!r}), 4, 1)
file.write("one\\n")
file.write("two\\n")
"""
    with (tmp_path / "out").open("w") as stdout:
        subprocess.run([sys.executable, "-c", program], stdout=stdout, check=True)
    assert left(tmp_path / "out") == ["one\ntwo\n"]


def test_a_disk_that_is_full_or_locked_while_it_begins_anew_is_one_line(tmp_path, monkeypatch):
    path, really_open = tmp_path / "out", Path.open
    sink = JsonLines.to_log(path, all_frames=True, most_bytes=30, keep=1)
    sink.write(FRAME, [])

    def no_room(self, *arguments, **named):
        if self == path:
            raise OSError(28, "No space left on device")
        return really_open(self, *arguments, **named)

    monkeypatch.setattr(Path, "open", no_room)
    with pytest.raises(EdgeEmotionError, match=r"No space left.*check the free space") as caught:
        sink.write(FRAME, [])
    sink.close()
    assert "\n" not in str(caught.value)
    assert former_file(path, 1).read_text().endswith(f"\n{LINE}")


def test_a_full_disk_is_one_line_and_can_be_closed():
    sink = JsonLines.to_log(Path("/dev/full"), all_frames=True)
    with pytest.raises(EdgeEmotionError, match="No space left"):
        sink.write(FRAME, [])
    sink.close()
