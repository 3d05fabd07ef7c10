"""The models behind the handler: what goes in, and that it is the networks' own answer."""

import base64
import json

import cv2
import numpy as np
import pytest

from edge_emotion.preprocess import halve
from edge_emotion_device import load_detector, load_emotion, load_keypoints
from edge_emotion_device.serving.handler import Handler
from edge_emotion_device.serving.paths import parse_path
from edge_emotion_device.serving.refusal import Refusal
from edge_emotion_device.serving.registry import Registry
from edge_emotion_device.serving.versions import models_in, shipped
from helpers.bright_cells import write_detector

SIDES_PX = {"emotion_ai": 48, "keypoints": 96}


@pytest.fixture(scope="module")
def handler():
    registry = Registry(shipped)
    registry.refresh()
    return Handler(registry)


def noise(count: int, side: int) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (count, side, side), np.uint8)


def ask(handler: Handler, name: str, **body: object):
    asked = parse_path("POST", f"/v1/models/{name}:predict")
    return json.loads(handler.prediction(asked, json.dumps(body).encode()))


def refused(handler: Handler, name: str, **body: object) -> str:
    with pytest.raises(Refusal) as caught:
        ask(handler, name, **body)
    assert caught.value.status == 400
    return str(caught.value)


def as_base64(content: bytes) -> dict[str, str]:
    return {"b64": base64.b64encode(content).decode()}


def as_is(name: str, faces: np.ndarray) -> np.ndarray:
    with load_emotion() if name == "emotion_ai" else load_keypoints() as model:
        return model.predict(faces)


@pytest.mark.parametrize("name", SIDES_PX)
def test_floats_bytes_and_base64_give_the_networks_own_answer(handler, name):
    faces = noise(3, SIDES_PX[name])
    floats = (faces / np.float32(255))[..., None].tolist()
    whole = faces[..., None].tolist()
    packed = [as_base64(face.tobytes()) for face in faces]

    answers = [
        ask(handler, name, instances=floats)["predictions"],
        ask(handler, name, signature_name="serving_bytes", instances=whole)["predictions"],
        ask(handler, name, signature_name="serving_bytes", inputs=whole)["outputs"],
        ask(handler, name, signature_name="serving_bytes", instances=packed)["predictions"],
        ask(handler, name, signature_name="serving_bytes", inputs={"faces": packed})["outputs"],
    ]

    for answer in answers:
        np.testing.assert_array_equal(np.float32(answer), as_is(name, faces))


def test_a_detector_answers_cell_by_cell(tmp_path):
    folder = tmp_path / "face_detector" / "1"
    folder.mkdir(parents=True)
    file = write_detector(folder / "model.tflite")
    registry = Registry(lambda: models_in(tmp_path))
    registry.refresh()
    pictures = noise(2, 192)
    packed = [as_base64(picture.tobytes()) for picture in pictures]

    answer = ask(
        Handler(registry), "face_detector", signature_name="serving_bytes", instances=packed
    )["predictions"]

    with load_detector(file) as model:
        np.testing.assert_array_equal(np.float32(answer), model.predict(pictures))
    signature = registry.find(parse_path("POST", "/v1/models/face_detector:predict"))[1].signatures
    assert signature["serving_default"].given.shape == (-1, 192, 192, 1)
    assert signature["serving_default"].answered[0].shape == (-1, 756, 5)


def test_both_networks_answer_at_once(handler):
    faces = noise(2, 96)
    halves = np.stack([halve(face) for face in faces])
    packed = [as_base64(face.tobytes()) for face in faces]

    rows = ask(handler, "emotion_ai_combined", signature_name="serving_bytes", instances=packed)[
        "predictions"
    ]
    columns = ask(handler, "emotion_ai_combined", signature_name="serving_bytes", inputs=packed)[
        "outputs"
    ]

    points, probabilities = as_is("keypoints", faces), as_is("emotion_ai", halves)
    np.testing.assert_array_equal(np.float32(columns["keypoints"]), points)
    np.testing.assert_array_equal(np.float32(columns["probabilities"]), probabilities)
    assert [row["keypoints"] for row in rows] == columns["keypoints"]
    assert [row["probabilities"] for row in rows] == columns["probabilities"]


