import zipfile
from pathlib import Path

import numpy as np
import pytest

from edge_emotion.data.fer2013 import read_fer2013
from edge_emotion.errors import EdgeEmotionError
from edge_emotion.labels import EMOTIONS
from helpers.drawn_faces import emotion_faces, write_fer2013_csv

GRAY = " ".join(["7"] * 48 * 48)
FERPLUS_HEADER = (
    "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"
)
HAPPY_VOTES = "Training,fer0000000.png,4,5,1,0,0,0,0,0,0,0"
NOT_A_FACE = "Training,,0,0,0,0,0,0,0,0,0,10"


def _write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _fer2013(folder: Path, *rows: str) -> Path:
    return _write(folder / "fer2013.csv", "emotion,pixels,Usage", *rows)


def _refusal(path: Path, ferplus: Path | None = None) -> str:
    with pytest.raises(EdgeEmotionError) as caught:
        read_fer2013(path, ferplus)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("zipped", [False, True])
def test_drawn_faces_are_read_back_without_fear_and_neutral(tmp_path: Path, zipped: bool):
    faces = emotion_faces(30, seed=1)
    path = tmp_path / ("fer2013.csv.zip" if zipped else "fer2013.csv")
    write_fer2013_csv(path, faces, zipped)
    read = read_fer2013(path)
    assert (read.images == faces.images).all()
    assert (read.labels == faces.labels).all()
    assert (read.usages == faces.usages).all()
    assert not read.votes.any()


def test_a_row_is_named_by_its_place_in_the_file_not_among_the_kept_ones(tmp_path: Path):
    path = _fer2013(tmp_path, f"2,{GRAY},Training", f"6,{GRAY},Training", f"3,{GRAY},Training")
    assert read_fer2013(path).names.tolist() == ["row 2"]


@pytest.mark.parametrize(
    ("theirs", "ours"), [(0, "Angry"), (1, "Disgust"), (3, "Happy"), (4, "Sad"), (5, "Surprise")]
)
def test_seven_classes_become_five(tmp_path: Path, theirs: int, ours: str):
    faces = read_fer2013(_fer2013(tmp_path, f"{theirs},{GRAY},Training"))
    assert [EMOTIONS[label] for label in faces.labels] == [ours]


def test_the_courses_copy_has_five_classes_and_a_space_in_its_header(tmp_path: Path):
    path = _write(tmp_path / "icml.csv", "emotion, pixels", *(f"{n},{GRAY}" for n in range(5)))
    faces = read_fer2013(path)
    assert faces.labels.tolist() == [0, 1, 2, 3, 4]
    assert faces.usages.tolist() == [""] * 5


def test_icml_face_data_orders_its_columns_otherwise(tmp_path: Path):
    path = _write(tmp_path / "icml.csv", "emotion, Usage, pixels", f"5,PublicTest,{GRAY}")
    faces = read_fer2013(path)
    assert (faces.labels.tolist(), faces.usages.tolist()) == ([4], ["PublicTest"])


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(tmp_path: Path):
    path = tmp_path / "fer2013.csv"
    path.write_bytes(f"\ufeffemotion,pixels,Usage\r\n3,{GRAY},Training\r\n\r\n".encode())
    assert read_fer2013(path).labels.tolist() == [3]


def test_ferplus_votes_are_shares_of_the_five_classes(tmp_path: Path):
    votes = _write(tmp_path / "fer2013new.csv", FERPLUS_HEADER, HAPPY_VOTES)
    faces = read_fer2013(_fer2013(tmp_path, f"3,{GRAY},Training"), votes)
    assert faces.votes.dtype == np.float32
    expected = dict.fromkeys(EMOTIONS, 0.0) | {"Happy": 5 / 6, "Surprise": 1 / 6}
    assert dict(zip(EMOTIONS, faces.votes[0], strict=True)) == pytest.approx(expected)


def test_votes_for_other_classes_alone_are_no_votes(tmp_path: Path):
    row = "Training,fer0000000.png,10,0,0,0,0,0,0,0,0,0"
    votes = _write(tmp_path / "fer2013new.csv", FERPLUS_HEADER, row)
    faces = read_fer2013(_fer2013(tmp_path, f"3,{GRAY},Training"), votes)
    assert faces.votes.tolist() == [[0, 0, 0, 0, 0]]


def test_what_ferplus_calls_no_face_does_not_train_but_stays_in_the_test(tmp_path: Path):
    votes = _write(tmp_path / "fer2013new.csv", FERPLUS_HEADER, NOT_A_FACE, HAPPY_VOTES, NOT_A_FACE)
    rows = (f"3,{GRAY},Training", f"3,{GRAY},Training", f"3,{GRAY},PublicTest")
    faces = read_fer2013(_fer2013(tmp_path, *rows), votes)
    assert faces.names.tolist() == ["row 1", "row 2"]
    assert faces.votes[1].tolist() == [0, 0, 0, 0, 0]


def test_votes_stay_with_their_rows_when_fear_is_dropped(tmp_path: Path):
    fear = "Training,fer0000000.png,0,0,0,0,0,0,10,0,0,0"
    votes = _write(tmp_path / "fer2013new.csv", FERPLUS_HEADER, fear, HAPPY_VOTES)
    faces = read_fer2013(_fer2013(tmp_path, f"2,{GRAY},Training", f"3,{GRAY},Training"), votes)
    assert faces.votes[0].argmax() == EMOTIONS.index("Happy")


