import os
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_emotion.data.detection import (
    LONGEST_SIDE_PX,
    closeups,
    face_boxes,
    letterboxed,
    read_detection_folder,
    read_wider_face,
)
from edge_emotion.data.faces import DetectionPhotos, take
from edge_emotion.detection import iou
from edge_emotion.errors import EdgeEmotionError
from edge_emotion.labels import LEFT_EYE, RIGHT_EYE
from edge_emotion_train.drawn_faces import detection_photos, keypoint_faces
from helpers.detection_sets import HEADER, write_detection_folder, write_wider_face

Photos = Callable[[str], Path]


@pytest.fixture(scope="module")
def photos() -> DetectionPhotos:
    """Sixteen photographs, two of them without a face."""
    return detection_photos(16, seed=3)


@pytest.fixture
def folder(tmp_path: Path) -> Photos:
    """A data set of one photograph of 300×200 px with the given rows below the header."""

    def write(rows: str) -> Path:
        (tmp_path / "images").mkdir(exist_ok=True)
        cv2.imwrite(str(tmp_path / "images/a.png"), np.zeros((200, 300), np.uint8))
        text = ",".join(HEADER) + "\n" + rows + "\n"
        (tmp_path / "faces.csv").write_text(text, encoding="utf-8")
        return tmp_path

    return write


@pytest.fixture
def wider_face(tmp_path: Path) -> Photos:
    """WIDER FACE's text with the given lines, and one photograph of 300×200 px."""

    def write(lines: str) -> Path:
        text = write_wider_face(tmp_path, detection_photos(0, seed=1))
        cv2.imwrite(
            str(tmp_path / "WIDER_train/images/0--Parade/a.png"), np.zeros((200, 300), np.uint8)
        )
        text.write_text(lines, encoding="utf-8")
        return text

    return write


def test_photographs_come_back_as_they_were_written(tmp_path: Path, photos: DetectionPhotos):
    write_detection_folder(tmp_path, photos)
    read = read_detection_folder(tmp_path)
    assert read.names.tolist() == photos.names.tolist()
    assert [len(faces) for faces in read.faces].count(0) == 2
    for image, there, faces, marked in zip(
        read.images, photos.images, read.faces, photos.faces, strict=True
    ):
        assert (image == there).all()
        assert faces.boxes == pytest.approx(marked.boxes, abs=1e-3)
        assert faces.longest_px == 320


def test_wider_faces_own_text_says_the_same(tmp_path: Path, photos: DetectionPhotos):
    read = read_wider_face(write_wider_face(tmp_path, photos))
    assert read.names.tolist() == [f"0--Parade/{name}" for name in photos.names]
    for faces, marked in zip(read.faces, photos.faces, strict=True):
        assert faces.boxes == pytest.approx(marked.boxes, abs=1.5)


def test_blur_occlusion_and_doubt_are_read(folder: Photos):
    read = read_detection_folder(folder("a.png,10,10,60,80,1,2,0\na.png,100,10,160,80,,,1"))
    (faces,) = read.faces
    assert faces.blur.tolist() == [1, 0]
    assert faces.occlusion.tolist() == [2, 0]
    assert faces.ignore.tolist() == [False, True]


def test_of_wider_face_invalid_boxes_are_ignored_and_empty_ones_left_out(wider_face: Photos):
    rows = ["10 10 50 70 2 0 0 0 1 0", "100 10 50 70 0 0 0 1 0 0", "200 10 0 70 0 0 0 0 0 0"]
    read = read_wider_face(wider_face("\n".join(["0--Parade/a.png", "3", *rows])))
    (faces,) = read.faces
    assert faces.boxes.tolist() == [[10, 10, 60, 80], [100, 10, 150, 80]]
    assert (faces.blur.tolist(), faces.occlusion.tolist()) == ([2, 0], [1, 0])
    assert faces.ignore.tolist() == [False, True]


