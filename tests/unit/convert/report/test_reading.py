"""What is read of which files, and what is said of the others."""

import hashlib
import json

import pytest

from edge_emotion.errors import EdgeEmotionError
from edge_emotion_report.files import read_files
from edge_emotion_report.gathered import gather
from helpers.measurements import (
    ROWS,
    benchmark,
    conversion,
    evaluation,
    explanation,
    exported,
    frame,
    layers,
    network,
    sha,
    timing,
    write,
)
from helpers.reports import gathered


def noted(found, *parts):
    """The one note that has all of these in it."""
    [note] = [note for note in found.notes if all(part in note for part in parts)]
    return note


GOOD = {"pi.json": benchmark()}


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("cut.json", json.dumps(benchmark())[:700], "cut off"),
        ("empty.json", "", "empty"),
        ("deep.json", "[" * 100_000, "nested without end"),
        ("newer.json", benchmark(version=2), "version 2"),
        ("unversioned.json", benchmark(version=None), "version None"),
        ("other.json", {"name": "left-pad"}, "no measurements"),
        ("number.json", "5", "no measurements"),
        ("list.json", "[]", "no measurements"),
        ("table.json", "{}", "no measurements"),
        ("hollow.json", benchmark(models=[], networks=[]), "no measurements"),
        ("shape.json", {**benchmark(), "models": 5}, "models is no list"),
        ("huge.json", benchmark(networks=[timing(p50_ms=1) | {"p50_ms": 10**400}]), "proportion"),
        ("text.json", benchmark(networks=[timing() | {"p50_ms": "fast"}]), "p50_ms is no number"),
        ("below.json", benchmark(networks=[timing() | {"p50_ms": -1.0}]), "p50_ms is -1"),
        ("nothing.json", benchmark(networks=[timing() | {"p50_ms": 0}]), "p50_ms is 0"),
        ("whose.json", benchmark(networks=[timing("nobody")]), "nobody is not among its models"),
        ("share.json", evaluation(network(), 80.0), "accuracy is 80"),
        ("none.json", evaluation(network(), None), "no figures"),
    ],
)
def test_what_cannot_be_used_is_named_and_the_rest_reported(tmp_path, name, content, said):
    found = gathered(tmp_path, {**GOOD, name: content})

    assert said in noted(found, name)
    assert "\n" not in noted(found, name)
    assert [one.p50_ms for one in found.devices[0].timings] == [1.0]


def test_an_entry_that_cannot_be_used_costs_no_other_of_its_file(tmp_path):
    networks = [timing(p50_ms=1.0), timing(threads=2) | {"p90_ms": []}, timing(threads=4)]
    found = gathered(tmp_path, {"pi.json": benchmark(networks=networks)})

    assert "networks, entry 2: p90_ms is no number" in noted(found, "pi.json")
    assert [one.threads for one in found.devices[0].timings] == [1, 4]


def test_of_a_folder_what_is_not_ours_is_told_in_one_line(tmp_path):
    others = {f"{n}.json": {"n": n} for n in range(9)}
    found = gathered(tmp_path, {**GOOD, **others, ".hidden/x.json": {"a": 1}})

    assert "0.json, 1.json, 2.json, 3.json, 4.json and 4 more files" in noted(found, "left out of")
    assert len(found.notes) == 1


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "no JSON file"),
        ({"a.txt": "text"}, "no JSON file"),
        ({"a.json": "{"}, "cut off"),
        ({"a.json": {"b": 1}}, "a.json"),
    ],
)
def test_nothing_to_report_on_is_an_error_of_one_line(tmp_path, files, said):
    with pytest.raises(EdgeEmotionError, match=said) as refused:
        read_files([write(tmp_path, files)])

    assert "\n" not in str(refused.value)


def test_a_file_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(EdgeEmotionError, match="does not exist"):
        read_files([tmp_path / "x.json"])


def test_a_file_named_twice_is_read_once_and_a_copy_is_named(tmp_path):
    write(tmp_path, {**GOOD, "copy.json": GOOD["pi.json"]})
    found = gather(read_files([tmp_path / "pi.json", tmp_path]))

    assert "same file" in noted(found, "copy.json", "pi.json")
    assert len(found.sources) == 1


