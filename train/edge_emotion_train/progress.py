"""What a training says while it runs, on stderr: a live bar on a terminal, a line an epoch."""

import time
from collections.abc import Mapping
from typing import Any

import keras
from rich.console import Console
from rich.progress import BarColumn, TextColumn
from rich.progress import Progress as Bar
from rich.table import Column

_REFRESH_S = 0.25
_ENOUGH = 0.1  # of an epoch, to tell from it how long the others take


def say(text: str, console: Console | None = None) -> None:
    """One line of progress."""
    (console or _console()).print(text, style="dim", markup=False, soft_wrap=True)


class Speed(keras.callbacks.Callback):
    """Measure an epoch, and add the figures to what the callbacks behind this one are told.

    These are `learning_rate` at the epoch's end, `seconds` of the whole epoch and
    `images_per_second` of its training alone, without the first batch, which may compile.

    Args:
        batch_size: in images.
    """

    def __init__(self, batch_size: int) -> None:
        super().__init__()
        self._batch_size = batch_size
        self._start_s = self._first_s = self._last_s = 0.0
        self._first = self._last = 0

    @property
    def images_per_second(self) -> float:
        """Of the epoch so far."""
        if self._last > self._first:
            return (self._last - self._first) * self._batch_size / (self._last_s - self._first_s)
        return self._last * self._batch_size / max(self._last_s - self._start_s, 1e-9)

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Start the clock."""
        self._start_s = time.perf_counter()
        self._first = 0

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Look at the clock."""
        self._last, self._last_s = batch + 1, time.perf_counter()
        if not self._first:
            self._first, self._first_s = self._last, self._last_s

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Add the figures."""
        if logs is not None:
            rate = keras.ops.convert_to_numpy(self.model.optimizer.learning_rate)
            logs["learning_rate"] = float(rate)
            logs["seconds"] = round(time.perf_counter() - self._start_s, 3)
            logs["images_per_second"] = round(self.images_per_second, 1)


class Progress(keras.callbacks.Callback):
    """Show how far a training is; a context manager, so that the bar ends with whatever ends it.

    Args:
        phase: of the training, shown on a terminal.
        epochs: of the whole training.
        speed: measures it, in front of this one.
        at_most: whether the training may end earlier.
    """

    def __init__(self, phase: str, epochs: int, speed: Speed, at_most: bool) -> None:
        super().__init__()
        self._phase, self._epochs, self._speed = phase, epochs, speed
        self._at_most = "at most " if at_most else ""
        console = _console()
        self._live = console.is_terminal
        self._bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(20),
            TextColumn("{task.fields[facts]}", table_column=Column()),  # wraps where it is narrow
            console=console,
            transient=True,
            disable=not self._live,
        )
        self._task = self._bar.add_task("", total=None, facts="")
        self._epoch = 0
        self._shown_s = 0.0
        self._mark: tuple[float, float] | None = None  # a time in s, and the epochs done by then
        self._compiled = False
        self._left_before = ""

    def __enter__(self) -> "Progress":
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Begin an empty bar."""
        self._epoch = epoch
        name = f"{self._phase}  epoch {epoch + 1}/{self._epochs}"
        self._bar.reset(self._task, total=self.params["steps"], description=name, facts="")

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Move the bar, a few times a second."""
        now = time.perf_counter()
        if self._mark is None:  # the first batch had to be compiled
            self._mark = now, self._epoch + (batch + 1) / self.params["steps"]
        if self._live and now - self._shown_s > _REFRESH_S:
            self._shown_s = now
            left = self._left(self._epoch + (batch + 1) / self.params["steps"])
            facts = figures(logs or {}, self._speed.images_per_second, left)
            self._bar.update(self._task, completed=batch + 1, facts=facts)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Say the epoch's line."""
        left = self._left(epoch + 1)
        facts = figures(logs or {}, self._speed.images_per_second, left)
        say(f"epoch {epoch + 1}/{self._epochs}  {facts}", self._bar.console)
        if not self._compiled:  # nor may the first validation spoil the estimate
            self._compiled, self._mark = True, (time.perf_counter(), epoch + 1)

    def _left(self, done: float) -> str:
        """The time left of the whole training after `done` epochs; "" where there is none."""
        since_s, before = self._mark or (0.0, done)
        if done >= self._epochs:
            return ""
        if done - before < _ENOUGH:
            return self._left_before
        left_s = (time.perf_counter() - since_s) / (done - before) * (self._epochs - done)
        self._left_before = f"{self._at_most}{duration(left_s)} left"
        return self._left_before


def _console() -> Console:
    """Where stderr leads now; a console looks but once whether that is a terminal."""
    return Console(stderr=True, highlight=False)


def figures(logs: Mapping[str, float], images_per_second: float, left: str) -> str:
    """Losses and metrics, validation last, then the speed and the time left."""
    ours = ("learning_rate", "seconds", "images_per_second")
    names = sorted(
        (name for name in logs if name not in ours),
        key=lambda name: (name.startswith("val_"), not name.endswith("loss")),
    )
    shown = [f"{name} {logs[name]:.4g}" for name in names]
    return "  ".join([*shown, f"{images_per_second:,.0f} images/s", left]).rstrip()


def duration(seconds: float) -> str:
    """A time as people say it: 45 s, 18 min, 2 h 05 min."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02} min"
