"""The shipped networks in the interpreter, and files and arrays that do not fit."""

import numpy as np
import pytest

from edge_emotion.errors import EdgeEmotionError, WrongUse
from edge_emotion.modelfile import read_model, shipped_model, write_model
from edge_emotion_device import load_emotion, load_keypoints


@pytest.fixture(scope="module")
def emotion():
    with load_emotion() as model:
        yield model


@pytest.fixture(scope="module")
def keypoints():
    with load_keypoints() as model:
        yield model


def faces(count: int, side: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, side, side), np.uint8)


def test_emotions_are_probabilities(emotion):
    answered = emotion.predict(faces(3, 48))

    assert answered.shape == (3, 5)
    assert answered.dtype == np.float32
    np.testing.assert_allclose(answered.sum(axis=1), 1, atol=0.02)  # steps of 1/256


def test_keypoints_are_pixels_near_the_mean_face(keypoints):
    answered = keypoints.predict(faces(3, 96))

    assert answered.shape == (3, 15, 2)
    assert answered.dtype == np.float32
    assert np.abs(answered - keypoints.mean_face).max() <= keypoints.metadata.offset_limit_px


def test_faces_do_not_depend_on_each_other(emotion):
    many = faces(4, 48)
    alone = np.concatenate([emotion.predict(face[None]) for face in many])

    np.testing.assert_array_equal(emotion.predict(many), alone)


def test_no_faces_give_no_answers(emotion):
    assert emotion.predict(faces(0, 48)).shape == (0, 5)


@pytest.mark.parametrize(
    "wrong",
    [faces(2, 96), faces(2, 48)[0], faces(2, 48).astype(np.float32), faces(2, 48)[..., None]],
    ids=["96 px", "one face", "float32", "channels"],
)
def test_faces_of_another_shape_or_type_are_refused(emotion, wrong):
    with pytest.raises(ValueError, match=r"expected uint8 \(N, 48, 48\)"):
        emotion.predict(wrong)


def test_a_model_of_another_task_is_refused():
    with pytest.raises(EdgeEmotionError, match="for keypoints; expected one for emotion"):
        load_emotion(shipped_model("keypoints"))


def test_a_file_whose_tensors_are_not_its_metadatas_is_refused(tmp_path):
    keypoints = read_model(shipped_model("keypoints"))
    emotion = read_model(shipped_model("emotion"))
    mixed = tmp_path / "mixed.tflite"
    write_model(mixed, emotion.flatbuffer, keypoints.metadata)

    with pytest.raises(EdgeEmotionError, match="its input tensor is"):
        load_keypoints(mixed)


def test_bytes_that_are_no_flatbuffer_are_refused_in_one_line(tmp_path):
    file = tmp_path / "noise.tflite"
    write_model(file, b"\x00" * 500, read_model(shipped_model("emotion")).metadata)

    with pytest.raises(EdgeEmotionError, match="cannot run") as caught:
        load_emotion(file)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named():
    with pytest.raises(EdgeEmotionError, match=r"cannot read the model no\.tflite"):
        load_emotion("no.tflite")


@pytest.mark.parametrize(
    ("delegate", "error"),
    [("gpu", WrongUse), ("edgetpu:x", WrongUse), ("external:", WrongUse)],
)
def test_an_unknown_delegate_is_wrong_use(delegate, error):
    with pytest.raises(error, match="unknown delegate"):
        load_emotion(delegate=delegate)


def test_a_delegate_that_is_not_there_fails_when_asked_for_by_name():
    with pytest.raises(EdgeEmotionError, match="cannot be loaded") as caught:
        load_emotion(delegate="external:/no/such/library.so")
    assert caught.value.exit_code == 1


def test_auto_goes_on_with_the_cpu_and_says_so(capfd):
    with load_emotion(delegate="auto") as model:
        assert model.predict(faces(1, 48)).shape == (1, 5)
    assert "no accelerator" in capfd.readouterr().err


def test_no_threads_are_refused():
    with pytest.raises(WrongUse, match="0 threads"):
        load_emotion(threads=0)