@pytest.mark.parametrize("factor", [1, 2, 3])
def test_the_keypoints_of_a_picture_are_in_its_own_pixels(handler, factor):
    face = noise(1, 96)[0]
    large = cv2.resize(face, None, fx=factor, fy=factor, interpolation=cv2.INTER_NEAREST)
    picture = as_base64(cv2.imencode(".png", large)[1].tobytes())

    [found] = ask(
        handler, "emotion_ai_combined", signature_name="serving_pictures", instances=[picture]
    )["predictions"]

    points = as_is("keypoints", face[None])[0]
    if factor == 3:  # not reduced by whole halves, so the face differs a little
        np.testing.assert_allclose((np.float32(found["keypoints"]) + 0.5) / 3 - 0.5, points, atol=8)
    else:
        expected = (points + 0.5) * factor - 0.5
        np.testing.assert_allclose(found["keypoints"], expected, atol=1e-4)


def test_pictures_of_different_sizes_come_together(handler):
    pictures = [
        as_base64(cv2.imencode(".jpg", np.full((side, side), 90, np.uint8))[1].tobytes())
        for side in (48, 96, 250)
    ]

    answer = ask(
        handler, "emotion_ai_combined", signature_name="serving_pictures", inputs=pictures
    )["outputs"]

    assert np.shape(answer["keypoints"]) == (3, 15, 2)
    assert np.max(answer["keypoints"][0]) < 48 < np.max(answer["keypoints"][2])


@pytest.mark.parametrize(
    ("name", "signature", "instances", "message"),
    [
        ("emotion_ai", "serving_bytes", [[[[300]] * 48] * 48], "values from 300 to 300 in faces"),
        ("emotion_ai", "serving_bytes", [[[[-1]] * 48] * 48], "values from -1 to -1 in faces"),
        ("emotion_ai", "serving_bytes", [[[[2**63]] * 48] * 48], "values from 9.22337e+18"),
        ("emotion_ai", "serving_default", [[[[1.01]] * 48] * 48], "serving_default takes 0 to 1"),
        ("emotion_ai", "serving_default", [[[[-1e300]] * 48] * 48], "values from -1e+300"),
        ("emotion_ai", "serving_bytes", [{"b64": "AAAA"}], "3 bytes in base64; expected 2304"),
        ("emotion_ai", "serving_bytes", [{"b64": "A"}], "Unable to base64 decode"),
        ("emotion_ai", "serving_bytes", [{"b64": "ÄÄÄÄ"}], "Unable to base64 decode"),
        ("emotion_ai", "serving_bytes", [[{"b64": ""}]], "has the shape [1,1,48,48,1]"),
        ("emotion_ai", "serving_default", [[]], "input faces has the shape [1,0]"),
        ("emotion_ai_combined", "serving_pictures", ["text"], "4 bytes that are no picture"),
        ("emotion_ai_combined", "serving_pictures", [1], "not of expected type: string"),
        ("emotion_ai_combined", "serving_pictures", [[{"b64": ""}]], "has the shape [1,1]"),
        ("emotion_ai_combined", "serving_pictures", [{"b64": 1}], "does not have named input: b64"),
    ],
)
def test_an_input_that_is_refused(handler, name, signature, instances, message):
    assert message in refused(handler, name, signature_name=signature, instances=instances)


def test_no_pictures_are_refused(handler):
    told = refused(handler, "emotion_ai_combined", signature_name="serving_pictures", inputs=[])

    assert told == "input pictures has the shape [0]; signature serving_pictures takes [-1]"


def test_a_little_outside_of_0_to_1_is_rounded(handler):
    """As floating-point arithmetic leaves it: 255/255 is not always 1."""
    answer = ask(handler, "emotion_ai", instances=[[[[1.0000001]] * 48] * 48])
    exact = ask(handler, "emotion_ai", instances=[[[[1]] * 48] * 48])

    assert answer == exact
