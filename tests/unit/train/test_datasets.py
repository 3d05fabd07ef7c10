from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge_emotion.data.faces import EmotionFaces, KeypointFaces, take
from edge_emotion.errors import EdgeEmotionError, WrongUse
from edge_emotion.labels import EMOTIONS, KEYPOINTS
from edge_emotion_train import datasets
from edge_emotion_train.datasets import (
    IBUG_MINUS_KAGGLE_PX,
    READERS,
    Split,
    check_paths,
    check_training_rows,
    describe,
    load_set,
    mean_face,
    split_fer2013,
)
from edge_emotion_train.recipe import DataSet, load_recipe
from helpers.drawn_faces import (
    emotion_faces,
    keypoint_faces,
    write_class_folders,
    write_fer2013_csv,
    write_kaggle_training_csv,
    write_keypoint_folder,
)

FER2013 = DataSet("fer2013", "fer2013.csv")


def _together(*parts: EmotionFaces) -> EmotionFaces:
    return EmotionFaces(
        *(
            np.concatenate([getattr(part, column) for part in parts])
            for column in ("images", "labels", "names", "usages", "votes")
        )
    )


def _as(faces: EmotionFaces, usage: str) -> EmotionFaces:
    return replace(faces, usages=np.full(len(faces), usage))


def _pixels(faces: EmotionFaces) -> set[bytes]:
    return {image.tobytes() for image in faces.images}


def _parts(split: Split):
    return split.train, split.validation, split.test


@pytest.fixture(scope="module")
def faces() -> EmotionFaces:
    return emotion_faces(200, seed=1)


def test_fer2013_is_tested_on_its_public_test(faces: EmotionFaces):
    split = split_fer2013(faces, FER2013, seed=1)
    assert set(split.test.usages) == {"PublicTest"}
    assert set(split.train.usages) | set(split.validation.usages) == {"Training"}
    assert [len(part) for part in _parts(split)] == [152, 8, 40]
    assert not any(split.dropped.values())


def test_no_face_is_in_two_parts(faces: EmotionFaces):
    train, validation, test = map(_pixels, _parts(split_fer2013(faces, FER2013, seed=1)))
    assert not (train & validation or train & test or validation & test)


def test_no_public_test_face_trains_and_no_face_trains_twice(faces: EmotionFaces):
    test, training = take(faces, faces.usages != "Training"), faces.usages == "Training"
    repeated = take(faces, np.flatnonzero(training)[:5])
    everything = _together(faces, _as(take(test, np.arange(3)), "Training"), repeated)
    split = split_fer2013(everything, FER2013, seed=1)
    assert not (_pixels(split.train) | _pixels(split.validation)) & _pixels(split.test)
    assert len(_pixels(split.train)) == len(split.train)
    assert len(split.test) == 40
    assert split.dropped == {"also in a test": 3, "seen before": 5}


def test_fear_and_neutral_rows_are_split_as_the_others(tmp_path: Path, faces: EmotionFaces):
    write_fer2013_csv(tmp_path / "fer2013.csv", faces)
    split = load_set(tmp_path, "others", DataSet("fer2013_others", "fer2013.csv"), seed=1)
    assert set(split.test.usages) == {"PublicTest"}
    assert all(len(part) for part in _parts(split))
    assert all((part.labels < 0).all() for part in _parts(split))
    assert not _pixels(split.train) & (_pixels(split.validation) | _pixels(split.test))


def test_a_set_of_undecided_faces_lacks_no_emotion(
    faces: EmotionFaces, capsys: pytest.CaptureFixture[str]
):
    five = split_fer2013(faces, FER2013, seed=1)
    others = split_fer2013(replace(faces, labels=np.full(len(faces), -1)), FER2013, seed=1)
    check_training_rows({"fer2013": five, "others": others})
    assert not capsys.readouterr().err
    with pytest.raises(EdgeEmotionError, match="no training face of others shows Angry"):
        check_training_rows({"others": others})