def test_a_count_of_zero_is_followed_by_a_row_of_zeros(wider_face: Photos):
    zeros = "0 0 0 0 0 0 0 0 0 0"
    read = read_wider_face(wider_face(f"0--Parade/a.png\n0\n{zeros}\n"))
    assert [len(faces) for faces in read.faces] == [0]


def test_a_large_photograph_is_reduced_and_its_boxes_with_it(tmp_path: Path):
    (tmp_path / "images").mkdir()
    cv2.imwrite(str(tmp_path / "images/a.png"), np.zeros((1000, 500), np.uint8))
    rows = ",".join(HEADER) + "\na.png,100,200,300,400,0,0,0\n"
    (tmp_path / "faces.csv").write_text(rows, encoding="utf-8")
    read = read_detection_folder(tmp_path)
    scale = LONGEST_SIDE_PX / 1000
    assert read.images[0].shape == (LONGEST_SIDE_PX, LONGEST_SIDE_PX // 2)
    assert read.faces[0].boxes[0] == pytest.approx(np.array([100, 200, 300, 400]) * scale)
    assert read.faces[0].sides == pytest.approx([0.2])


def test_a_large_photograph_of_wider_face_is_reduced_likewise(wider_face: Photos, tmp_path: Path):
    text = wider_face("0--Parade/a.png\n1\n100 200 200 100 0 0 0 0 0 0\n")
    image = tmp_path / "WIDER_train/images/0--Parade/a.png"
    cv2.imwrite(str(image), np.zeros((1000, 500), np.uint8))
    boxes = read_wider_face(text).faces[0].boxes
    assert boxes[0] == pytest.approx(np.array([100, 200, 300, 300]) * LONGEST_SIDE_PX / 1000)


def test_a_box_may_reach_over_the_edges_while_its_middle_is_inside(folder: Photos):
    rows = "a.png,-30,-20,30,20,0,0,0\na.png,270,180,330,220,0,0,0"  # around two corners
    assert len(read_detection_folder(folder(rows)).faces[0]) == 2


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("a.png,10,10,5,80,0,0,0", "a box from 10, 10 to 5, 80; expected x1 below x2"),
        ("a.png,10,10,,80,0,0,0", "x2 is ''; expected a number, or all four empty"),
        ("a.png,10,10,far,80,0,0,0", "x2 is 'far'"),
        ("a.png,10,10,inf,80,0,0,0", "x2 is inf"),
        ("a.png,400,10,460,80,0,0,0", "a box around 430, 45; expected one inside 300x200 px"),
        ("a.png,-31,-20,30,20,0,0,0", "a box around -0.5, 0; expected one inside 300x200 px"),
        ("a.png,10,10,60,80,3,0,0", "blur is '3'; expected 0 to 2"),
        ("a.png,10,10,60,80,0,0,yes", "ignore is 'yes'; expected 0 to 1"),
        ("b.png,10,10,60,80,0,0,0", "b.png"),
        ("a.png,10,10", "3 fields; expected 8"),
    ],
)
def test_a_row_that_cannot_be_used_is_named_by_its_line(folder: Photos, row: str, message: str):
    path = folder(f"a.png,10,10,60,80,0,0,0\n{row}")
    with pytest.raises(EdgeEmotionError) as caught:
        read_detection_folder(path)
    assert f"{path / 'faces.csv'}, line 3: " in str(caught.value) and message in str(caught.value)


