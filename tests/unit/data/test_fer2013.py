from pathlib import Path

import numpy as np
import pytest

from edge_emotion.data.fer2013 import read_fer2013, read_fer2013_others
from edge_emotion.errors import EdgeEmotionError
from edge_emotion.labels import EMOTIONS, FEAR, NEUTRAL, SHOWN
from helpers.drawn_faces import emotion_faces, write_fer2013_csv

GRAY, BRIGHT = (" ".join([gray] * 48 * 48) for gray in ("7", "200"))
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


def test_a_file_without_a_face_of_the_five_emotions_is_refused(tmp_path: Path):
    path = _fer2013(tmp_path, f"6,{GRAY},Training")
    assert f"{path} has no face of the five emotions" in _refusal(path)


NEUTRAL_VOTES = "Training,fer0000000.png,6,1,0,2,0,0,0,1,0,0"  # 10 votes: happy 1, sad 2


def _others(*rows: str, folder: Path, votes: tuple[str, ...] = ()):
    ferplus = _write(folder / "fer2013new.csv", FERPLUS_HEADER, *votes) if votes else None
    return read_fer2013_others(_fer2013(folder, *rows), ferplus)


def test_fear_and_neutral_rows_have_labels_below_zero_that_name_them(tmp_path: Path):
    rows = (f"2,{GRAY},Training", f"6,{GRAY},PublicTest", f"3,{BRIGHT},Training")
    faces = _others(*rows, folder=tmp_path)
    assert [SHOWN[label] for label in faces.labels] == ["Fear", "Neutral"]
    assert faces.labels.tolist() == [FEAR, NEUTRAL]
    assert faces.names.tolist() == ["row 0", "row 1"]
    assert faces.usages.tolist() == ["Training", "PublicTest"]


def test_the_votes_of_others_are_the_five_emotions_shares_of_all_votes(tmp_path: Path):
    faces = _others(f"6,{GRAY},Training", folder=tmp_path, votes=(NEUTRAL_VOTES,))
    expected = dict.fromkeys(EMOTIONS, 0.0) | {"Happy": 0.1, "Sad": 0.2}
    assert dict(zip(EMOTIONS, faces.votes[0], strict=True)) == pytest.approx(expected)


def test_other_rows_that_are_no_face_do_not_train(tmp_path: Path):
    rows, votes = [f"6,{GRAY},Training"] * 2, (NOT_A_FACE, NEUTRAL_VOTES)
    assert _others(*rows, folder=tmp_path, votes=votes).names.tolist() == ["row 1"]


def test_a_training_row_whose_picture_shows_an_emotion_elsewhere_teaches_nothing(tmp_path: Path):
    rows = (f"3,{GRAY},PublicTest", f"6,{GRAY},Training", f"6,{BRIGHT},Training")
    assert _others(*rows, folder=tmp_path).names.tolist() == ["row 2"]


def test_a_file_without_fear_or_neutral_faces_has_no_others(tmp_path: Path):
    with pytest.raises(EdgeEmotionError, match=r"fer2013\.csv has no fear or neutral face"):
        _others(f"3,{GRAY},Training", folder=tmp_path)


def test_a_bad_vote_for_neutral_is_named_by_its_line(tmp_path: Path):
    votes = (NEUTRAL_VOTES, NEUTRAL_VOTES.replace(",6,", ",six,"))
    with pytest.raises(EdgeEmotionError, match=r"fer2013new\.csv, line 3: a vote that is no num"):
        _others(*[f"6,{GRAY},Training"] * 2, folder=tmp_path, votes=votes)