def test_what_was_not_measured_stays_missing(tmp_path):
    bare = {"model": "emotion-edge-int8", "delegate": "cpu", "threads": 1, "status": "ok"}
    nan = json.dumps(timing(threads=2)).replace('"p90_ms": 1.2', '"p90_ms": NaN')
    text = json.dumps(benchmark(networks=[bare, "HERE"])).replace('"HERE"', nan)
    found = gathered(tmp_path, {"pi.json": text})

    first, second = found.devices[0].timings
    assert (first.p50_ms, first.interval_ms, first.memory_mb, first.per_s) == (None,) * 4
    assert (second.p50_ms, second.p90_ms) == (1.0, None)
    assert found.models[0].scores == {}
    assert found.devices[0].device.facts["kernel"] == "not measured"


def test_a_setting_that_failed_keeps_its_reason_and_has_no_figures(tmp_path):
    failed = timing() | {"status": "failed", "error": "no kernel for it"}
    [one] = gathered(tmp_path, {"pi.json": benchmark(networks=[failed])}).devices[0].timings

    assert (one.error, one.p50_ms, one.per_s) == ("no kernel for it", None, None)


def test_the_same_model_in_all_kinds_of_files_is_one_model(tmp_path):
    model = network()
    found = gathered(
        tmp_path,
        {
            "pi.json": benchmark([model]),
            "pc.json": benchmark([model], machine="PC"),
            "conversion.json": conversion([exported(model, {"accuracy": 0.4})]),
            "eval.json": evaluation(model, 0.8, 0.78, 0.82),
            "why.json": explanation(),
        },
    )

    [one] = found.models
    assert set(one.scores) == {ROWS, "500 validation faces of drawn"}
    assert one.changes[0].drop == 0.4
    assert [device.label for device in found.devices] == ["PC", "Raspberry Pi 4"]
    assert [layer.share for layer in found.explanations[0].layers] == [0.7, 0.2, 0.1]
    assert found.notes == ()


def test_a_network_that_came_with_other_metadata_is_the_same_model(tmp_path):
    exports, ships = network(), network(file="emotion.tflite", sha256=sha("shipped"))
    files = {
        "pi.json": benchmark([exports]),
        "pc.json": benchmark([ships], machine="PC"),
        "eval.json": evaluation(ships, 0.8),
    }

    assert [one.sha256 for one in gathered(tmp_path, files).models] == [sha("shipped")]


def test_files_of_earlier_versions_which_tell_one_checksum_alone_are_joined(tmp_path):
    """The first two have nothing in common but what the third one tells of both."""
    exports = network()
    del exports["flatbuffer_sha256"]
    ships = network(file="emotion.tflite", sha256=sha("shipped"))
    files = {
        "1.json": benchmark([exports]),
        "2.json": benchmark([ships], machine="PC"),
        "3.json": evaluation(network(), 0.8),
    }

    assert len(gathered(tmp_path, files).models) == 1


def test_models_are_told_apart_by_their_checksums(tmp_path):
    one, other = network(), network(sha256=sha("other"), flatbuffer_sha256=sha("2"), id="second")
    found = gathered(tmp_path, {"pi.json": benchmark([one, other])})

    assert len({model.label for model in found.models}) == 2
    assert all(model.sha256[:8] in model.label for model in found.models)
    assert "2 different models are called emotion-edge" in noted(found, "checksums")


def test_several_networks_in_one_report_are_series_with_names(tmp_path):
    models = [network("large"), network("small")]
    found = gathered(tmp_path, {"pi.json": benchmark(models)})

    assert [found.short(model) for model in found.models] == ["large int8", "small int8"]
    noted(found, "several emotion models", "large and small")


def test_an_evaluation_of_an_earlier_version_is_taken_for_the_file_of_its_name(tmp_path):
    old = evaluation(network(), 0.8)
    del old["sha256"], old["flatbuffer_sha256"], old["bytes"], old["made"], old["command"]
    found = gathered(tmp_path, {"pi.json": benchmark(), "old.json": old})

    [model] = found.models
    assert model.scores[ROWS].value == 0.8
    assert "edge-emotion evaluate" in model.scores[ROWS].source.command
    noted(found, "old.json tells no checksum", "pi.json")


