"""The shipped networks in the interpreter, and files and arrays that do not fit."""

import numpy as np
import pytest

from edge_emotion.errors import EdgeEmotionError, WrongUse
from edge_emotion.modelfile import read_model, shipped_model, write_model
from edge_emotion.quantization import TensorSpec
from edge_emotion_device import load_emotion, load_keypoints
from edge_emotion_device.interpreter import input_table, output_table
from edge_emotion_device.runtime import open_interpreter


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


@pytest.mark.parametrize("task", ["emotion", "keypoints"])
def test_an_answer_is_what_the_output_tensor_stands_for(task, request):
    model = request.getfixturevalue(task)
    face = faces(1, model.metadata.input.shape[1])[0]
    interpreter = open_interpreter(read_model(shipped_model(task)).flatbuffer)
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], face[None, :, :, None])
    interpreter.invoke()
    tensor = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])[0]

    np.testing.assert_array_equal(model.run(face), model.metadata.output.dequantize(tensor))


def test_an_answer_is_kept_by_who_asked(emotion):
    first, second = faces(2, 48)
    kept = emotion.run(first)
    before = kept.copy()
    emotion.run(second)

    np.testing.assert_array_equal(kept, before)


def test_a_face_may_be_a_view_of_a_picture(keypoints):
    picture = faces(1, 200)[0]
    for view in (picture[10:106, 20:116], picture[105:9:-1, 20:116], picture[4:196:2, 3:195:2].T):
        np.testing.assert_array_equal(keypoints.run(view), keypoints.run(view.copy()))


def test_a_face_of_another_size_is_refused(emotion):
    with pytest.raises(ValueError, match="ensor"):
        emotion.run(faces(1, 47)[0])


@pytest.mark.parametrize(
    "spec",
    [
        TensorSpec((1,), "uint8", 1 / 256, 0),
        TensorSpec((1,), "int8", 1 / 256, -128),
        TensorSpec((1,), "int8", 0.0071, 3),
        TensorSpec((1,), "int16", 1 / 32768, 0),
        TensorSpec((1,), "float32"),
    ],
    ids=lambda spec: spec.dtype,
)
def test_tables_hold_what_would_be_computed(spec):
    grays = np.arange(256, dtype=np.uint8)
    given, real = input_table(spec), output_table(spec)

    np.testing.assert_array_equal(given, spec.quantize(grays / np.float32(255)))
    assert given.dtype == spec.dtype
    if spec.dtype in ("uint8", "int8"):
        values = grays.view(spec.dtype)
        np.testing.assert_array_equal(real.take(values.view(np.uint8)), spec.dequantize(values))
    else:
        assert real is None


def test_grays_that_are_the_input_need_no_table():
    assert input_table(TensorSpec((1,), "uint8", 1 / 255, 0)) is None


def test_no_threads_are_refused():
    with pytest.raises(WrongUse, match="0 threads"):
        load_emotion(threads=0)
