"""Remedy: ranges without their outermost values (see `ranges`)."""

from dataclasses import replace
from functools import partial

from edge_emotion_convert.remedies.ranges import least_squared_error, percentile
from edge_emotion_convert.remedies.way import Variants, Way
from edge_emotion_convert.trial import Trial

_PERCENTILES = (99.99, 99.9)


def clip_ranges(trial: Trial, way: Way) -> Variants:
    """By percentiles, and by the least squared error."""
    for share in _PERCENTILES:
        yield f"at {share:g} %", replace(way, clip=partial(percentile, share))
    yield "by squared error", replace(way, clip=least_squared_error)