def test_validation_has_no_near_twin_anywhere(faces: EmotionFaces):
    training = np.flatnonzero(faces.usages == "Training")
    lit_otherwise = take(faces, training[:140])
    images = (lit_otherwise.images * 0.8 + 10).astype(np.uint8)
    split = split_fer2013(_together(faces, replace(lit_otherwise, images=images)), FER2013, seed=1)
    twinned = _pixels(lit_otherwise) | {image.tobytes() for image in images}
    assert len(split.validation) > 0
    assert not _pixels(split.validation) & twinned


def test_a_file_of_training_rows_alone_has_an_empty_test(faces: EmotionFaces):
    split = split_fer2013(_as(faces, "Training"), FER2013, seed=1)
    assert [len(part) for part in _parts(split)] == [190, 10, 0]


def test_the_courses_copy_is_split_by_shares_without_repeated_faces(faces: EmotionFaces):
    unsplit = _as(_together(faces, take(faces, np.arange(10))), "")
    split = split_fer2013(
        replace(unsplit, names=np.array([f"row {i}" for i in range(210)])), FER2013, seed=1
    )
    assert [len(part) for part in _parts(split)] == [120, 40, 40]
    train, validation, test = map(_pixels, _parts(split))
    assert not (train & validation or train & test or validation & test)


def test_the_seed_decides_the_split(faces: EmotionFaces):
    first, again, other = (split_fer2013(faces, FER2013, seed) for seed in (1, 1, 2))
    assert (first.validation.names == again.validation.names).all()
    assert set(first.validation.names) != set(other.validation.names)


@pytest.mark.parametrize(
    "reader", ["fer2013", "class_folders", "kaggle_keypoints", "keypoint_folder"]
)
def test_each_reader_loads_its_format(tmp_path: Path, faces: EmotionFaces, reader: str):
    write_fer2013_csv(tmp_path / "fer2013", take(faces, np.arange(100)))
    write_class_folders(tmp_path / "class_folders", take(faces, np.arange(100)))
    write_kaggle_training_csv(tmp_path / "kaggle_keypoints", keypoint_faces(100, seed=1))
    write_keypoint_folder(tmp_path / "keypoint_folder", keypoint_faces(100, seed=1))
    split = load_set(tmp_path, "faces", DataSet(reader, reader), seed=1)
    assert sum(len(part) for part in _parts(split)) == 100
    assert len(split.train) >= 40


@pytest.mark.parametrize("reader", ["drawn_emotion", "drawn_keypoints"])
def test_drawn_faces_need_no_data_and_are_the_same_every_time(reader: str):
    source = DataSet(reader, count=40)
    first, again = (load_set(Path("nowhere"), "drawn", source, seed=1) for _ in range(2))
    assert [len(part) for part in _parts(first)] == [24, 8, 8]
    assert (first.test.images == again.test.images).all()
    other = load_set(Path("nowhere"), "drawn", source, seed=2)
    assert not (first.test.images == other.test.images).all()


def test_a_set_may_ask_for_shares_instead_of_its_own_split(faces: EmotionFaces):
    split = split_fer2013(faces, replace(FER2013, split="shares"), seed=1)
    assert [len(part) for part in _parts(split)] == [120, 40, 40]
    assert set(split.test.usages) == {"Training", "PublicTest"}


@pytest.mark.parametrize(
    ("reader", "listed"),
    [
        ("fer2013", ("row 0", "row 5")),
        ("class_folders", ("angry/0000.png", "sad/0002.png")),
        ("kaggle_keypoints", ("row 0", "row 5")),
        ("keypoint_folder", ("person000_0000.png", "person001_0005.png")),
    ],
)
def test_rows_on_the_sets_list_do_not_train(
    tmp_path: Path, faces: EmotionFaces, reader: str, listed: tuple[str, ...]
):
    write_fer2013_csv(tmp_path / "fer2013", take(faces, np.arange(100)))
    write_class_folders(tmp_path / "class_folders", take(faces, np.arange(100)))
    write_kaggle_training_csv(tmp_path / "kaggle_keypoints", keypoint_faces(100, seed=1))
    write_keypoint_folder(tmp_path / "keypoint_folder", keypoint_faces(100, seed=1))
    rows = "".join(f"0,{name},because\n" for name in listed)
    (tmp_path / "left_out.csv").write_text(f"row,name,reason\n{rows}")
    split = load_set(tmp_path, "x", DataSet(reader, reader, exclude="left_out.csv"), seed=1)
    names = [name for part in _parts(split) for name in part.names]
    assert len(names) == 98
    assert not set(names) & set(listed)