@pytest.mark.parametrize(
    ("lines", "line", "message"),
    [
        ("0--Parade/a.png", 2, "''; expected how many faces the photograph above has"),
        ("0--Parade/a.png\nmany", 2, "'many'"),
        ("0--Parade/a.png\n2\n1 1 9 9 0 0 0 0 0 0", 4, "''; expected whole numbers: x y w h"),
        ("0--Parade/a.png\n1\n1 1 9 9 0 0 0", 3, "'1 1 9 9 0 0 0'"),
        ("0--Parade/a.png\n1\n1 1 9 9 0 0 0 0 x 0", 3, "'1 1 9 9 0 0 0 0 x 0'"),
        ("0--Parade/a.png\n1\n1 1 9 9 0 0 0 0 7 0", 3, "occlusion is 7; expected 0 to 2"),
        ("0--Parade/b.png\n1\n1 1 9 9 0 0 0 0 0 0", 1, "b.png"),
        ("0--Parade/a.png\n" + "9" * 5000, 2, "expected how many faces"),
        (
            2 * "0--Parade/a.png\n1\n1 1 9 9 0 0 0 0 0 0\n",
            4,
            "again; expected each photograph once",
        ),
    ],
)
def test_a_bad_line_of_wider_face_is_named(wider_face: Photos, lines: str, line: int, message: str):
    path = wider_face(lines)
    with pytest.raises(EdgeEmotionError) as caught:
        read_wider_face(path)
    assert f"{path}, line {line}: " in str(caught.value) and message in str(caught.value)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda path: path.unlink(), "No such file"),
        (lambda path: path.write_bytes(b"\xff\xd8\xff"), "it is no such text"),
        (lambda path: os.truncate(path, (64 << 20) + 1), "it is no such text"),
    ],
    ids=["gone", "no text", "endless"],
)
def test_a_text_that_cannot_be_wider_faces_is_refused_in_one_line(
    wider_face: Photos, change: Callable[[Path], object], reason: str
):
    path = wider_face("")
    change(path)
    with pytest.raises(EdgeEmotionError, match=f"^cannot read {path}: {reason}") as caught:
        read_wider_face(path)
    assert "; expected WIDER FACE's wider_face_train_bbx_gt.txt; " in str(caught.value)


def test_where_wider_faces_photographs_are_expected_is_said(tmp_path: Path):
    text = tmp_path / "wider_face_val_bbx_gt.txt"
    text.write_text("a.png\n0\n0 0 0 0 0 0 0 0 0 0\n", encoding="utf-8")
    with pytest.raises(EdgeEmotionError, match=r"WIDER_val/images.*unpack WIDER_val.zip there"):
        read_wider_face(text)


def test_a_close_up_has_one_box_from_forehead_to_chin():
    faces = keypoint_faces(6, seed=1, margin=48)
    near = closeups(faces)
    # What `drawn_faces` draws: an ellipse of 82×106 px around (48, 46) of the 96 px face.
    drawn = np.array([[7, -7, 89, 99]], np.float32) + 48
    for marked in near.faces:
        assert iou(marked.boxes, drawn)[0, 0] > 0.8
        assert marked.longest_px == 192 and marked.counted.all()


def test_a_box_goes_by_the_eyes_as_the_shipped_detector_learned_it():
    points = np.full((1, 15, 2), np.nan, np.float32)
    points[0, LEFT_EYE], points[0, RIGHT_EYE] = (68.5, 38.5), (30.5, 38.5)
    assert face_boxes(points)[0] == pytest.approx([9, -6.5, 91, 107], abs=1e-4)


def test_a_close_up_without_both_eyes_is_left_out():
    faces = keypoint_faces(3, seed=1)
    faces.keypoints[1, 0] = np.nan
    near = closeups(faces)
    assert near.names.tolist() == faces.names[[0, 2]].tolist()
    assert np.isnan(face_boxes(faces.keypoints)[1]).all()


def test_as_the_detector_sees_it_a_box_keeps_its_place(photos: DetectionPhotos):
    seen = letterboxed(take(photos, np.array([0, 2])))
    assert {image.shape for image in seen.images} == {(192, 192)}
    for faces, marked in zip(seen.faces, (photos.faces[0], photos.faces[2]), strict=True):
        assert faces.boxes == pytest.approx(marked.boxes * 0.6)
        assert faces.sides == pytest.approx(marked.sides)
