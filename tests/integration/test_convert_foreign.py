"""Networks that no training here left: what is converted, and what is refused unrun."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from edge_emotion.data.faces import take
from edge_emotion.errors import EdgeEmotionError, WrongUse
from edge_emotion.modelfile import read_model
from edge_emotion_convert.convert import convert
from edge_emotion_convert.measure import predict_file
from edge_emotion_convert.serving import VERSION, write_saved_model
from edge_emotion_convert.subject import open_subject
from edge_emotion_convert.trial import prepare
from edge_emotion_train.networks.saved import read_network
from edge_emotion_train.predicting import predict
from edge_emotion_train.runs import read_run
from helpers.drawn_faces import emotion_faces, write_fer2013_csv
from helpers.saved_models import tried_here
from helpers.tiny_runs import ANY_DROP, untrained_network, write_run

pytestmark = pytest.mark.slow


def as_keras(network, folder):
    network.save(folder / "mine.keras")
    return folder / "mine.keras"


def as_h5(network, folder):
    network.save(folder / "mine.h5")
    return folder / "mine.h5"


def as_saved_model(network, folder):
    network.export(folder / "mine", verbose=False)
    return folder / "mine"


def as_version_of_saved_model(network, folder):
    tf.saved_model.save(network, folder / "mine" / "7")
    return folder / "mine" / "7"


def as_model_keras_in_a_folder(network, folder):
    (folder / "mine").mkdir()
    network.save(folder / "mine" / "model.keras")
    return folder / "mine" / "model.keras"


def as_version_in_an_export(network, folder):
    tf.saved_model.save(network, folder / "mine" / "saved_model" / "1")
    return folder / "mine" / "saved_model" / "1"


WAYS = [
    as_keras,
    as_h5,
    as_saved_model,
    as_version_of_saved_model,
    as_model_keras_in_a_folder,
    as_version_in_an_export,
]


@pytest.mark.parametrize("save", WAYS)
def test_a_network_of_another_origin_is_opened_as_it_was_saved(tmp_path, save):
    network = untrained_network("emotion")
    subject = open_subject(save(network, tmp_path))
    assert (subject.name, subject.task, subject.recipe) == ("mine", "emotion", None)
    assert subject.architecture == {"name": "mine", "parameters": network.count_params()}
    images = emotion_faces(10, seed=3).images
    found, expected = (predict(one, None, images) for one in (subject.network, network))
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_saved_model_is_converted_with_data_of_any_reader(converted, tmp_path):
    path = as_saved_model(untrained_network("emotion"), tmp_path)
    [export] = convert(
        path, data=converted / "data" / "faces", out=tmp_path / "exports", max_drop=ANY_DROP
    )
    metadata = read_model(export.models[0].file, "emotion").metadata
    assert export.folder.name == "mine"
    assert (metadata.recipe, metadata.training_data) == ({}, {})
    assert metadata.accuracy["measured_on"] == "30 validation faces of faces"
    assert metadata.architecture["macs"] > 100_000
    assert "ask whoever made it" in metadata.license
    card = export.models[0].file.with_suffix(".md").read_text()
    assert "Not known: the network was trained elsewhere." in card


def test_a_keypoint_networks_mean_face_is_fitted_to_the_training_faces(converted, tmp_path):
    run = read_run(converted / "runs" / "my-keypoints")
    path = as_keras(read_network(run.network, "keypoints"), tmp_path)
    trial = prepare(open_subject(path), converted / "data" / "points")
    rows = trial.calibrating
    errors = predict(trial.subject.network, trial.subject.mean_face, rows.images) - rows.truth
    np.testing.assert_allclose(np.nanmean(errors, axis=0), 0, atol=0.01)


def test_a_network_of_another_origin_needs_data_named(tmp_path):
    path = as_keras(untrained_network("emotion"), tmp_path)
    with pytest.raises(WrongUse, match=r"no data to calibrate .* name it with --data"):
        convert(path, out=tmp_path / "exports")


def test_data_of_the_other_task_is_refused(converted, tmp_path):
    path = as_keras(untrained_network("emotion"), tmp_path)
    with pytest.raises(WrongUse, match="holds data for keypoints; expected data for emotion"):
        convert(path, data=converted / "data" / "points", out=tmp_path / "exports")


@pytest.mark.parametrize("save", [as_keras, as_saved_model])
def test_a_network_whose_batch_is_fixed_to_1_is_converted(converted, tmp_path, save):
    network = untrained_network("emotion")
    face = keras.Input((48, 48, 1), 1)
    path = save(keras.Model(face, network(face)), tmp_path)
    [export] = convert(
        path, data=converted / "data" / "faces", out=tmp_path / "exports", max_drop=ANY_DROP
    )
    images = emotion_faces(4, seed=3).images
    found = predict_file(export.models[0].file, "emotion", images)
    np.testing.assert_allclose(found, predict(network, None, images), atol=0.05)


# --- shapes and values that no device could use ---


def mapping(given, outputs=5, last="softmax"):
    face = keras.Input(given)
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(8, 3)(face))
    return keras.Model(face, keras.layers.Dense(outputs, last)(x))


def nan_network():
    network = untrained_network("emotion")
    weights = network.get_weights()
    weights[0][0, 0, 0, 0] = np.nan
    network.set_weights(weights)
    return network


def two_headed_network():
    network = untrained_network("emotion")
    return keras.Model(network.input, [network.output, network.output])


BAD = {
    "another input size": (lambda: mapping((64, 64, 1)), r"maps \(None, 64, 64, 1\) to \(None, 5"),
    "colour": (lambda: mapping((48, 48, 3)), r"maps \(None, 48, 48, 3\).*expected \(None, 48, 48"),
    "another task's input": (
        lambda: mapping((96, 96, 1)),
        r"expected .*\(None, 96, 96, 1\) to",
    ),
    "other classes": (lambda: mapping((48, 48, 1), 7), r"to \(None, 7\); expected"),
    "dynamic shape": (lambda: mapping((None, None, 1)), r"maps \(None, None, None, 1\)"),
    "NaN weights": (nan_network, "weights that are NaN or infinite, first in"),
    "two outputs": (two_headed_network, r"maps|signature serving_default"),
}


@pytest.mark.parametrize("save", [as_keras, as_saved_model])
@pytest.mark.parametrize("case", BAD)
def test_a_network_that_cannot_be_deployed_is_refused_in_one_line(tmp_path, save, case):
    make, message = BAD[case]
    with pytest.raises(EdgeEmotionError, match=message) as caught:
        convert(save(make(), tmp_path), out=tmp_path / "exports")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "exports").exists()


def test_logits_are_no_probabilities(converted, tmp_path):
    path = as_keras(mapping((48, 48, 1), last="linear"), tmp_path)
    with pytest.raises(EdgeEmotionError, match=r"with sums up to .*; end the network with a soft"):
        convert(path, data=converted / "data" / "faces", out=tmp_path / "exports")


class Unknown(keras.layers.Layer):
    """A layer that nobody registered."""

    __module__ = "somewhere_else"

    def call(self, x):
        return 2 * x


@pytest.mark.parametrize("save", [as_keras, as_h5])
def test_custom_layers_are_named(tmp_path, save):
    face = keras.Input((48, 48, 1))
    flat = keras.layers.Flatten()(Unknown()(face))
    path = save(keras.Model(face, keras.layers.Dense(5, "softmax")(flat)), tmp_path)
    with pytest.raises(
        EdgeEmotionError, match=r"cannot be loaded: .*Unknown.*Keras's own"
    ) as caught:
        convert(path, out=tmp_path / "exports")
    assert "\n" not in str(caught.value)


# --- files that are damaged, foreign, or programs ---


def lambda_network(marker):
    face = keras.Input((48, 48, 1))
    struck = keras.layers.Lambda(lambda x: (open(marker, "w").close(), x)[1])(face)  # noqa: PTH123
    flat = keras.layers.Flatten()(struck)
    return keras.Model(face, keras.layers.Dense(5, "softmax")(flat))


@pytest.mark.parametrize("save", [as_keras, as_h5])
def test_code_inside_a_keras_file_is_not_run(tmp_path, save):
    marker = tmp_path / "struck"
    path = save(lambda_network(str(marker)), tmp_path)
    marker.unlink()  # building the network ran it
    with pytest.raises(EdgeEmotionError, match=r"cannot be loaded: .*[Ll]ambda"):
        convert(path, out=tmp_path / "exports")
    assert not marker.exists()


def test_code_inside_a_runs_network_is_not_run(converted, tmp_path):
    marker = tmp_path / "struck"
    run = write_run(tmp_path / "run", "emotion", converted / "data", lambda_network(str(marker)))
    marker.unlink()
    with pytest.raises(EdgeEmotionError, match=r"cannot be loaded: .*Lambda"):
        convert(run, out=tmp_path / "exports")
    assert not marker.exists()


@pytest.mark.parametrize("damage", [b"", b"not a model", None])
@pytest.mark.parametrize("name", ["model.keras", "mine.keras", "mine.h5", "saved_model.pb"])
def test_a_damaged_model_is_refused_in_one_line(converted, tmp_path, name, damage):
    if name == "model.keras":
        path = file = write_run(tmp_path / "run", "emotion", converted / "data") / name
    elif name == "saved_model.pb":
        path = as_saved_model(untrained_network("emotion"), tmp_path)
        file = path / name
    else:
        save = as_keras if name == "mine.keras" else as_h5
        path = file = save(untrained_network("emotion"), tmp_path)
    file.write_bytes(file.read_bytes()[:-2000] if damage is None else damage)
    with pytest.raises(EdgeEmotionError, match=r"cannot be|is no SavedModel") as caught:
        convert(path, out=tmp_path / "exports")
    assert "\n" not in str(caught.value)


def test_a_saved_model_without_its_weights_is_refused_in_one_line(tmp_path):
    path = as_saved_model(untrained_network("emotion"), tmp_path)
    for file in (path / "variables").iterdir():
        file.unlink()
    with pytest.raises(EdgeEmotionError, match="cannot be loaded") as caught:
        convert(path, out=tmp_path / "exports")
    assert "\n" not in str(caught.value)


def test_a_saved_model_of_keypoints_in_pixels_is_no_network_to_convert(converted, tmp_path):
    subject = open_subject(converted / "runs" / "my-keypoints")
    with tried_here():
        write_saved_model(subject, tmp_path)
    with pytest.raises(EdgeEmotionError, match=r"maps .* to \(None, 15, 2\)"):
        convert(tmp_path / VERSION, out=tmp_path / "exports")


@pytest.mark.parametrize("name", ["model.tflite", "notes.txt", "none.keras", "empty"])
def test_what_is_no_network_is_refused(tmp_path, name):
    (tmp_path / "model.tflite").write_bytes(b"TFL3")
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "empty").mkdir()
    message = "expected a run's folder, a .keras|does not exist|is no finished run"
    with pytest.raises(EdgeEmotionError, match=message):
        convert(tmp_path / name, out=tmp_path / "exports")


# --- data that cannot calibrate ---


def one_class(folder):
    faces = emotion_faces(50, seed=2)
    write_fer2013_csv(folder / "fer2013.csv", take(faces, faces.labels == 3))
    return folder / "fer2013.csv"


def no_faces(folder):
    (folder / "fer2013.csv").write_text("emotion,pixels,Usage\n")
    return folder / "fer2013.csv"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (one_class, "training rows are all Happy; expected faces of several classes"),
        (no_faces, "fer2013.csv has no rows"),
    ],
)
def test_data_of_one_class_or_none_cannot_calibrate(tmp_path, make, message):
    path = as_keras(untrained_network("emotion"), tmp_path)
    with pytest.raises(EdgeEmotionError, match=message) as caught:
        convert(path, data=make(tmp_path), out=tmp_path / "exports")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "exports").exists()


@pytest.mark.parametrize(
    ("data", "message"),
    [("", "holds no data that can be read"), ("moved", "moved does not exist; say with --data")],
)
def test_data_that_is_not_there_is_named(converted, tmp_path, data, message):
    with pytest.raises(EdgeEmotionError, match=message):
        convert(converted / "runs" / "my-emotion", data=tmp_path / data)


@pytest.mark.parametrize("text", ['{"models": 3}', '{"models": [{"file": 3}]}', "[]", '{"mod'])
def test_a_conversion_json_that_is_damaged_is_replaced_and_that_is_told(
    converted, tmp_path, capsys, text
):
    folder = tmp_path / "my-emotion"
    folder.mkdir()
    (folder / "conversion.json").write_text(text)
    run = converted / "runs" / "my-emotion"
    convert(run, out=tmp_path, max_drop=ANY_DROP, formats=["float32"])
    assert len(json.loads((folder / "conversion.json").read_text())["models"]) == 1
    assert "conversion.json cannot be read and is written anew" in capsys.readouterr().err
