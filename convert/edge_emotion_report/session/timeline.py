"""What one face showed over its time in view, in a bounded number of columns."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from edge_emotion.labels import EMOTIONS

UNDECIDED = "undecided"
LABELS = (*EMOTIONS, UNDECIDED)
COLUMNS = 1024  # an even number

# A face that was lost gets its number back within 1.2 s or never (`tracking.py`): a longer silence
# about a number is a pause of the camera, or a very low rate.
PAUSE_S = 5.0
_NARROWEST_S = 1 / 64

Column = npt.NDArray[np.float64]


@dataclass
class Timeline:
    """Columns of equal width, made twice as wide whenever they do not reach any further.

    Attributes:
        start_s: where the first one begins.
        width_s: of a column.
        counts: `(COLUMNS, 6)`, readings with each of `LABELS`.
        sums: `(COLUMNS, 5)`, of their smoothed probabilities.
    """

    start_s: float
    width_s: float = _NARROWEST_S
    counts: Column = field(default_factory=lambda: np.zeros((COLUMNS, len(LABELS))))
    sums: Column = field(default_factory=lambda: np.zeros((COLUMNS, len(EMOTIONS))))

    def add(self, now_s: float, label: str, smoothed: tuple[float, ...]) -> None:
        """Take one reading; one from before `start_s`, by a clock that ran back, counts there."""
        since_s = max(0.0, now_s - self.start_s)
        while (place := int(since_s / self.width_s)) >= COLUMNS:
            self.width_s *= 2
            for columns in (self.counts, self.sums):
                columns[: COLUMNS // 2] = columns[::2] + columns[1::2]
                columns[COLUMNS // 2 :] = 0
        self.counts[place, LABELS.index(label)] += 1
        self.sums[place] += smoothed

    def held(self, least_s: float = 0.0) -> list[tuple[float, float, str]]:
        """From when to when each label held, by what most readings in a column said.

        Args:
            least_s: the least width of a column.
        """
        merged = 1
        while merged * self.width_s < least_s and merged < COLUMNS:
            merged *= 2
        counts = self.counts.reshape(-1, merged, len(LABELS)).sum(axis=1)
        width_s = merged * self.width_s
        runs: list[tuple[float, float, str]] = []
        for place in np.flatnonzero(counts.any(axis=1)):
            now_s = self.start_s + float(place) * width_s
            start_s, label = now_s, LABELS[int(np.argmax(counts[place]))]
            if runs and now_s - runs[-1][1] <= PAUSE_S:
                before_s, _, before = runs.pop()
                if before == label:
                    start_s = before_s
                else:
                    runs.append((before_s, now_s, before))
            runs.append((start_s, now_s + width_s, label))
        return runs

    def probabilities(self) -> tuple[Column, Column]:
        """`(N,)` moments in s, and `(N, 5)` mean probabilities at them; NaN where it was away."""
        places = np.flatnonzero(self.counts.any(axis=1))
        times_s = self.start_s + (places + 0.5) * self.width_s
        shares = self.sums[places] / self.counts[places].sum(axis=1, keepdims=True)
        visits = np.flatnonzero(np.diff(times_s) > PAUSE_S + self.width_s) + 1
        return np.insert(times_s, visits, times_s[visits]), np.insert(shares, visits, np.nan, 0)
