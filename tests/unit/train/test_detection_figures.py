from types import SimpleNamespace

import keras
import numpy as np
import pytest

from edge_emotion.data.detection import letterboxed
from edge_emotion.detection import CELLS, LOGIT_LIMIT, SHIFT_LIMIT, SIZE_LIMIT
from edge_emotion_train.detection_batches import plain_pictures
from edge_emotion_train.detection_figures import (
    DetectionFigures,
    answer_pictures,
    compare,
    figures,
)
from edge_emotion_train.devices import ALONE, Spread
from edge_emotion_train.drawn_faces import detection_photos

PHOTOS = letterboxed(detection_photos(10, seed=4))


def _ideal() -> np.ndarray:
    """Answers that find exactly what is to be found."""
    _, targets, _ = plain_pictures(PHOTOS)
    found, boxes = targets[..., :1] > 0, targets[..., 2:]
    middles, sizes = (boxes[..., :2] + boxes[..., 2:]) / 2, boxes[..., 2:] - boxes[..., :2]
    shifts = (middles - CELLS.centers) / (SHIFT_LIMIT * CELLS.strides[:, None])
    sizes = np.log(np.maximum(sizes, 1) / CELLS.bases[:, None]) / SIZE_LIMIT
    answers = np.concatenate([np.full(found.shape, 4 / LOGIT_LIMIT), shifts, sizes], axis=-1)
    return np.where(found, answers, (-1, 0, 0, 0, 0)).astype(np.float32)


class _Knowing:
    """A network that has learned the photographs by heart, and notes how it is asked."""

    def __init__(self, answers: np.ndarray) -> None:
        self._answers = answers
        self.batches: list[tuple[int, int]] = []

    def predict(self, inputs: np.ndarray, batch_size: int, verbose: int) -> np.ndarray:
        self.batches.append((len(inputs), batch_size))
        return self._answers[np.arange(len(inputs)) % len(self._answers)]


def test_perfect_answers_find_every_face_and_nothing_else():
    assert figures(compare(_ideal(), PHOTOS)) == {"average_precision": 1.0, "recall": 1.0}


def test_boxes_elsewhere_find_none():
    answers = _ideal()
    answers[..., 1] += 0.9
    found = figures(compare(np.clip(answers, -1, 1), PHOTOS))
    assert found["recall"] < 0.1


@pytest.mark.parametrize("devices", [1, 3])
def test_every_batch_can_be_shared_by_the_devices(devices: int):
    knowing = _Knowing(_ideal())
    answers = answer_pictures(knowing, PHOTOS, devices)  # type: ignore[arg-type]
    assert (answers == _ideal()).all()
    [(rows, at_once)] = knowing.batches
    assert rows % at_once == 0 and at_once % devices == 0


def test_the_figures_of_the_validation_are_told_with_the_epoch():
    callback = DetectionFigures(PHOTOS, ALONE)
    callback._model = _Knowing(_ideal())
    logs: dict[str, float] = {"loss": 1.0}
    callback.on_test_end()
    callback.on_epoch_end(0, logs)
    assert logs == {"loss": 1.0, "val_average_precision": 1.0, "val_recall": 1.0}


def test_of_several_processes_none_measures():
    callback = DetectionFigures(PHOTOS, Spread(2, 2, 0))
    callback._model = SimpleNamespace()
    logs: dict[str, float] = {}
    callback.on_test_end()
    callback.on_epoch_end(0, logs)
    assert logs == {}


def test_what_is_measured_is_the_weights_moving_average():
    """`DetectionFigures` stands before the callback that swaps the averages in and out."""
    seen: list[float] = []

    class Noting(DetectionFigures):
        def on_test_end(self, logs: dict[str, float] | None = None) -> None:
            seen.append(float(self.model.weights[0].numpy().ravel()[0]))

    network = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    optimizer = keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.9)
    network.compile(optimizer, "mse")
    before = float(network.weights[0].numpy()[0, 0])
    ones = np.ones((4, 1), np.float32)
    network.fit(
        ones, ones, batch_size=4, epochs=2, validation_data=(ones, ones), verbose=0,
        callbacks=[Noting(PHOTOS, ALONE), keras.callbacks.SwapEMAWeights()],
    )  # fmt: skip
    first, second = (1 - (1 - before) * 0.8**steps for steps in (1, 2))
    assert seen == pytest.approx([first, 0.9 * first + 0.1 * second], abs=1e-5)
