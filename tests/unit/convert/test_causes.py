"""Causes from measurements: where each threshold lies, and which cause is told before which."""

import numpy as np
import pytest

from edge_emotion_convert.causes import likely_cause
from edge_emotion_convert.layer_errors import LayerError


def layer(name, share, inputs=(), **changes):
    """A layer of 16 alike channels over the whole of its grid."""
    counts = np.full(258, 100)
    counts[[0, -1]] = 0
    scale = changes.pop("scale", 0.1)
    whole = 255 * scale
    known = {
        "label": name,
        "operator": "CONV_2D",
        "inputs": tuple(inputs),
        "zero_point": 0,
        "own_noise": 1e-4,
        "noise": 1e-3,
        "own_share": 0.1,
        "rescaled_error": 0.29,
        "added": share,
        "lows": np.full(16, -whole / 2, np.float32),
        "highs": np.full(16, whole / 2, np.float32),
        "counts": counts,
    }
    return LayerError(name, scale=scale, share=share, **{**known, **changes})


def network(dearest=None, first=None, answer=None):
    """Three layers in a row; the middle one is the dearest."""
    return [
        layer("middle", **{"share": 0.8, "inputs": ["first"], **(dearest or {})}),
        layer("first", **{"share": 0.1, "scale": 0.11, **(first or {})}),
        layer("answer", **{"share": 0.1, "inputs": ["middle"], "scale": 0.12, **(answer or {})}),
    ]


def highs(*values):
    """Of 16 channels from 0 on: those given, and 12.75 for the others."""
    ranges = np.full(16, 12.75, np.float32)
    ranges[: len(values)] = values
    return {"lows": np.zeros(16, np.float32), "highs": ranges}


def clipped(share, error):
    """That share of the values beyond the upper end, and the layer's own error in steps."""
    counts = np.full(258, (1 - share) * 1e6 / 257)
    counts[-1] = share * 1e6
    return {"counts": counts.astype(np.int64), "rescaled_error": error}


def middling(share, steps):
    """That share of the values in so many steps in the middle, the others evenly."""
    counts = np.full(258, (1 - share) * 1e6 / 258)
    counts[100 : 100 + steps] += share * 1e6 / steps
    return {"counts": counts.astype(np.int64)}


@pytest.mark.parametrize(
    ("measured", "kind", "where"),
    [
        ({}, "amplified noise", "middle"),
        ({"dearest": {"own_share": 0.5}}, "one layer", "middle"),
        ({"dearest": {"own_share": 0.5, "rescaled_error": 1.0}}, "coarse weights", "middle"),
        ({"dearest": {"own_share": 0.5, "rescaled_error": 0.9}}, "one layer", "middle"),
        ({"dearest": {"own_share": 0.4, "rescaled_error": 1.1}}, "amplified noise", "middle"),
        (  # nothing that has weights
            {"dearest": {"own_share": 0.5, "rescaled_error": 1.1, "operator": "SOFTMAX"}},
            *("one layer", "middle"),
        ),
        ({"dearest": {"share": 0.3}}, "spread", ""),
        ({"answer": {"own_share": 0.79}}, "amplified noise", "middle"),
        ({"answer": {"own_share": 0.8}}, "coarse output grid", "answer"),
        ({"answer": {"own_share": 0.8, "rescaled_error": 1.1}}, "amplified noise", "middle"),
        ({"dearest": clipped(0.03, 1.1)}, "clipped values", "middle"),
        ({"dearest": clipped(0.01, 1.1)}, "amplified noise", "middle"),
        ({"dearest": clipped(0.03, 0.9)}, "amplified noise", "middle"),
        ({"dearest": highs(15.9 * 12.75)}, "amplified noise", "middle"),
        ({"dearest": highs(16.1 * 12.75)}, "outlier channel", "middle"),
        ({"first": highs(16.1 * 12.75)}, "outlier channel", "first"),
        ({"answer": highs(16.1 * 12.75)}, "amplified noise", "middle"),  # it comes later
        ({"dearest": highs(0.09, 0.09, 0.09)}, "amplified noise", "middle"),
        ({"dearest": highs(0.09, 0.09, 0.09, 0.09)}, "dead channels", "middle"),
        ({"dearest": highs(0, 0, 0, 0)}, "amplified noise", "middle"),  # dead in float as well
        ({"dearest": middling(0.9995, 33)}, "amplified noise", "middle"),
        ({"dearest": middling(0.9995, 31)}, "rare values", "middle"),
        ({"dearest": middling(0.99, 31)}, "amplified noise", "middle"),
        ({"dearest": {"operator": "ADD"}, "first": {"scale": 0.39}}, "amplified noise", "middle"),
        ({"dearest": {"operator": "ADD"}, "first": {"scale": 0.41}}, "small remainder", "middle"),
        ({"first": {"scale": 0.41}}, "amplified noise", "middle"),  # no sum
        ({"dearest": {"share": 0.3}, "answer": highs(16.1 * 12.75)}, "outlier channel", "answer"),
        # A pool has the grid of its input, whatever is left of the values.
        ({"dearest": {**middling(0.9995, 20), "scale": 0.11}}, "amplified noise", "middle"),
    ],
)
def test_a_cause_is_told_beyond_its_threshold_only(measured, kind, where):
    cause = likely_cause(network(**measured))
    assert (cause.kind, cause.layer) == (kind, where), cause.text


def test_the_sentence_says_how_much_comes_in_where_and_why():
    cause = likely_cause(network(first=highs(12750)))
    assert cause.text.startswith("80% of the noise comes in at middle: the widest channel of first")
    assert "ranges 1000 times as far as the median one" in cause.text


@pytest.mark.parametrize(
    ("zero_point", "words"),
    [
        (-128, "only what is above 0 is left of the sum of first, and that is far smaller"),
        (3, "what is left of the sum of first is far smaller"),
    ],
)
def test_a_sum_that_a_relu_cuts_is_told_apart(zero_point, words):
    dearest = {"operator": "ADD", "zero_point": zero_point}
    assert words in likely_cause(network(dearest=dearest, first={"scale": 0.41})).text


@pytest.mark.parametrize(("wide", "found"), [("ab", "b"), ("a", "a"), ("abc", "c")])
def test_every_layer_before_the_dearest_is_looked_at_the_nearest_first(wide, found):
    scales = {"c": 0.11, "b": 0.12, "a": 0.13}
    chain = [layer("d", 0.9, ["c"])]
    for name, before in (("c", ["b"]), ("b", ["a"]), ("a", [])):
        ranges = highs(500) if name in wide else {}
        chain.append(layer(name, 0.0, before, scale=scales[name], **ranges))
    assert likely_cause(chain).layer == found
