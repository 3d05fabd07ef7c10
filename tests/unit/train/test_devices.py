"""How a batch is shared out."""

from pathlib import Path

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_emotion.errors import WrongUse
from edge_emotion_train.devices import ALONE, Spread
from edge_emotion_train.fit import _own_folder
from edge_emotion_train.interrupted import RESUME
from edge_emotion_train.validation import BATCH_SIZE, ValidationBatches


@given(faces=st.integers(1, 700), processes=st.integers(1, 5), devices_each=st.integers(1, 3))
def test_processes_validate_each_face_once_and_alike_many(
    faces: int, processes: int, devices_each: int
):
    numbers = np.arange(faces, dtype=np.float32)
    shares = [Spread(processes * devices_each, processes, rank) for rank in range(processes)]
    seen = []
    for batches in zip(*(_batches(numbers, share) for share in shares), strict=True):
        sizes = {len(inputs) for inputs, _, _ in batches}
        assert len(sizes) == 1 and sizes.pop() % devices_each == 0
        seen += [inputs[weights > 0] for inputs, _, weights in batches]
    assert sorted(np.concatenate(seen)) == list(numbers)


def _batches(numbers: np.ndarray, share: Spread) -> list[tuple[np.ndarray, ...]]:
    batches = ValidationBatches(numbers, numbers, np.ones(len(numbers), np.float32), share)
    return [batches[index] for index in range(batches.num_batches)]


def test_alone_nothing_is_filled_up():
    last = _batches(np.zeros(BATCH_SIZE + 3, np.float32), ALONE)[-1]
    assert [len(array) for array in last] == [3, 3, 3]


def test_filling_up_leaves_the_faces_own_weights_as_they_were():
    weights = np.ones(3, np.float32)
    batches = ValidationBatches(weights, weights, weights, Spread(2))
    assert batches[0][2] == pytest.approx([4 / 3, 4 / 3, 4 / 3, 0])
    assert list(weights) == [1, 1, 1]


@pytest.mark.parametrize("faces", [5, BATCH_SIZE + 4])
def test_the_validation_loss_is_the_same_whatever_has_been_filled_up(faces: int):
    inputs = np.random.default_rng(1).normal(size=(faces, 5)).astype(np.float32)
    arrays = inputs, np.eye(5, dtype=np.float32)[np.arange(faces) % 5], np.ones(faces, np.float32)
    model = keras.Sequential([keras.Input((5,)), keras.layers.Softmax()])
    model.compile(loss="categorical_crossentropy")
    alone, on_seven = (
        model.evaluate(ValidationBatches(*arrays, share), verbose=0) for share in (ALONE, Spread(7))
    )
    assert on_seven == pytest.approx(alone, rel=1e-5)


@pytest.mark.parametrize(
    ("batch_size", "faces", "remedy"),
    [
        (128, 1000, "batches of 128 .* a multiple of 3; say for example .*batch_size=129"),
        (128, 128, "batches of 128 .* a multiple of 3; say for example .*batch_size=126"),
        (128, 10, "batches of 10 .* a multiple of 3; say for example .*batch_size=9"),
        (128, 2, "2 faces to train on cannot be shared by 3 devices; use fewer devices"),
    ],
)
def test_a_batch_that_cannot_be_shared_evenly_is_refused(batch_size: int, faces: int, remedy: str):
    Spread(1).check_batch_size(batch_size, faces)
    with pytest.raises(WrongUse, match=remedy):
        Spread(3).check_batch_size(batch_size, faces)


def test_only_the_first_process_writes_to_the_runs_folder(tmp_path: Path):
    (tmp_path / RESUME).mkdir()
    (tmp_path / RESUME / "state").touch()
    with _own_folder(tmp_path, Spread(2, 2, 0)) as folder:
        assert folder == tmp_path
    with _own_folder(tmp_path, Spread(2, 2, 1)) as folder:
        assert folder != tmp_path
        assert (folder / RESUME / "state").exists()
    assert not folder.exists()
