import json
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest

from edge_emotion.labels import EMOTIONS, KEYPOINTS
from edge_emotion.types import Frame, Reading

READING = Reading(
    frame=7,
    time_s=1.234567,
    track_id=3,
    box=(10.0, 20.5, 110.123, 140.0),
    keypoints=np.arange(30, dtype=np.float32).reshape(15, 2) + np.float32(0.126),
    raw_keypoints=np.arange(30, dtype=np.float32).reshape(15, 2) + np.float32(0.126),
    probabilities=np.array([0.1, 0.2, 0.3, 0.25, 0.15], np.float32),
    smoothed=np.array([0, 0, 0, 1, 0], np.float32),
    label="Happy",
    ms={"detect": 11.12345, "keypoints": 0.2, "emotion": 0.1},
)


def test_a_reading_has_the_published_fields_in_their_order():
    assert list(READING.as_dict()) == [
        "frame",
        "time_s",
        "track_id",
        "box",
        "keypoints",
        "probabilities",
        "smoothed",
        "label",
        "ms",
    ]


def test_raw_points_are_written_where_they_are_not_the_same():
    raw = READING.keypoints + np.float32(1)
    fields = replace(READING, raw_keypoints=raw, source="a.png").as_dict()

    assert list(fields)[-3:] == ["ms", "raw_keypoints", "source"]
    assert list(fields["raw_keypoints"]) == list(KEYPOINTS)
    assert fields["raw_keypoints"]["left_eye_center"] == [1.13, 2.13]


def test_a_reading_survives_json():
    fields = json.loads(json.dumps(READING.as_dict()))
    assert (fields["frame"], fields["time_s"], fields["track_id"]) == (7, 1.2346, 3)
    assert fields["box"] == [10.0, 20.5, 110.12, 140.0]
    assert tuple(fields["keypoints"]) == KEYPOINTS
    assert fields["keypoints"]["right_eye_center"] == [2.13, 3.13]
    expected = [0.1, 0.2, 0.3, 0.25, 0.15]
    assert fields["probabilities"] == dict(zip(EMOTIONS, expected, strict=True))
    assert fields["smoothed"]["Happy"] == 1.0
    assert fields["label"] == "Happy"
    assert fields["ms"] == {"detect": 11.123, "keypoints": 0.2, "emotion": 0.1}


def test_an_undecided_label_is_null():
    assert '"label": null' in json.dumps(replace(READING, label=None).as_dict())


def test_only_a_reading_of_a_separate_picture_names_its_source():
    assert replace(READING, source="a.jpg").as_dict()["source"] == "a.jpg"


@pytest.mark.parametrize("field", ["keypoints", "probabilities", "smoothed"])
def test_a_reading_of_the_wrong_length_cannot_be_printed(field: str):
    broken = replace(READING, **{field: getattr(READING, field)[:-1]})
    with pytest.raises(ValueError, match="shorter"):
        broken.as_dict()


@pytest.mark.parametrize("shape", [(48, 64), (48, 64, 3)])
def test_a_frame_is_gray_or_colour(shape: tuple[int, ...]):
    assert Frame(np.zeros(shape, np.uint8), 0, 0.0).source is None


@pytest.mark.parametrize(
    ("shape", "dtype"),
    [
        ((4, 4), np.float32),
        ((4,), np.uint8),
        ((1, 4, 4, 3), np.uint8),
        ((4, 4, 4), np.uint8),
        ((0, 4), np.uint8),
    ],
)
def test_a_frame_of_another_format_is_refused(shape: tuple[int, ...], dtype: type):
    with pytest.raises(ValueError, match="expected uint8"):
        Frame(np.zeros(shape, dtype), 0, 0.0)


def test_a_picture_that_could_not_be_read_is_no_frame():
    with pytest.raises(ValueError, match=r"a frame that is None; expected an array \(cv2\.imread"):
        Frame(None, 0, 0.0)  # type: ignore[arg-type]


def test_frames_and_readings_do_not_change():
    with pytest.raises(FrozenInstanceError):
        READING.label = "Sad"  # type: ignore[misc]
