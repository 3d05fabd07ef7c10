"""One program at a time on a folder or a file, and what a crash leaves of that: nothing."""

import errno
import fcntl
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from edge_emotion.errors import EdgeEmotionError
from edge_emotion.locks import alone_in

_HOLD = (
    "import sys, time; from pathlib import Path; from edge_emotion.locks import alone_in\n"
    "with alone_in(Path(sys.argv[1]), ''): print('held', flush=True); time.sleep(60)"
)


def test_a_second_program_is_refused_in_one_line_that_names_the_first(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None and holder.stdout.readline() == "held\n"
    expected = rf"another edge-emotion writes to {tmp_path} \(pid {holder.pid}\); wait"
    with pytest.raises(EdgeEmotionError, match=expected), alone_in(tmp_path, "wait"):
        pytest.fail("entered")
    holder.kill()  # as a crash would
    holder.communicate()
    with alone_in(tmp_path, "wait"):
        pass


def test_a_folder_can_be_had_again_and_again_and_nothing_is_left_in_it(tmp_path: Path) -> None:
    for _ in range(2):
        with alone_in(tmp_path / "a", ""):
            (tmp_path / "a" / "file").touch()
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["file"]


def test_a_folder_that_was_made_goes_again_where_nothing_came_into_it(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    for name in ("new/folder", "mine"):
        with pytest.raises(KeyError), alone_in(tmp_path / name, ""):
            raise KeyError
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_what_a_crash_left_half_written_is_removed_and_nothing_else(tmp_path: Path) -> None:
    kept = {".hidden", "a.part.csv", "model.keras", ".particular"}
    for name in (*kept, ".model.x1.part.keras", ".log.x2.part"):
        (tmp_path / name).touch()
    with alone_in(tmp_path, ""):
        assert {path.name for path in tmp_path.iterdir()} == kept


def test_two_folders_beside_each_other_do_not_hinder_each_other(tmp_path: Path) -> None:
    with alone_in(tmp_path / "a", ""), alone_in(tmp_path / "b", ""):
        pass


def test_a_program_that_was_started_does_not_keep_the_lock(tmp_path: Path) -> None:
    with alone_in(tmp_path, ""):
        other = subprocess.Popen(["sleep", "60"])
    with alone_in(tmp_path, ""):
        other.kill()
    other.wait()


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.EOPNOTSUPP, errno.EBADF])
def test_a_file_system_without_locks_is_written_to_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with alone_in(tmp_path, ""):
        pass


def test_a_folder_that_cannot_be_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for place in (tmp_path / "file", tmp_path / "file" / "below"):
        expected = re.escape(f"cannot write {place}: {tmp_path / 'file'} is a file; name another")
        with pytest.raises(EdgeEmotionError, match=expected), alone_in(place, ""):
            pytest.fail("entered")
