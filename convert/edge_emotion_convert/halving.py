"""The rows that choose how a network is converted, and those that judge what came of it.

What is chosen on some rows looks better on them than it is.
"""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from edge_emotion.data.splits import split_groups
from edge_emotion.errors import EdgeEmotionError
from edge_emotion_convert.rows import Rows, take, without_twins
from edge_emotion_convert.tasks.table import KINDS
from edge_emotion_convert.trial import Trial

_FEWEST = 10  # rows of a half


def halves(trial: Trial) -> tuple[Trial, Trial]:
    """The trial on the rows that choose, and on those that judge.

    No person is in both, and none that judges is a near twin of one that chooses; each class, or
    size of the largest face, gives one half of its rows to either.

    Raises:
        EdgeEmotionError: too few validation rows.
    """
    rows = trial.measuring
    choosing = _choosing(rows, trial)
    # What is left is told by its place, as answers have no names.
    numbered = replace(rows, names=np.arange(len(rows)).astype(np.str_))
    apart = without_twins(take(numbered, ~choosing), take(numbered, choosing))
    judging = np.isin(numbered.names, apart.names)
    if min(choosing.sum(), judging.sum()) < _FEWEST:
        raise EdgeEmotionError(
            f"{trial.measured_on} are too few to choose on one half of them and judge on the other",
            remedy=f"name data with more validation {KINDS[trial.subject.task].noun} with --data",
        )
    return _on(trial, choosing, "chooses"), _on(trial, judging, "judges")


def _choosing(rows: Rows, trial: Trial) -> npt.NDArray[np.bool_]:
    chosen = np.zeros(len(rows), bool)
    if trial.subject.task == "keypoints":  # whose strata are people
        chosen[split_groups(rows.strata, (0.5, 0.5, 0.0), trial.seed)[0]] = True
        return chosen
    shuffled = np.random.default_rng(trial.seed).permutation(len(rows))
    by_stratum = shuffled[np.argsort(rows.strata[shuffled], kind="stable")]
    chosen[by_stratum[::2]] = True
    return chosen


def _on(trial: Trial, mask: npt.NDArray[np.bool_], does: str) -> Trial:
    told = f"{mask.sum()} of the {trial.measured_on}, the half that {does}"
    answers = trial.answers[mask]
    return replace(trial, measuring=take(trial.measuring, mask), measured_on=told, answers=answers)