def test_a_list_that_is_not_there_is_one_line(tmp_path: Path, faces: EmotionFaces):
    write_fer2013_csv(tmp_path / "fer2013.csv", faces)
    source = replace(FER2013, exclude="none.csv")
    with pytest.raises(EdgeEmotionError, match=r"none\.csv does not exist"):
        load_set(tmp_path, "x", source, seed=1)


def test_folders_with_splits_keep_them(tmp_path: Path, faces: EmotionFaces):
    for split, rows in (("train", 0), ("validation", 100), ("test", 150)):
        write_class_folders(tmp_path / "x" / split, take(faces, np.arange(rows, rows + 50)))
    in_the_test = take(faces, np.array([150]))
    write_class_folders(tmp_path / "x" / "train", replace(in_the_test, labels=np.array([4])))
    source = DataSet("class_folders", "x", shares=(0.0, 0.0, 1.0))
    split = load_set(tmp_path, "x", source, seed=1)
    assert [len(part) for part in _parts(split)] == [50, 50, 50]
    assert all(name.startswith("test/") for name in split.test.names)
    assert split.dropped["also in a test"] == 1


def test_rows_of_one_person_stay_together(tmp_path: Path):
    write_keypoint_folder(tmp_path / "k", keypoint_faces(80, seed=1))
    split = load_set(tmp_path, "k", DataSet("keypoint_folder", "k"), seed=1)
    train, validation, test = (set(part.groups) for part in _parts(split))
    assert not (train & validation or train & test or validation & test)


def test_an_unknown_reader_is_refused_with_the_known_ones(tmp_path: Path):
    with pytest.raises(
        WrongUse, match="set mine asks for the reader 'csv'; expected one of fer2013, fer2013_oth"
    ):
        load_set(tmp_path, "mine", DataSet("csv", "x"), seed=1)


def test_the_readers_are_those_that_recipes_are_documented_with():
    documented = DataSet.__doc__ or ""
    assert [name for name in READERS if name not in documented] == []


def test_missing_data_is_one_line(tmp_path: Path):
    with pytest.raises(EdgeEmotionError, match="does not exist"):
        load_set(tmp_path, "mine", FER2013, seed=1)


def test_ibugs_points_are_brought_to_kaggles_convention(tmp_path: Path):
    drawn = keypoint_faces(8, seed=1, margin=8)
    write_keypoint_folder(tmp_path / "k", drawn)
    source = DataSet("keypoint_folder", "k", shares=(1.0, 0.0, 0.0), convention="ibug")
    corrected = load_set(tmp_path, "k", source, seed=1).train.keypoints
    assert np.allclose(drawn.keypoints - corrected, IBUG_MINUS_KAGGLE_PX, atol=1e-3)
    # iBUG's lower lip point lies lower in the picture than Kaggle's, its upper lip point higher
    lips = IBUG_MINUS_KAGGLE_PX[
        [KEYPOINTS.index(f"mouth_center_{lip}_lip") for lip in ("top", "bottom")]
    ]
    assert lips[0, 1] < 0 < lips[1, 1]


def test_the_mean_face_is_that_of_the_known_points_in_the_centre_window():
    drawn = keypoint_faces(10, seed=1, margin=8)
    keypoints = drawn.keypoints.copy()
    keypoints[0, 3] = np.nan
    mean = mean_face(replace(drawn, keypoints=keypoints))
    assert (mean.shape, mean.dtype) == ((15, 2), np.float32)
    assert np.allclose(mean[3], drawn.keypoints[1:, 3].mean(axis=0) - 8, atol=0.01)
    assert np.allclose(mean[5], drawn.keypoints[:, 5].mean(axis=0) - 8, atol=0.01)


