"""What is one thing in several files, and what only seems to be."""

import pytest

from helpers.measurements import (
    ROWS,
    benchmark,
    conversion,
    evaluation,
    explanation,
    exported,
    frame,
    network,
    sha,
    timing,
)
from helpers.reports import gathered


def peer(name="fer", adapter=None, **changed):
    """A peer of one network, whose adapter is told unless an earlier version wrote the file."""
    told = {} if adapter is None else {"adapter_sha256": sha(adapter)}
    entry = network(name, fmt="float32", file="fer.tflite", peer=True, sha256=sha("fer"), **told)
    return entry | {"id": f"{name}-{adapter}", "flatbuffer_sha256": sha("fer")} | changed


def evaluated(model, value):
    """An evaluation of a peer, which tells the adapter as the benchmark does."""
    told = {key: model[key] for key in ("adapter_sha256",) if key in model}
    return evaluation(model, value) | {"model": "adapters/fer.toml", **told}


def test_layers_of_two_networks_in_one_file_are_two_with_one_source(tmp_path):
    both = {**explanation("emotion-edge"), **explanation("keypoints-edge")}
    found = gathered(tmp_path, {"why.json": both, "one/why.json": explanation("small")})

    assert [one.name for one in found.explanations] == ["small", "emotion-edge", "keypoints-edge"]
    assert {one.source for one in found.explanations} == set(found.sources)
    assert [one.command for one in found.sources] == [
        "edge-emotion convert runs/small --why --json",
        "edge-emotion convert --why --json",
    ]


@pytest.mark.parametrize(
    ("one", "other", "labels"),
    [
        (peer("fer", "1"), peer("fer, softened", "2"), ["fer", "fer, softened"]),
        (peer("fer", "1"), peer("fer", "2"), ["fer (1)", "fer (2)"]),
        (peer("fer"), peer("fer, softened"), ["fer", "fer, softened"]),  # of an earlier version
    ],
)
def test_two_adapters_of_one_network_are_two_peers(tmp_path, one, other, labels):
    files = {
        "pi.json": benchmark([one, other], [timing(one["id"], 1.0), timing(other["id"], 2.0)]),
        "one.json": evaluated(one, 0.6),
        "other.json": evaluated(other, 0.7),
    }
    found = gathered(tmp_path, files)

    assert [model.label for model in found.models] == labels
    assert [model.scores[ROWS].value for model in found.models] == [0.6, 0.7]
    times = {timing.model: timing.p50_ms for timing in found.devices[0].timings}
    assert [times[model.key] for model in found.models] == [1.0, 2.0]


def test_a_peer_of_an_earlier_versions_file_is_the_one_of_its_name(tmp_path):
    files = {"pi.json": benchmark([peer("fer", "1")], []), "eval.json": evaluated(peer(), 0.6)}
    [model] = gathered(tmp_path, files).models

    assert model.scores[ROWS].value == 0.6


def test_what_is_compiled_has_the_scores_of_what_it_was_compiled_from(tmp_path):
    made_from = network()
    compiled = network(
        id="tpu", file="emotion_int8_edgetpu.tflite", sha256=sha("t"), flatbuffer_sha256=sha("u"),
        compiled=True, int8_sha256=made_from["flatbuffer_sha256"],
    )  # fmt: skip
    files = {"pi.json": benchmark([made_from, compiled]), "eval.json": evaluation(made_from, 0.8)}
    found = gathered(tmp_path, files)

    assert [model.format for model in found.models] == ["int8", "int8, Edge TPU"]
    assert found.models[1].label == "emotion-edge int8, Edge TPU"
    assert found.score(found.models[1]).value == 0.8
    assert found.notes == (
        "emotion_int8_edgetpu.tflite has the figures of emotion_int8.tflite, which it was compiled "
        "from",
    )


def test_a_compiled_file_whose_source_is_not_in_the_report_has_no_scores(tmp_path):
    compiled = network(compiled=True, int8_sha256=sha("elsewhere"))
    [model] = gathered(tmp_path, {"pi.json": benchmark([compiled])}).models

    assert (model.format, model.scores) == ("int8, Edge TPU", {})


def test_rows_of_an_evaluation_go_before_those_of_conversions(tmp_path):
    models = [network(fmt=fmt) for fmt in ("int8", "float32", "float16")]
    files = {
        "conversion.json": conversion([exported(one, {"accuracy": 0.1}) for one in models]),
        "eval.json": evaluation(models[0], 0.8),
    }

    assert gathered(tmp_path, files).rows_of == {"emotion": ROWS}


