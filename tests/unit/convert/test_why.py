"""The table and the page of `--why`, of layers as they were measured."""

import re

import numpy as np
import pytest
from rich.console import Console

from edge_emotion_convert.causes import Cause
from edge_emotion_convert.layer_errors import LayerError
from edge_emotion_convert.why import Explanation, layer_table
from edge_emotion_convert.why_page import why_page


def layer(label, operator, inputs=()):
    return LayerError(
        name=label,
        label=label,
        operator=operator,
        inputs=inputs,
        scale=0.0043,
        zero_point=-128,
        own_noise=1e-4,
        noise=1e-2,
        own_share=0.5,
        rescaled_error=0.29,
        added=0.01,
        share=0.5,
        lows=np.zeros(128, np.float32),
        highs=np.linspace(1, 4.9, 128, dtype=np.float32),
        counts=np.full(258, 10),
    )


def explanation(name="keypoints-edge", task="keypoints"):
    layers = (layer("conv2d_25", "CONV_2D"), layer("probabilities", "FULLY_CONNECTED", "conv2d_25"))
    cause = Cause("spread", "", "everywhere.", "patience")
    return Explanation(name, task, 64, "64 of 418 validation faces", 500, layers, cause)


@pytest.mark.parametrize("columns", [80, 1000])
def test_no_name_is_broken_on_a_terminal(columns, capsys):
    Console(width=columns).print(layer_table(explanation()))
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert max(map(len, lines)) <= columns
    for one in explanation().layers:
        assert any(one.label in line and line.endswith(one.operator) for line in lines)


def test_the_page_says_the_figures_of_two_networks_apart():
    """Also where the dearest layers have the same name."""
    page = why_page([explanation("a", "emotion"), explanation("b", "keypoints")])
    named = re.findall(r"<dt>(.*?)</dt>", page)
    assert len(named) == 4
    assert [name.rpartition(", ")[2] for name in named] == 2 * ["emotion"] + 2 * ["keypoints"]
    assert "b: on 64 of 418 validation faces, calibrated with 500 training faces." in page