def test_tightly_framed_faces_are_widened_to_our_framing(tmp_path: Path, faces: EmotionFaces):
    """RAF-DB's framing: a drawn face is cut as tightly and brought back to where it was."""
    side = 72
    source = replace(load_recipe("emotion", "edge").sets["rafdb"], path="x", shares=(1.0, 0.0, 0.0))
    widened = datasets._reframe(emotion_faces(5, seed=1, side=side), source).images
    assert widened.shape == (5, 90, 90)  # 72 * 0.47 / 0.375
    original = emotion_faces(5, seed=1, side=side).images
    left = round((90 - side) / 2)
    # the eyes' midpoint goes from 0.345 of 72 px to 0.39 of 90 px
    top = round(0.39 * 90 - 0.345 * side)
    assert (widened[:, top : top + side, left : left + side] == original).all()


def test_a_line_a_set_says_how_many_faces_do_what(faces: EmotionFaces):
    split = replace(
        split_fer2013(faces, FER2013, seed=1), dropped={"also in a test": 2, "seen before": 0}
    )
    assert describe({"fer2013": split}) == [
        "fer2013: 152 train, 8 validation, 40 test (dropped 2 also in a test)"
    ]


def _training(faces: EmotionFaces | KeypointFaces) -> Split:
    nothing = take(faces, np.arange(0))
    return Split(faces, nothing, nothing)


def _only(faces: EmotionFaces, *emotions: str) -> EmotionFaces:
    return take(faces, np.isin(faces.labels, [EMOTIONS.index(name) for name in emotions]))


def _pointless(faces: KeypointFaces, *points: str) -> KeypointFaces:
    keypoints = faces.keypoints.copy()
    keypoints[:, [KEYPOINTS.index(point) for point in points]] = np.nan
    return replace(faces, keypoints=keypoints)


def test_training_rows_that_show_everything_are_fine(
    faces: EmotionFaces, capsys: pytest.CaptureFixture[str]
):
    check_training_rows({"faces": _training(faces)})
    check_training_rows({"points": _training(keypoint_faces(5, seed=1))})
    assert capsys.readouterr().err == ""


def test_an_emotion_that_no_set_trains_is_refused(faces: EmotionFaces):
    splits = {
        "fer2013": _training(_only(faces, "Angry", "Happy")),
        "rafdb": _training(_only(faces, "Sad", "Happy")),
    }
    expected = "no training face of fer2013 or rafdb shows Disgust, Surprise; expected at least one"
    with pytest.raises(EdgeEmotionError, match=expected):
        check_training_rows(splits)


def test_an_emotion_that_only_one_set_trains_is_told(
    faces: EmotionFaces, capsys: pytest.CaptureFixture[str]
):
    few = _only(faces, "Angry", "Disgust", "Sad", "Happy")
    check_training_rows({"fer2013": _training(faces), "rafdb": _training(few)})
    told = "edge-emotion: no training face of rafdb shows Surprise; those of other sets do\n"
    assert capsys.readouterr().err == told


def test_a_set_that_only_tests_need_not_show_anything(
    faces: EmotionFaces, capsys: pytest.CaptureFixture[str]
):
    held_out = replace(_training(faces), train=take(faces, np.arange(0)))
    check_training_rows({"fer2013": _training(faces), "rafdb": held_out})
    assert capsys.readouterr().err == ""
    with pytest.raises(EdgeEmotionError, match="Angry, Disgust, Sad, Happy, Surprise"):
        check_training_rows({"rafdb": held_out})


def test_a_keypoint_that_the_first_set_lacks_is_refused_because_the_mean_face_is_its():
    whole = keypoint_faces(5, seed=1)
    lacking = _pointless(whole, "nose_tip")
    expected = "no training face of kaggle shows nose_tip; expected at least one"
    with pytest.raises(EdgeEmotionError, match=expected):
        check_training_rows({"kaggle": _training(lacking), "300w": _training(whole)})
    check_training_rows({"kaggle": _training(whole), "300w": _training(lacking)})


def test_all_that_a_recipe_reads_and_is_not_there_is_named_at_once(tmp_path: Path):
    recipe = load_recipe("emotion", "edge")
    (tmp_path / "rafdb").mkdir()
    with pytest.raises(EdgeEmotionError, match=r"has no fer2013/fer2013.csv.zip, fer2013/fer2013n"):
        check_paths(recipe, tmp_path)
    check_paths(recipe.only(["rafdb"]), tmp_path)