def warned(made, *warnings, machine=(), **timed):
    """A benchmark of one day, with what it warned of and what its machine tells."""
    table = benchmark(networks=[timing(**timed)], made=f"2026-01-0{made}T00:00:00+00:00")
    table["conditions"] |= {"warnings": list(warnings)}
    table["machine"] |= dict(machine)
    return table


def test_a_device_of_several_files_has_the_warnings_of_all(tmp_path):
    files = {
        "new.json": warned(2, "hot", "noisy", threads=1),
        "old.json": warned(1, "busy", "hot", threads=2),
    }
    [one] = gathered(tmp_path, files).devices

    assert one.device.warnings == ("busy", "hot", "noisy")
    assert len(one.timings) == 2


@pytest.mark.parametrize(
    ("one", "other", "labels"),
    [
        ({"memory_mb": 1849}, {"memory_mb": 7812}, ["2 GB", "8 GB"]),
        ({"cpu_max_mhz": 1500}, {"cpu_max_mhz": 2000.0}, ["1500 MHz", "2000 MHz"]),
        ({"cores": 2, "memory_mb": 1849}, {"memory_mb": 7812}, ["2 cores, 2 GB", "4 cores, 8 GB"]),
        ({"memory_mb": 1849}, {}, ["2 GB", "no. 2"]),
    ],
)
def test_boards_of_one_name_with_other_memory_or_clock_are_two(tmp_path, one, other, labels):
    files = {"a.json": warned(1, machine=one), "b.json": warned(2, machine=other)}
    found = gathered(tmp_path, files)

    assert [device.label for device in found.devices] == [
        f"Raspberry Pi 4, {label}" for label in labels
    ]


def test_a_board_with_another_kernel_is_the_same_and_that_is_noted(tmp_path):
    """The kernel takes a little more of the memory, or less."""
    files = {
        "a.json": warned(1, machine={"kernel": "6.6", "memory_mb": 3791}, threads=1),
        "b.json": warned(2, machine={"kernel": "6.12", "memory_mb": 3796}, threads=2),
    }
    found = gathered(tmp_path, files)

    assert len(found.devices) == 1
    assert found.notes == ("Raspberry Pi 4 was measured with several kernels: 6.6 and 6.12",)


def test_frames_with_a_network_as_the_detector_are_others_than_those_with_another(tmp_path):
    both = [network(), network("keypoints-edge", "keypoints")]
    nets = [network(name, "detector") for name in ("net", "other")]
    found = [
        frame(detector="net", every=3, detector_model=one["id"], p50_ms=4.0 + place)
        for place, one in enumerate(nets)
    ]
    files = {"pi.json": benchmark([*both, *nets], frames=[frame(), *found])}
    report = gathered(tmp_path, files)

    frames = report.devices[0].frames
    assert [one.p50_ms for one in frames] == [3.0, 4.0, 5.0]
    assert [one.detector and report.model(one.detector).name for one in frames] == [
        "", "net", "other",
    ]  # fmt: skip
    assert frames[1].what == "640×480, 1 face, net every 3rd frame"


def test_frames_whose_detector_the_file_does_not_describe_are_left_out(tmp_path):
    models = [network(), network("keypoints-edge", "keypoints")]
    frames = [frame(detector_model="gone"), frame()]
    found = gathered(tmp_path, {"pi.json": benchmark(models, frames=frames)})

    assert "frame_path, entry 1: detector_model gone is not among its models" in found.notes[0]
    assert len(found.devices[0].frames) == 1


def test_frames_are_told_twice_even_if_a_face_was_missed_in_one(tmp_path):
    models = [network(), network("keypoints-edge", "keypoints")]
    later = [frame(faces=0.98, p50_ms=2.0)]
    files = {
        "a.json": benchmark(models, frames=[frame()]),
        "b.json": benchmark(models, frames=later, made="2026-11-22T21:00:00+00:00"),
    }
    found = gathered(tmp_path, files)

    assert [one.p50_ms for one in found.devices[0].frames] == [2.0]
    assert any("the frame path on Raspberry Pi 4 is measured in" in note for note in found.notes)


def test_layers_stand_in_the_order_of_the_tasks(tmp_path):
    files = {"a.json": explanation("points"), "b.json": explanation()}
    files["a.json"]["points"]["task"] = "keypoints"
    found = gathered(tmp_path, files)

    assert [one.task for one in found.explanations] == ["emotion", "keypoints"]