@pytest.mark.parametrize(("rows", "votes"), [(2, 1), (1, 2)])
def test_ferplus_of_another_number_of_rows_is_refused(tmp_path: Path, rows: int, votes: int):
    ferplus = _write(tmp_path / "fer2013new.csv", FERPLUS_HEADER, *[HAPPY_VOTES] * votes)
    path = _fer2013(tmp_path, *[f"3,{GRAY},Training"] * rows)
    assert f"goes on to row {rows if votes > rows else 2}" in _refusal(path, ferplus)


def test_a_vote_that_is_no_number_is_named_by_its_line(tmp_path: Path):
    votes = _write(tmp_path / "new.csv", FERPLUS_HEADER, HAPPY_VOTES.replace(",5,", ",many,"))
    message = _refusal(_fer2013(tmp_path, f"3,{GRAY},Training"), votes)
    assert "new.csv, line 2: a vote that is no number" in message


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (f"3,{GRAY} 7,Training", "line 3: 2305 pixels; expected 2304 (48x48)"),
        ("3,,Training", "line 3: 0 pixels; expected 2304 (48x48)"),
        (f"3,256{GRAY[1:]},Training", "line 3: gray values 7 to 256; expected 0 to 255"),
        (f"3,-1{GRAY[1:]},Training", "line 3: gray values -1 to 7; expected 0 to 255"),
        (f"3,x{GRAY[1:]},Training", "line 3: a pixel that is no number"),
        (f"3,1.5{GRAY[1:]},Training", "line 3: a pixel that is no number"),
        (f"3,{'9' * 30}{GRAY[1:]},Training", "line 3: a pixel that is no number"),
        (f"7,{GRAY},Training", "line 3: emotion '7'; expected a whole number from 0 to 6"),
        (f"-1,{GRAY},Training", "line 3: emotion '-1'; expected a whole number from 0 to 6"),
        (f"happy,{GRAY},Training", "line 3: emotion 'happy'; expected a whole number"),
        (f"3,{GRAY}", "line 3: 2 fields; expected 3"),
        (f"3,{GRAY},Training,more", "line 3: 4 fields; expected 3"),
        ("3," + "7 " * 100_001 + ",Training", "line 3: unreadable (field larger"),
    ],
)
def test_a_bad_row_is_named_by_its_line(tmp_path: Path, row: str, message: str):
    path = _fer2013(tmp_path, f"3,{GRAY},Training", row)
    assert f"{path}, {message}" in _refusal(path)


def test_the_courses_copy_knows_no_class_five(tmp_path: Path):
    path = _write(tmp_path / "icml.csv", "emotion, pixels", f"5,{GRAY}")
    assert "line 2: emotion '5'; expected a whole number from 0 to 4" in _refusal(path)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (("emotion,image", "3,x"), "has no column pixels (its columns: emotion, image)"),
        (("",), "has no column emotion, pixels (its columns: none)"),
        (("emotion,pixels,Usage",), "has no face of the five emotions"),
        (("emotion,pixels,Usage", f"6,{GRAY},Training"), "has no face of the five emotions"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(tmp_path: Path, lines: tuple[str, ...], message: str):
    assert message in _refusal(_write(tmp_path / "a.csv", *lines))


def test_a_missing_file_says_where_to_look(tmp_path: Path):
    assert "does not exist; see docs/training.md" in _refusal(tmp_path / "none.csv")


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n\xff\xfe", b"emotion,pixels\n3,\xff\xfe\n"])
def test_a_file_that_is_no_text_is_refused(tmp_path: Path, content: bytes):
    (tmp_path / "a.csv").write_bytes(content)
    assert "unreadable" in _refusal(tmp_path / "a.csv")


def test_a_truncated_zip_is_refused(tmp_path: Path):
    path = tmp_path / "fer2013.zip"
    write_fer2013_csv(path, emotion_faces(10, seed=1), zipped=True)
    path.write_bytes(path.read_bytes()[:-100])
    assert f"cannot read {path}" in _refusal(path)


def test_a_zip_damaged_in_the_middle_is_refused(tmp_path: Path):
    path = tmp_path / "fer2013.zip"
    write_fer2013_csv(path, emotion_faces(10, seed=1), zipped=True)
    whole = path.read_bytes()
    for place in range(60, len(whole) // 2, len(whole) // 20):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        assert str(path) in _refusal(path)


def test_a_zip_with_a_password_is_refused(tmp_path: Path):
    path = tmp_path / "fer2013.zip"
    write_fer2013_csv(path, emotion_faces(1, seed=1), zipped=True)
    content = bytearray(path.read_bytes())
    content[content.rindex(b"PK\x01\x02") + 8] |= 1  # the "encrypted" flag of the directory's entry
    path.write_bytes(content)
    assert "password" in _refusal(path)


@pytest.mark.parametrize("names", [(), ("a.csv", "b.csv"), ("readme.txt",)])
def test_a_zip_must_hold_one_csv(tmp_path: Path, names: tuple[str, ...]):
    path = tmp_path / "fer2013.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, "emotion,pixels\n")
    count = sum(name.endswith(".csv") for name in names)
    assert f"holds {count} CSV files; expected one" in _refusal(path)
