"""What a fit leaves behind when it is ended from outside, and how it goes on from that."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import keras
import numpy as np
import pytest

from edge_emotion.errors import EdgeEmotionError
from edge_emotion_train.checkpoint import Checkpoints, remove_leftovers
from edge_emotion_train.stopping import StopEarly

EPOCHS = 3
FACES = np.random.default_rng(1).normal(size=(12, 6)).astype(np.float32)


def network(width: int = 5) -> keras.Model:
    """A compiled network with everything that must be restored: dropout, EMA, a rate's schedule."""
    keras.utils.set_random_seed(4)
    layers = keras.layers
    model = keras.Sequential(
        [keras.Input((6,)), layers.Dense(width), layers.Dropout(0.5), layers.Dense(1)]
    )
    rate = keras.optimizers.schedules.CosineDecay(0.1, 2 * EPOCHS)
    model.compile(
        keras.optimizers.AdamW(rate, use_ema=True, ema_momentum=0.9), "mse", run_eagerly=True
    )
    return model


def fit(folder: Path, epochs: int = EPOCHS) -> keras.Model:
    """Fit a fresh network, or what is left of it, up to an epoch."""
    model, checkpoints = network(), Checkpoints(folder)
    start = checkpoints.restore(model)
    model.fit(
        FACES,
        FACES[:, 0],
        batch_size=6,
        initial_epoch=start,
        epochs=epochs,
        shuffle=False,
        verbose=0,
        callbacks=[checkpoints],
    )
    return model


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> keras.Model:
    """The network of a fit that nothing came between."""
    return fit(tmp_path_factory.mktemp("whole"))


def files(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


@contextmanager
def room_of(size: int) -> Iterator[None]:
    """No file can grow beyond a size, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def assert_same_weights(one: keras.Model, other: keras.Model) -> None:
    for weights, expected in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(weights, expected)


def test_without_a_checkpoint_a_fit_begins_at_the_beginning(tmp_path: Path):
    assert Checkpoints(tmp_path / "none").restore(network()) == 0


def test_a_fit_in_two_parts_is_the_same_to_the_bit(tmp_path: Path, whole: keras.Model):
    fit(tmp_path, 2)
    assert_same_weights(fit(tmp_path), whole)


def test_the_newest_two_stay_and_nothing_that_a_kill_left(tmp_path: Path):
    (tmp_path / ".epoch-0001.abc.part.npz").write_bytes(b"half of it")
    fit(tmp_path)
    assert files(tmp_path) == ["epoch-0002.npz", "epoch-0003.npz"]


def test_a_folder_keeps_its_files_but_not_what_a_kill_left_among_them(tmp_path: Path):
    for name in (".model.x1y2.part.keras", ".hidden", "model.keras"):
        (tmp_path / name).touch()
    remove_leftovers(tmp_path)
    assert files(tmp_path) == [".hidden", "model.keras"]


@pytest.mark.parametrize("content", ["[1, 2", "[null]", "7"])
def test_damaged_validation_losses_are_named(tmp_path: Path, content: str):
    (tmp_path / "validation_losses.json").write_text(content)
    with pytest.raises(
        EdgeEmotionError, match=r"validation_losses\.json holds no .*; move it away"
    ):
        StopEarly(2, tmp_path, keep_best=True)


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[: len(content) // 2],
        lambda content: content[:400] + bytes(40) + content[440:],
        lambda content: b"no archive at all",
    ],
    ids=["empty", "cut off", "overwritten", "another file"],
)
def test_a_damaged_checkpoint_is_told_and_the_one_before_taken(
    tmp_path: Path, capsys, whole: keras.Model, damage
):
    fit(tmp_path, 2)
    newest = tmp_path / "epoch-0002.npz"
    newest.write_bytes(damage(newest.read_bytes()))

    assert Checkpoints(tmp_path).restore(network()) == 1
    told = capsys.readouterr().err
    assert f"{newest} cannot be read" in told and told.count("\n") == 1
    assert_same_weights(fit(tmp_path), whole)


def test_another_networks_checkpoint_is_refused(tmp_path: Path):
    fit(tmp_path, 1)
    with pytest.raises(EdgeEmotionError, match=r"epoch-0001\.npz holds the state of another netw"):
        Checkpoints(tmp_path).restore(network(width=7))


def test_a_full_disk_is_named_and_leaves_the_last_good_checkpoint(
    tmp_path: Path, whole: keras.Model
):
    fit(tmp_path, 2)
    with (
        room_of(2000),
        pytest.raises(EdgeEmotionError, match=r"cannot write .*epoch-0003\.npz: File too large"),
    ):
        fit(tmp_path)
    assert files(tmp_path) == ["epoch-0001.npz", "epoch-0002.npz"]
    assert_same_weights(fit(tmp_path), whole)


def test_bfloat16_comes_back_unchanged(tmp_path: Path):
    keras.utils.set_random_seed(4)
    checkpoints = Checkpoints(tmp_path)
    models = []
    for _ in range(2):
        dense = keras.layers.Dense(3, dtype="bfloat16")
        models.append(keras.Sequential([keras.Input((6,)), dense]))
        models[-1].compile("sgd", "mse")
    checkpoints.set_model(models[0])
    checkpoints.on_epoch_end(0)
    assert checkpoints.restore(models[1]) == 1
    kernels = [keras.ops.convert_to_numpy(model.weights[0]) for model in models]
    assert str(kernels[1].dtype) == "bfloat16"
    np.testing.assert_array_equal(*kernels)
