"""Labelled faces together with what a network answered."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_emotion.data.faces import Indices, Strings
from edge_emotion.types import Floats, Image

_SMALLEST_PROBABILITY = 1e-7  # what an int8 network calls 0 must not be infinitely wrong


@dataclass(frozen=True)
class Answered:
    """Rows of one set and a network's answers to them.

    Attributes:
        name: of the set, as it is reported.
        images: `(N, S, S) uint8`, as the network saw them.
        truth: `(N,) int64` labels, or `(N, 15, 2) float32` points in pixels of the 96 px face, NaN
            where unknown.
        answers: `(N, 5)` probabilities, or `(N, 15, 2)` points.
        names: `(N,)`, where each row comes from.
    """

    name: str
    images: Image
    truth: npt.NDArray[Any]
    answers: Floats
    names: Strings

    def __len__(self) -> int:
        return len(self.images)

    @property
    def emotional(self) -> bool:
        """Whether the answers are emotions, and not points."""
        return self.answers.ndim == 2

    @property
    def losses(self) -> Floats:
        """`(N,)`: cross-entropy in nats, or RMSE in px over the known points; NaN without any."""
        if self.emotional:
            given = self.answers[np.arange(len(self)), self.truth]
            return -np.log(np.maximum(given, _SMALLEST_PROBABILITY))
        squares = np.square(self.answers - self.truth).reshape(len(self), -1)
        known = ~np.isnan(squares)
        means = np.where(known, squares, 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
        return np.where(known.any(axis=1), np.sqrt(means), np.nan).astype(np.float32)

    def take(self, rows: Indices) -> "Answered":
        """The rows chosen by index."""
        return Answered(
            self.name,
            self.images[rows],
            self.truth[rows],
            self.answers[rows],
            self.names[rows],
        )


def together(sets: Sequence[Answered]) -> Answered:
    """The rows of several sets as one, each named with its set."""
    return Answered(
        ", ".join(part.name for part in sets),
        np.concatenate([part.images for part in sets]),
        np.concatenate([part.truth for part in sets]),
        np.concatenate([part.answers for part in sets]),
        np.array([f"{part.name.split()[0]}: {row}" for part in sets for row in part.names]),
    )
