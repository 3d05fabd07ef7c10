"""One wrong part of a benchmark file costs no other part of it."""

import pytest

from helpers.measurements import benchmark, frame, layers, network, timing
from helpers.reports import gathered

MODELS = [network(), network("keypoints-edge", "keypoints")]


def whole():
    """A benchmark with everything in it."""
    model = MODELS[0]["id"]
    energy = {"sensor": "INA219", "idle_w": 2.0, "networks": [{**timing(), "mj_a_run": 0.4}]}
    return benchmark(MODELS, [timing(model)], [frame()], layers=layers(model), energy=energy)


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        ("made", 5, "made is no text"),
        ("tool", [], "tool is no text"),
        ("command", {}, "command is no text"),
        ("machine", "a Pi", "machine is no table"),
        ("machine.name", 4, "machine: name is no text"),
        ("machine.cores", "four", "machine: cores is no number"),
        ("machine.memory_mb", -1, "machine: memory_mb is -1"),
        ("machine.cpu_max_mhz", -1, "machine: cpu_max_mhz is -1"),
        ("machine.governor", 1, "machine: governor is no text"),
        ("machine.accelerators", "Coral", "machine: accelerators is no list"),
        ("machine.versions", [], "versions is no table"),
        ("conditions", [], "conditions is no table"),
        ("conditions.load", ["low"], "conditions: load is no number"),
        ("conditions.throttled", "no", "conditions: throttled is no list"),
        ("conditions.noise", -1, "conditions: noise is -1"),
        ("conditions.warnings", "hot", "conditions: warnings is no list"),
        ("energy", "none", "energy is no table"),
        ("energy.sensor", 1, "energy: sensor is no text"),
        ("energy.networks", {}, "energy: networks is no list"),
        ("layers", [], "layers is no table"),
        ("layers.models", {}, "layers: models is no list"),
        ("layers.memory_bytes_per_s", -1, "layers: memory_bytes_per_s is -1"),
        ("frame_path", {}, "frame_path is no list"),
        ("frame_path.0.stages_ms", [], "frame_path, entry 1: stages_ms is no table"),
        ("frame_path.0.stages_ms.other", -0.1, "frame_path, entry 1: other is -0.1"),
        ("frame_path.0.frame_px", 640, "frame_path, entry 1: frame_px is no list"),
        ("frame_path.0.faces", -1, "frame_path, entry 1: faces is -1"),
        ("networks.0.memory_mb", -0.1, "networks, entry 1: memory_mb is -0.1"),
        ("networks.0.load_ms", "fast", "networks, entry 1: load_ms is no number"),
        ("models.0.size_bytes", -1, "models, entry 1: size_bytes is -1"),
        ("models.0.macs", "many", "models, entry 1: macs is no number"),
        ("models.0.accuracy", "good", "models, entry 1: accuracy is no table"),
    ],
)
def test_a_wrong_part_is_named_and_the_rest_reported(tmp_path, place, value, said):
    content = whole()
    *path, last = [int(part) if part.isdecimal() else part for part in place.split(".")]
    within = content
    for part in path:
        within = within[part]
    within[last] = value
    found = gathered(tmp_path, {"pi.json": content})
    [device] = found.devices

    assert any(said in note and note.endswith("; left out") for note in found.notes), found.notes
    assert len(set(found.notes)) == len(found.notes)
    assert len(found.models) == 2
    assert [one.p50_ms for one in device.timings] == [1.0]
    assert [one.p50_ms for one in device.frames] == ([] if place == "frame_path" else [3.0])
    assert len(device.rooflines) == (0 if place in ("layers", "layers.models") else 1)


def test_lists_of_networks_and_models_that_are_none(tmp_path):
    found = gathered(tmp_path, {"pi.json": whole() | {"networks": 5}})

    assert "networks is no list" in found.notes[0] or "networks is no list" in found.notes[-1]
    assert found.devices[0].timings == () and len(found.devices[0].frames) == 1


@pytest.mark.parametrize(("faces", "told"), [(1.0, "1 face"), (2, "2 faces"), (0.95, "0.95 faces")])
def test_faces_are_told_as_they_were_counted(tmp_path, faces, told):
    found = gathered(tmp_path, {"pi.json": benchmark(MODELS, frames=[frame(faces=faces)])})

    assert found.devices[0].frames[0].what == f"640×480, {told}, haar every 10th frame"
