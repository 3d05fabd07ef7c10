"""Remedy: more faces to calibrate with, and faces whose answers differ more."""

from dataclasses import replace

import numpy as np

from edge_emotion.data.faces import Indices
from edge_emotion.types import Floats
from edge_emotion_convert import calibration
from edge_emotion_convert.remedies.way import NotApplicable, Variants, Way
from edge_emotion_convert.rows import take
from edge_emotion_convert.tasks.table import KINDS
from edge_emotion_convert.trial import Trial
from edge_emotion_train.predicting import predict

_MORE = 4
_LOOKED_AT, _MOST_PIXELS = 4000, 60_000_000


def more_faces(trial: Trial, way: Way) -> Variants:
    """Four times as many, then as many as before with answers as far apart as can be had."""
    rows, count = trial.calibrating, len(way.samples)
    noun = KINDS[trial.subject.task].noun
    if len(rows) <= count:
        raise NotApplicable(f"all {count} training {noun} calibrate already")
    more = calibration.samples(rows, _MORE * count, trial.seed)
    yield f"{len(more)} {noun}", replace(way, samples=more)
    most = min(_LOOKED_AT, _MOST_PIXELS // rows.images[0].size)
    looked_at = np.sort(calibration.balanced(rows.strata, most, trial.seed))
    answers = predict(trial.subject.network, None, rows.images[looked_at])
    chosen = np.zeros(len(rows), bool)
    chosen[looked_at[farthest_apart(answers.reshape(len(answers), -1), count)]] = True
    diverse = calibration.samples(take(rows, chosen), count, trial.seed)
    yield f"{len(diverse)} diverse {noun}", replace(way, samples=diverse)


def farthest_apart(points: Floats, count: int) -> Indices:
    """Rows of `(N, D)` points, each the farthest from those before it (Gonzalez 1985, k-center)."""
    nearest = np.square(points - points.mean(axis=0)).sum(axis=1)
    chosen: list[int] = []
    for _ in range(min(count, len(points))):
        chosen.append(int(nearest.argmax()))
        distance = np.square(points - points[chosen[-1]]).sum(axis=1)
        nearest = distance if len(chosen) == 1 else np.minimum(nearest, distance)
    return np.array(chosen, np.intp)
