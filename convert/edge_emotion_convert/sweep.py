"""How many representative samples a conversion to int8 needs.

That is a choice like any other, so it is made on the half of the rows that chooses (see `halving`).
"""

from dataclasses import dataclass
from typing import Any

from edge_emotion_convert import calibration
from edge_emotion_convert.budget import Limits
from edge_emotion_convert.formats import FORMATS
from edge_emotion_convert.gate import Verdict
from edge_emotion_convert.halving import halves
from edge_emotion_convert.progress import say
from edge_emotion_convert.tasks.table import KINDS
from edge_emotion_convert.trial import Trial, convert_and_measure

COUNTS = (10, 30, 100, 300, 500, 1000)


@dataclass(frozen=True)
class Step:
    """What int8 costs when calibrated with `representative` faces."""

    representative: int
    verdict: Verdict

    def as_dict(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {"representative_faces": self.representative, "gate": self.verdict.as_dict()}


def sweep(trial: Trial, limits: Limits | None = None) -> list[Step]:
    """Convert to int8 with ever more samples, each count holding those before it.

    Raises:
        EdgeEmotionError: it cannot be converted, or there are too few rows to choose by.
    """
    trial, _ = halves(trial)
    noun = KINDS[trial.subject.task].noun
    say(f"{trial.subject.task}: int8 by the number of {noun}, measured on {trial.measured_on}")
    counts = sorted({min(count, len(trial.calibrating)) for count in COUNTS})
    steps = []
    for count in counts:
        samples = calibration.samples(trial.calibrating, count, trial.seed)
        candidate = convert_and_measure(trial, FORMATS["int8"], samples, limits)
        say(f"{trial.subject.task}: {len(samples)} {noun}: {candidate.verdict.reason}")
        steps.append(Step(len(samples), candidate.verdict))
    return steps
