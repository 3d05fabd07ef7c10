import time
from unittest.mock import Mock

import keras
import numpy as np
import pytest

from edge_emotion_train import progress
from edge_emotion_train.progress import Progress, Speed, duration, figures

LOGS = {"accuracy": 0.71234, "loss": 0.91, "val_accuracy": 0.73, "val_loss": 0.88}


class Clock:
    """Tells a time that a test sets."""

    now_s = 0.0

    def perf_counter(self) -> float:
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(progress, "time", clock)
    return clock


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.4, "0 s"),
        (45, "45 s"),
        (89, "89 s"),
        (90, "2 min"),
        (18 * 60, "18 min"),
        (90 * 60, "1 h 30 min"),
        (125 * 60, "2 h 05 min"),
    ],
)
def test_a_time_is_told_as_people_say_it(seconds: float, text: str):
    assert duration(seconds) == text


def test_the_loss_comes_first_and_validation_last():
    measured = {**LOGS, "learning_rate": 0.1, "seconds": 9.0, "images_per_second": 1.0}
    assert figures(measured, 5120.4, "18 min left") == (
        "loss 0.91  accuracy 0.7123  val_loss 0.88  val_accuracy 0.73  5,120 images/s  18 min left"
    )


def follow(bar: Progress, speed: Speed, clock: Clock, epochs: range, batch_s: float) -> None:
    """Pretend epochs of ten batches, the very first of which takes a minute longer."""
    for callback in (speed, bar):
        callback.set_params({"steps": 10})
        callback.set_model(Mock(optimizer=Mock(learning_rate=np.float32(0.5))))
    with bar:
        for epoch in epochs:
            for callback in (speed, bar):
                callback.on_epoch_begin(epoch)
            for batch in range(10):
                clock.now_s += batch_s + 60 * (epoch == epochs[0] and batch == 0)
                for callback in (speed, bar):
                    callback.on_train_batch_end(batch, {})
            logs = dict(LOGS)
            for callback in (speed, bar):
                callback.on_epoch_end(epoch, logs)


def test_off_a_terminal_every_epoch_is_one_line_on_stderr(capsys, clock: Clock):
    speed = Speed(batch_size=32)
    follow(Progress("plain", 3, speed, at_most=False), speed, clock, range(3), batch_s=0.1)
    told = capsys.readouterr()
    facts = "loss 0.91  accuracy 0.7123  val_loss 0.88  val_accuracy 0.73  320 images/s"
    assert told.err.splitlines() == [
        f"epoch 1/3  {facts}  2 s left",
        f"epoch 2/3  {facts}  1 s left",
        f"epoch 3/3  {facts}",
    ]
    assert not told.out


def test_the_time_left_is_that_of_the_whole_training_from_where_it_was_resumed(
    capsys, clock: Clock
):
    speed = Speed(batch_size=32)
    follow(Progress("plain", 52, speed, at_most=True), speed, clock, range(40, 42), batch_s=6)
    assert capsys.readouterr().err.splitlines()[-1].endswith("  at most 10 min left")


def test_an_epoch_of_one_batch_has_a_speed_too(capsys, clock: Clock):
    speed = Speed(batch_size=8)
    speed.on_epoch_begin(0)
    clock.now_s += 2
    speed.on_train_batch_end(0)
    assert speed.images_per_second == 4


def test_the_figures_of_an_epoch_reach_the_callbacks_behind(clock: Clock):
    told = {}
    later = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: told.update(logs))
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.25), "mse")
    model.fit(np.ones((8, 2)), np.ones(8), verbose=0, callbacks=[Speed(8), later])
    assert told["learning_rate"] == 0.25
    assert {"loss", "seconds", "images_per_second"} <= set(told)


def test_what_it_costs_a_batch_is_negligible():
    speed = Speed(8)
    bar = Progress("plain", 2, speed, at_most=False)
    bar.set_params({"steps": 10**6})
    bar._live = True
    with bar:
        for callback in (speed, bar):
            callback.on_epoch_begin(0)
        start = time.perf_counter()
        for batch in range(2000):
            for callback in (speed, bar):
                callback.on_train_batch_end(batch, {"loss": 1.0})
    assert (time.perf_counter() - start) / 2000 < 100e-6
