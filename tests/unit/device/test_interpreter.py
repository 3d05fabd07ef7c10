"""The shipped networks in the interpreter, and files and arrays that do not fit."""

import numpy as np
import pytest

from edge_emotion.detection import CELLS
from edge_emotion.errors import EdgeEmotionError, WrongUse
from edge_emotion.modelfile import read_model, shipped_model, write_model
from edge_emotion.quantization import TensorSpec
from edge_emotion_device import load_detector, load_emotion, load_keypoints
from edge_emotion_device.interpreter import input_table, output_table
from edge_emotion_device.runtime import open_interpreter
from helpers.bright_cells import write_detector


@pytest.fixture(scope="module")
def emotion():
    with load_emotion() as model:
        yield model


@pytest.fixture(scope="module")
def keypoints():
    with load_keypoints() as model:
        yield model


@pytest.fixture(scope="module")
def bright(tmp_path_factory):
    return write_detector(tmp_path_factory.mktemp("detector") / "bright_cells.tflite")


@pytest.fixture(scope="module")
def detector(bright):
    with load_detector(bright) as model:
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


def test_a_detector_answers_cell_by_cell(detector):
    pictures = faces(2, 192)
    answered = detector.predict(pictures)

    assert (answered.shape, answered.dtype) == ((2, len(CELLS), 5), np.float32)
    assert np.abs(answered).max() <= 1
    grays = pictures.reshape(2, 24, 8, 24, 8).mean((2, 4)).reshape(2, -1) / 255
    np.testing.assert_allclose(answered[:, : 24 * 24, 0], 2 * grays - 1, atol=0.01)


@pytest.mark.parametrize(
    ("shape", "bright_px", "box"),
    [
        ((192, 192), (40, 80, 8), (72, 32, 96, 56)),
        ((480, 640), (120, 240, 40), None),  # cells of 26.7 px: two of them are bright enough
        ((384, 384, 3), (80, 160, 16), (144, 64, 192, 112)),
        ((96, 48), (20, 40, 4), (36, 16, 48, 28)),  # enlarged, and cut off at the frame's edge
        ((192, 192), (0, 0, 8), (0, 0, 16, 16)),
        ((96, 192), (88, 184, 8), (176, 80, 192, 96)),  # what lies below is no frame
    ],
)
def test_boxes_are_in_pixels_of_the_frame_and_inside_it(detector, shape, bright_px, box):
    frame = np.zeros(shape, np.uint8)
    y, x, side = bright_px
    frame[y : y + side, x : x + side] = 255
    boxes, scores = detector.detect(frame)

    assert boxes.dtype == scores.dtype == np.float32
    if box is not None:
        np.testing.assert_allclose(boxes, [box], atol=1)
    assert (boxes >= 0).all() and (boxes <= [*shape[1::-1], *shape[1::-1]]).all()
    center = x + side / 2, y + side / 2
    assert all(x1 < center[0] < x2 and y1 < center[1] < y2 for x1, y1, x2, y2 in boxes)
    assert len(boxes) >= 1


def test_frames_do_not_depend_on_each_other(detector):
    wide, high = np.full((30, 192), 255, np.uint8), np.zeros((192, 30), np.uint8)
    alone = detector.detect(high)
    detector.detect(wide)

    np.testing.assert_array_equal(detector.detect(high)[0], alone[0])
    assert len(alone[0]) == 0


def test_the_surest_face_comes_first(detector):
    frame = np.zeros((192, 192), np.uint8)
    frame[40:48, 40:48], frame[120:128, 120:128] = 190, 255
    boxes, scores = detector.detect(frame)

    assert boxes[:, 0].tolist() == [112, 32]
    assert scores[0] > scores[1] > 0.9


def test_a_model_of_another_task_is_refused():
    with pytest.raises(EdgeEmotionError, match="for keypoints; expected one for emotion"):
        load_emotion(shipped_model("keypoints"))
    with pytest.raises(EdgeEmotionError, match="for emotion; expected one for detector"):
        load_detector(shipped_model("emotion"))


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
