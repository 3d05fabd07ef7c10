"""How well two runs of a benchmark agree: `benchmarks/agreement.py`."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest

from helpers.measurements import benchmark, frame, network, timing

SCRIPT = Path(__file__).parents[2] / "benchmarks/agreement.py"
MODELS = [network(fmt="int8"), network(fmt="float32")]


@pytest.fixture(scope="module")
def agreement():
    found = importlib.util.spec_from_file_location("agreement", SCRIPT)
    module = importlib.util.module_from_spec(found)
    sys.modules["agreement"] = module  # where dataclasses look for it
    found.loader.exec_module(module)
    return module


def test_the_largest_difference_of_a_ratio_and_of_a_median(agreement):
    found = agreement.agreement({"a": 1.0, "b": 2.0, "c": 9.0}, {"a": 1.2, "b": 2.2, "d": 1.0})

    assert (found.faster, found.slower) == ("b", "a")
    assert found.ratio == pytest.approx((1.2 / 1.0) / (2.2 / 2.0) - 1)
    assert found.median == pytest.approx(0.2)


def test_a_machine_that_is_slower_as_a_whole_agrees(agreement):
    assert agreement.agreement({"a": 1.0, "b": 2.0}, {"a": 1.5, "b": 3.0}).ratio == 0
    assert agreement.agreement({"a": 1.0}, {"b": 1.0}) is None


@pytest.mark.parametrize(("slower", "code"), [(1.04, 0), (1.06, 1)])
def test_more_than_five_percent_is_an_exit_code(
    agreement, tmp_path, monkeypatch, capsys, slower, code
):
    files = []
    for place, factor in enumerate((1.0, slower)):
        times = [timing("emotion-edge-int8", 2.0), timing("emotion-edge-float32", 3.0 * factor)]
        failed = timing(threads=2) | {"status": "failed", "error": "no"}
        table = benchmark(MODELS, [*times, failed], [frame()])
        table["conditions"]["warnings"] = ["the CPU was hot"]
        files.append(tmp_path / f"{place}.json")
        files[-1].write_text(json.dumps(table))
    monkeypatch.setattr(sys, "argv", ["agreement.py", "--files", *map(str, files)])

    assert agreement.main() == code
    said = capsys.readouterr().out
    assert f"networks: ratios differ by up to {slower - 1:.1%}" in said
    assert "emotion-edge-float32 cpu 1 / emotion-edge-int8 cpu 1" in said
    assert "run 2: the CPU was hot" in said


def test_frames_are_told_apart_by_their_detector_and_how_often_it_looks(agreement):
    net = {"detector": "net", "detector_model": "detector-edge-int8"}
    frames = [frame(), frame(**net, every=3), frame(**net, every=1)]
    found = agreement.medians(benchmark(frames=frames), "frame_path", agreement.PARTS["frame_path"])

    pair = "emotion-edge-int8 keypoints-edge-int8"
    assert list(found) == [
        f"{pair} haar 10 cpu 1",
        f"{pair} net detector-edge-int8 3 cpu 1",
        f"{pair} net detector-edge-int8 1 cpu 1",
    ]
