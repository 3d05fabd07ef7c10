import errno
import os
import stat
from pathlib import Path

import pytest

from edge_emotion import files
from edge_emotion.errors import EdgeEmotionError
from edge_emotion.files import exchange, replacing, write_bytes, write_text, write_together


def test_the_content_is_in_place_and_nothing_else(tmp_path: Path):
    write_text(tmp_path / "new" / "folder" / "a.txt", "Grüße\n")
    assert (tmp_path / "new" / "folder" / "a.txt").read_bytes() == "Grüße\n".encode()
    assert [file.name for file in (tmp_path / "new" / "folder").iterdir()] == ["a.txt"]


@pytest.mark.parametrize("failure", [RuntimeError("crash"), KeyboardInterrupt()])
def test_a_crash_while_writing_leaves_the_old_content(tmp_path: Path, failure: BaseException):
    file = tmp_path / "a.txt"
    file.write_text("old")
    with pytest.raises(type(failure)), replacing(file) as part:
        part.write_text("half of the n")
        raise failure
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]


def test_until_it_is_finished_readers_see_the_old_content(tmp_path: Path):
    file = tmp_path / "a.txt"
    file.write_text("old")
    with replacing(file) as part:
        part.write_text("new")
        assert file.read_text() == "old"
    assert file.read_text() == "new"


def test_the_temporary_file_is_hidden_beside_its_goal_and_keeps_the_suffix(tmp_path: Path):
    with replacing(tmp_path / "model.keras") as part:
        assert part.parent == tmp_path
        assert part.name.startswith(".")
        assert part.suffix == ".keras"


def test_the_file_has_the_usual_permissions_not_those_of_a_temporary_one(tmp_path: Path):
    mask = os.umask(0o027)
    try:
        write_bytes(tmp_path / "a", b"")
    finally:
        os.umask(mask)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640


def test_a_folder_that_cannot_be_made_is_told_in_one_line(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(
        EdgeEmotionError, match=r"cannot write .*/file/a\.txt: .*; name another folder"
    ) as caught:
        write_text(tmp_path / "file" / "a.txt", "x")
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_readonly_folder_is_told_in_one_line(tmp_path: Path):
    tmp_path.chmod(0o500)
    with pytest.raises(EdgeEmotionError, match=r"cannot write .*: Permission denied; check"):
        write_text(tmp_path / "a.txt", "x")


def test_a_readonly_file_system_is_told_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def refuse(**_: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(files.tempfile, "mkstemp", refuse)
    with pytest.raises(EdgeEmotionError, match=r"cannot write .*: Read-only file system; check"):
        write_text(tmp_path / "a.txt", "x")


def test_a_full_disk_leaves_the_old_content_and_is_told_in_one_line(tmp_path: Path):
    file = tmp_path / "a.txt"
    file.write_text("old")
    with pytest.raises(EdgeEmotionError, match="No space left"), replacing(file):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert list(tmp_path.iterdir()) == [file]
    assert file.read_text() == "old"


def test_a_folder_in_the_place_of_a_file_is_found_before_anything_is_written(tmp_path: Path):
    (tmp_path / "file").write_text("old")
    for path, found in ((tmp_path, "it is a folder"), (tmp_path / "file" / "x", "is a file")):
        with pytest.raises(EdgeEmotionError, match=found), replacing(path):
            pytest.fail("entered")
    assert (tmp_path / "file").read_text() == "old"


def test_files_written_together_are_in_place_and_nothing_else(tmp_path: Path):
    write_together({tmp_path / "a": b"1", tmp_path / "new" / "b": b"2"})
    assert (tmp_path / "a").read_bytes() + (tmp_path / "new" / "b").read_bytes() == b"12"
    assert sorted(file.name for file in tmp_path.rglob("*")) == ["a", "b", "new"]


def test_files_take_their_places_in_the_order_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    placed = []
    replace = Path.replace
    monkeypatch.setattr(
        Path, "replace", lambda part, to: (placed.append(to.name), replace(part, to))
    )
    write_together({tmp_path / name: b"" for name in ("card", "model", "table")})
    assert placed == ["card", "model", "table"]


@pytest.mark.parametrize("failing", [0, 1, 2])
def test_where_one_of_several_files_cannot_be_written_none_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: int
):
    names = ["a", "b", "c"]
    for name in names:
        (tmp_path / name).write_text("old")
    synced = []

    def full(handle: int) -> None:
        synced.append(handle)
        if len(synced) == failing + 1:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(EdgeEmotionError, match=r"cannot write .*: No space left"):
        write_together({tmp_path / name: b"new" for name in names})
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == dict.fromkeys(
        names, "old"
    )


def test_files_written_together_are_whole_on_the_disk_before_the_first_takes_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    done: list[object] = []
    replace = Path.replace
    monkeypatch.setattr(files.os, "fsync", lambda handle: done.append(os.fstat(handle).st_size))
    monkeypatch.setattr(Path, "replace", lambda part, to: (done.append(to.name), replace(part, to)))
    write_together({tmp_path / "a": b"1", tmp_path / "b": b"22"})
    assert set(done[: done.index("a")]) == {1, 2}


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "content").write_text(name)
    return tmp_path / "a", tmp_path / "b"


def _contents(folder: Path) -> dict[str, str]:
    return {place.name: (place / "content").read_text() for place in folder.iterdir()}


def test_two_folders_take_each_others_places_in_one_step(
    tmp_path: Path, folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(Path, "rename", lambda *_: pytest.fail("took more than one step"))
    exchange(*folders)
    assert _contents(tmp_path) == {"a": "b", "b": "a"}


def test_two_folders_take_each_others_places_where_the_system_knows_no_such_step(
    tmp_path: Path, folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(files, "_exchanged_at_once", lambda *_: False)
    exchange(*folders)
    assert _contents(tmp_path) == {"a": "b", "b": "a"}


@pytest.mark.parametrize("immovable", ["a", "b"])
def test_where_one_of_two_folders_cannot_be_moved_both_are_where_they_were(
    tmp_path: Path, folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, immovable: str
):
    rename = Path.rename

    def refuse(place: Path, to: Path) -> Path:
        if place.name == immovable:
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))
        return rename(place, to)

    monkeypatch.setattr(files, "_exchanged_at_once", lambda *_: False)
    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(OSError, match="busy"):
        exchange(*folders)
    assert _contents(tmp_path) == {"a": "a", "b": "b"}
