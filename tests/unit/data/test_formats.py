from pathlib import Path

import numpy as np
import pytest

from edge_emotion.data.faces import DetectionPhotos, EmotionFaces, KeypointFaces
from edge_emotion.data.formats import FORMATS, format_of, open_data, recognise
from edge_emotion.errors import EdgeEmotionError
from edge_emotion_train.drawn_faces import detection_photos
from helpers.detection_sets import WIDER_FACE, write_detection_folder, write_wider_face
from helpers.drawn_faces import (
    emotion_faces,
    keypoint_faces,
    write_class_folders,
    write_fer2013_csv,
    write_kaggle_training_csv,
    write_keypoint_folder,
)

GRAY = " ".join(["90"] * 96 * 96)


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One data set of every format, under the names they are handed around with."""
    root = tmp_path_factory.mktemp("sets")
    emotions, points = emotion_faces(10, seed=1), keypoint_faces(8, seed=1)
    write_fer2013_csv(root / "fer2013.csv", emotions)
    write_fer2013_csv(root / "fer2013.csv.zip", emotions, zipped=True)
    lines = (root / "fer2013.csv").read_text().splitlines()
    swapped = (",".join(line.split(",")[place] for place in (0, 2, 1)) for line in lines[1:])
    (root / "icml_face_data.csv").write_text(
        "\n".join(["emotion, Usage, pixels", *swapped]), encoding="utf-8"
    )
    write_class_folders(root / "photographs", emotions)
    for split in ("train", "test"):
        write_class_folders(root / "fer2013" / split, emotions)
    write_kaggle_training_csv(root / "training.csv", points)
    write_kaggle_training_csv(root / "data.csv", points)
    (root / "test.csv").write_text(f"ImageId,Image\n1,{GRAY}\n2,{GRAY}\n", encoding="utf-8")
    write_keypoint_folder(root / "keypoints", points)
    write_detection_folder(root / "photos", detection_photos(4, seed=1))
    write_wider_face(root, detection_photos(3, seed=1))
    return root


@pytest.mark.parametrize(
    ("name", "format_name", "faces"),
    [
        ("fer2013.csv", "fer2013", 10),
        ("fer2013.csv.zip", "fer2013", 10),
        ("icml_face_data.csv", "fer2013", 10),
        ("photographs", "class_folders", 10),
        ("fer2013", "class_folders", 20),
        ("training.csv", "kaggle_keypoints", 8),
        ("data.csv", "kaggle_keypoints", 8),
        ("test.csv", "kaggle_test", 2),
        ("keypoints", "keypoint_folder", 8),
        ("photos", "detection_folder", 4),
        (WIDER_FACE, "wider_face", 3),
    ],
)
def test_a_path_is_recognised_and_opened(sets: Path, name: str, format_name: str, faces: int):
    assert format_of(sets / name) == format_name
    opened = open_data(sets / name)
    kinds = {"emotion": EmotionFaces, "keypoints": KeypointFaces, "detector": DetectionPhotos}
    assert isinstance(opened, kinds[FORMATS[format_name].task])
    assert len(opened) == faces


def test_kaggles_test_has_faces_and_no_points(sets: Path):
    opened = open_data(sets / "test.csv")
    assert isinstance(opened, KeypointFaces)
    assert opened.images.shape == (2, 96, 96)
    assert np.isnan(opened.keypoints).all() and not opened.complete.any()
    assert opened.names.tolist() == ["row 0", "row 1"]
    assert not FORMATS["kaggle_test"].labelled


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("name,age\nx,3\n", "neither a column emotion nor a column Image"),
        ("emotion,pixels,Usage\n", "has no rows"),
        ("", "is empty"),
        ("ImageId,Image\n1,1 2 3\n", "line 2: 3 pixels; expected 9216"),
    ],
)
def test_a_table_that_is_none_of_them_is_refused_in_one_line(
    tmp_path: Path, content: str, message: str
):
    path = tmp_path / "table.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(EdgeEmotionError, match=message) as caught:
        open_data(path)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


def test_a_folder_of_other_things_is_refused_with_what_is_expected(tmp_path: Path):
    (tmp_path / "notes").mkdir()
    assert recognise(tmp_path) is None
    with pytest.raises(EdgeEmotionError, match=r"holds no data that can be read; expected class"):
        open_data(tmp_path)


def test_a_path_that_is_not_there_is_refused(tmp_path: Path):
    with pytest.raises(EdgeEmotionError, match="does not exist"):
        open_data(tmp_path / "none.csv")