def test_it_is_a_model_of_its_own_where_two_have_that_name(tmp_path):
    old = evaluation(network(), 0.8)
    del old["sha256"], old["flatbuffer_sha256"], old["bytes"]
    models = [network(), network(sha256=sha("other"), flatbuffer_sha256=sha("2"), id="second")]
    found = gathered(tmp_path, {"pi.json": benchmark(models), "old.json": old})

    assert len(found.models) == 3
    noted(found, "old.json", "model of its own")


def test_a_conversion_without_checksums_is_known_by_its_neighbours(tmp_path):
    content = b"a model"
    model = network(sha256=sha("x"), size_bytes=len(content))
    entry = exported(model, {"accuracy": 0.1})
    del entry["sha256"], entry["flatbuffer_sha256"]
    (tmp_path / model["file"]).write_bytes(content)
    found = gathered(tmp_path, {"conversion.json": conversion([entry])})

    assert found.models[0].sha256 == hashlib.sha256(content).hexdigest()


def test_of_two_measurements_of_the_same_the_newer_is_taken_and_named(tmp_path):
    old = benchmark(networks=[timing(p50_ms=9.0)], made="2026-01-01T00:00:00+00:00")
    found = gathered(tmp_path, {"a.json": benchmark(), "b.json": old})

    assert [one.p50_ms for one in found.devices[0].timings] == [1.0]
    assert noted(found, "a network on Raspberry Pi 4").endswith("a.json is taken")


def test_what_one_file_has_twice_is_taken_once_and_named(tmp_path):
    networks = [timing(p50_ms=9.0), timing(p50_ms=1.0)]
    found = gathered(tmp_path, {"a.json": benchmark(networks=networks)})

    assert [one.p50_ms for one in found.devices[0].timings] == [1.0]
    noted(found, "a network on Raspberry Pi 4 is measured twice in", "a.json")


def test_two_evaluations_on_the_same_rows_are_one(tmp_path):
    files = {
        "a.json": evaluation(network(), 0.8, made="2026-02-01T00:00:00+00:00"),
        "b.json": evaluation(network(), 0.7, made="2026-01-01T00:00:00+00:00"),
    }
    found = gathered(tmp_path, files)

    assert found.models[0].scores[ROWS].value == 0.8
    noted(found, "a.json", "b.json", "is taken")


def test_two_machines_of_one_name_are_two_devices(tmp_path):
    other = benchmark()
    other["machine"] = {**other["machine"], "cpu": "Cortex-A76"}
    found = gathered(tmp_path, {"a.json": benchmark(), "b.json": other})

    assert [one.label for one in found.devices] == [
        "Raspberry Pi 4, Cortex-A72",
        "Raspberry Pi 4, Cortex-A76",
    ]


def test_files_of_different_versions_of_the_toolkit_are_named(tmp_path):
    found = gathered(tmp_path, {**GOOD, "b.json": benchmark(machine="PC", tool="0.2.0")})

    noted(found, "0.1.0", "0.2.0", "b.json")


def test_models_are_compared_on_the_rows_that_most_of_them_share(tmp_path):
    models = [network(), network(fmt="float32")]
    files = {
        "pi.json": benchmark(models),
        "a.json": evaluation(models[0], 0.8, rows_of="shared"),
        "b.json": evaluation(models[1], 0.8, rows_of="shared"),
        "c.json": evaluation(models[1], 0.9, rows_of="alone"),
    }

    assert gathered(tmp_path, files).rows_of == {"emotion": "shared"}


KAGGLE, YOUTUBE = "kaggle test, complete rows", "youtube test, complete rows"
ALONE = ", without near twins of training faces"


@pytest.mark.parametrize(
    ("sets", "compared"),
    [
        ([(KAGGLE, 131), (YOUTUBE, 552)], KAGGLE),  # the first, however small
        ([(KAGGLE, 131), (KAGGLE + ALONE, 83), (YOUTUBE + ALONE, 549)], KAGGLE + ALONE),
        ([(KAGGLE, 131), (YOUTUBE + ALONE, 549)], YOUTUBE + ALONE),
        ([("kaggle test, rows with missing points" + ALONE, 505), (KAGGLE, 131)], KAGGLE),
    ],
)
def test_of_sets_that_all_were_measured_on_the_first_without_twins_counts(tmp_path, sets, compared):
    told = evaluation(network(task="keypoints"), 2.0)
    told["parts"] = [{"rows_of": name, "rows": rows, "rmse_px": 2.0} for name, rows in sets]

    assert gathered(tmp_path, {"a.json": told}).rows_of == {"keypoints": compared}


def test_an_accuracy_without_an_interval_has_wilsons(tmp_path):
    found = gathered(tmp_path, {"a.json": evaluation(network(), 0.8)})

    low, high = found.models[0].scores[ROWS].interval
    assert (round(low, 4), round(high, 4)) == (0.7741, 0.8236)  # of 1000 faces


def test_an_rmse_without_an_interval_has_none(tmp_path):
    found = gathered(tmp_path, {"a.json": evaluation(network(task="keypoints"), 2.0)})

    assert found.models[0].scores[ROWS].interval is None


def test_frames_are_those_of_the_gathered_models(tmp_path):
    models = [network(), network("keypoints-edge", "keypoints")]
    found = gathered(tmp_path, {"pi.json": benchmark(models, frames=[frame()])})

    [one] = found.devices[0].frames
    assert found.model(one.emotion).task == "emotion"
    assert found.model(one.keypoints).task == "keypoints"
    assert (one.detector, one.what) == ("", "640×480, 1 face, haar every 10th frame")


def test_energy_is_that_of_the_same_network_and_setting(tmp_path):
    rows = [{"model": "emotion-edge-int8", "delegate": "cpu", "threads": 2, "mj_a_run": 0.4}]
    networks = [timing(), timing(threads=2)]
    energy = {"sensor": "INA219", "idle_w": 2.0, "networks": rows}
    found = gathered(tmp_path, {"pi.json": benchmark(networks=networks, energy=energy)})

    assert [one.energy_mj for one in found.devices[0].timings] == [None, 0.4]
    assert found.devices[0].device.facts["power"] == "INA219"


def test_layers_are_those_of_the_gathered_models_beside_the_peak(tmp_path):
    model = network()
    files = {"pi.json": benchmark([model], layers=layers(model["id"]))}
    found = gathered(tmp_path, files)

    [one] = found.devices[0].rooflines
    assert found.model(one.model).format == "int8"
    assert (one.peak_macs_per_s, one.memory_bytes_per_s) == (100e9, 10e9)
    assert [layer.number for layer in one.layers] == [1, 2, 3, 4]
    assert (one.layers[1].output, one.layers[1].moved_bytes) == ("24×24×32", 25_000)
    assert found.devices[0].device.facts["int8 peak of a thread"] == "100 GMAC/s"
    assert found.notes == ()


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (layers("nobody"), "layers, models, entry 1: model nobody is not among its models"),
        (layers("emotion-edge-int8", peak=None), "layers, models, entry 1: the file tells no peak"),
        (layers("emotion-edge-int8", peak=0), "layers, models, entry 1: the file tells no peak"),
        ({**layers(), "models": [5]}, "layers, models, entry 1: it is no table"),
        (
            {**layers(), "models": [{"model": "emotion-edge-int8", "status": "ok"}]},
            "layers, models, entry 1: it has no layers",
        ),
        (
            {**layers(), "models": [{"model": "emotion-edge-int8", "layers": [{"us": 1.0}]}]},
            "layers, models, entry 1: a layer has no number or no us",
        ),
    ],
)
def test_layers_that_cannot_be_used_cost_no_other_measurement(tmp_path, told, said):
    found = gathered(tmp_path, {"pi.json": benchmark(layers=told)})

    noted(found, said)
    assert [one.p50_ms for one in found.devices[0].timings] == [1.0]
    assert found.devices[0].rooflines == ()


def test_layers_that_could_not_be_timed_keep_their_reason(tmp_path):
    failed = {"model": "emotion-edge-int8", "status": "failed", "error": "no such graph"}
    told = {**layers(), "models": [failed]}
    [one] = gathered(tmp_path, {"pi.json": benchmark(layers=told)}).devices[0].rooflines

    assert (one.error, one.layers) == ("no such graph", ())


def test_the_command_of_a_conversion_names_what_it_made(tmp_path):
    entries = [
        exported(network(fmt=fmt), {"accuracy": 0.1}, representative_faces=faces)
        for fmt, faces in (("int8", 1000), ("float32", 0))
    ]
    [source] = gathered(tmp_path, {"conversion.json": conversion(entries)}).sources

    assert source.command == (
        "edge-emotion convert runs/emotion-edge --int8 --float32 --representative 1000"
    )
