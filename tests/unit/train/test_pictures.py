"""Charts, faces and pages: that they say what they were given, and load nothing."""

import csv
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import keras
import numpy as np
import pytest

from edge_emotion.labels import EMOTIONS, KEYPOINTS
from edge_emotion.metrics import calibration
from edge_emotion_train.architectures import EdgeNetwork, ReferenceNetwork
from edge_emotion_train.datasets import load_sets, mean_face
from edge_emotion_train.drawn_faces import emotion_faces, keypoint_faces
from edge_emotion_train.networks import build
from edge_emotion_train.pictures import charts
from edge_emotion_train.pictures.answered import Answered, together
from edge_emotion_train.pictures.curves import curve, read_history
from edge_emotion_train.pictures.faces import Grid, face, point_errors, sheet
from edge_emotion_train.pictures.feature_maps import feature_maps
from edge_emotion_train.pictures.page import headline, page, write_pictures
from edge_emotion_train.pictures.run import leave_pictures
from edge_emotion_train.pictures.sections import sections
from edge_emotion_train.pictures.style import as_file, as_svg
from edge_emotion_train.recipe import load_recipe
from helpers.tiny_runs import write_run

NAN = float("nan")


def texts(svg: str) -> list[str]:
    """What an SVG says, in order; it has to be well-formed for that."""
    root = ElementTree.fromstring(svg)
    return [element.text or "" for element in root.iter() if element.tag.endswith("text")]


def emotions(count: int = 60, name: str = "drawn test") -> Answered:
    """Answers that are right in most rows."""
    drawn, rng = emotion_faces(count, seed=1), np.random.default_rng(1)
    shares = rng.dirichlet(np.full(5, 0.3), count) + 0.8 * np.eye(5)[drawn.labels]
    answers = (shares / shares.sum(axis=1, keepdims=True)).astype(np.float32)
    return Answered(name, drawn.images, drawn.labels, answers, drawn.names)


def points(count: int = 12, name: str = "drawn test") -> Answered:
    """Answers that are off by 5 px in every point, but for what is missing."""
    drawn = keypoint_faces(count, seed=1)
    truth = drawn.window_keypoints
    images = drawn.images[:, 48:144, 48:144] if drawn.images.shape[1] > 96 else drawn.images
    answers = truth + np.float32([3, 4])
    truth[1, 3] = NAN
    return Answered(name, images, truth, answers, drawn.names)


def write_history(file: Path, columns: dict[str, list[object]]) -> Path:
    with file.open("w", newline="") as stream:
        csv.writer(stream).writerows([list(columns), *zip(*columns.values(), strict=True)])
    return file


@pytest.mark.parametrize(
    ("columns", "starts"),
    [
        ({"epoch": [0, 1, 2], "loss": [3, 2, 1]}, ()),
        ({"epoch": [0, 1, 0], "loss": [3, 2, 1]}, ((2, ""),)),  # as an earlier version counted
        (
            {"epoch": [1, 2, 3], "phase": ["plain", "plain", "later"], "loss": [3, 2, 1]},
            ((2, "later"),),
        ),
        ({"loss": [3, 2, ""]}, ()),
    ],
)
def test_a_history_is_read_whichever_columns_it_has(tmp_path: Path, columns, starts):
    history = read_history(write_history(tmp_path / "history.csv", columns))
    assert len(history) == 3 and history.starts == starts
    assert history.columns["loss"][:2].tolist() == [3, 2]
    assert "phase" not in history.columns


def test_without_a_history_there_is_nothing(tmp_path: Path):
    assert len(read_history(tmp_path / "history.csv")) == 0


def test_a_curve_names_its_last_values_and_the_phase(tmp_path: Path):
    columns = {
        "epoch": [1, 2, 3],
        "phase": ["plain", "quantization-aware", "aware"],
        "accuracy": [0.5, 0.6, 0.701],
        "val_accuracy": [0.4, 0.5, 0.654],
    }
    history = read_history(write_history(tmp_path / "history.csv", columns))
    found = texts(as_svg(curve(history, "accuracy", "accuracy"), "accuracy"))
    for expected in ("training", "70.1%", "validation", "65.4%", "quantization-aware", "epoch"):
        assert expected in found


@pytest.mark.parametrize(("loss", "said"), [(2.5, "2.5"), ("nan", "epoch")])
def test_a_curve_of_one_epoch_or_of_no_number_can_be_drawn(tmp_path: Path, loss, said):
    history = read_history(write_history(tmp_path / "history.csv", {"loss": [loss]}))
    assert said in texts(as_svg(curve(history, "loss", "loss"), "loss"))


def test_a_confusion_matrix_holds_every_count_and_its_share_of_the_true_class():
    table = np.array([[30, 10], [0, 1234]])
    found = texts(as_svg(charts.confusion(table, ["Yes", "No"], "mine"), "mine"))
    assert found.count("30") == 1 and found.count("75%") == 1 and found.count("25%") == 1
    assert {"10", "0", "1,234", "Yes", "No", "answered", "true"} <= set(found)
    assert f"mine: {1264 / 1274:.1%} right" in found


def test_a_reliability_diagram_names_its_error():
    bins = calibration(np.array([0, 1, 1]), np.array([[0.9, 0.1], [0.9, 0.1], [0.2, 0.8]]))
    found = texts(as_svg(charts.reliability(bins, "mine"), "mine"))
    assert f"calibration error {bins.error:.1%}" in found and "mine" in found


def test_an_error_curve_names_every_set_and_copes_with_unmeasured_faces():
    errors = {
        "mine": np.float32([0.02, 0.04, 0.2, NAN]),
        "theirs": np.float32([NAN, NAN]),
    }
    found = texts(as_svg(charts.cumulative_errors(errors), "errors"))
    assert {"mine", "theirs", "median 4.0%, 33.3% above 10%"} <= set(found)


def test_the_same_chart_is_the_same_bytes_and_takes_the_colours_of_its_page():
    table = np.array([[3, 1], [0, 2]])
    first, second = (
        as_svg(charts.confusion(table, ["Yes", "No"], "mine"), "mine") for _ in range(2)
    )
    assert first == second
    assert "var(--ink, #333333)" in first and "id=" not in first.replace("clipPath id", "")
    alone = as_file(first)
    assert "var(" not in alone and "#333333" in alone
    assert ElementTree.fromstring(alone).tag == "{http://www.w3.org/2000/svg}svg"


def test_a_face_shows_answers_truth_and_shares():
    answered = points(2)
    cell = face(
        answered.images[1], "5 px & more", "a <b>", points=answered.answers[1],
        truth=answered.truth[1], probabilities=np.float32([0.5, 0, 0.25, 0.25, 0]),
    )  # fmt: skip
    root = ElementTree.fromstring(cell)
    assert texts(cell)[0] == "5 px & more"
    circles, bars = list(root.iter("circle")), list(root.iter("rect"))
    rings = [circle for circle in circles if circle.get("fill") == "none"]
    assert (len(circles) - len(rings), len(rings)) == (len(KEYPOINTS), len(KEYPOINTS) - 1)
    assert len(list(root.iter("path"))) == len(rings)
    assert [float(bar.get("width") or 0) for bar in bars] == [48, 0, 24, 24, 0]


def test_the_error_of_a_point_is_the_radius_of_its_circle():
    errors = np.full(15, 2.5, np.float32)
    errors[4] = NAN
    cell = point_errors(np.zeros((96, 96), np.uint8), np.full((15, 2), 40, np.float32), errors)
    circles = list(ElementTree.fromstring(cell).iter("circle"))
    assert [circle.get("r") for circle in circles] == ["2.50"] * 14
    assert texts(cell) == ["2.5"] * 14


def test_a_sheet_holds_its_cells_side_by_side():
    cell = '<svg viewBox="0 0 96 122"><text>a</text></svg>'
    svg = sheet([Grid([cell] * 3, "first", columns=2), Grid([cell], columns=2)])
    inner = list(ElementTree.fromstring(svg).iter("svg"))[1:]
    assert [(c.get("x"), c.get("y")) for c in inner] == [
        ("6", "24"), ("108", "24"), ("6", "152"), ("6", "286"),
    ]  # fmt: skip
    assert texts(svg)[0] == "first"


def test_losses_are_cross_entropy_and_rmse():
    answers = np.float32([[0.5, 0.5, 0, 0, 0], [1, 0, 0, 0, 0]])
    images, names = np.zeros((2, 48, 48), np.uint8), np.array(["a", "b"])
    found = Answered("mine", images, np.array([0, 1]), answers, names).losses
    assert found == pytest.approx([np.log(2), -np.log(1e-7)])
    assert points(2).losses == pytest.approx([np.sqrt(12.5)] * 2)
    unknown = points(2)
    unknown.truth[0] = NAN
    assert np.isnan(unknown.losses[0])


def test_sets_are_joined_and_their_rows_named_after_them():
    joined = together([emotions(10), emotions(5, "mine test")])
    assert len(joined) == 15 and joined.names[12].startswith("mine: ")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("network", "shapes"),
    [
        (build("emotion", EdgeNetwork((4, 8), (1, 1))), [(24, 24, 4), (24, 24, 4), (12, 12, 8)]),
        (
            keras.Sequential(
                [
                    keras.Input((48, 48, 1)),
                    keras.layers.Conv2D(3, 3, strides=2, padding="same"),
                    keras.layers.ReLU(),
                    keras.layers.Conv2D(5, 3, strides=2, padding="same"),
                    keras.layers.Flatten(),
                    keras.layers.Dense(5),
                ]
            ),
            [(24, 24, 3), (12, 12, 5)],
        ),
        (keras.Sequential([keras.Input((48, 48, 1)), keras.layers.Flatten()]), []),
    ],
    ids=["residual", "plain", "no maps"],
)
def test_feature_maps_are_those_that_leave_the_stages(network, shapes):
    found = feature_maps(network, emotion_faces(1, seed=1).images[0], channels=4)
    assert [each.shape for each in found] == shapes
    for each in found:
        height, width, channels = each.shape
        assert each.channels.shape == (min(4, channels), height, width, 3)


@pytest.mark.slow
def test_the_reference_network_shows_a_map_for_every_block():
    network = build("emotion", ReferenceNetwork((4, 4), pool=2, dense=(8,), dropout=(0.1,)))
    assert len(feature_maps(network, emotion_faces(1, seed=1).images[0])) >= 6


@pytest.mark.slow
@pytest.mark.parametrize("task", ["emotion", "keypoints"])
def test_a_page_is_whole_and_loads_nothing(tmp_path: Path, task):
    make = emotions if task == "emotion" else points
    answered = make()
    history = read_history(write_history(tmp_path / "history.csv", {"loss": [3, 2]}))
    shown = sections(
        [answered, make(name="same test")],  # whose charts are alike
        measured=(["rows of", "NME > 10 %"], [["<drawn>", "1 %"]]),
        history=history,
        network=build(task, EdgeNetwork((4, 4), (1, 1))),
        other=(lambda images: np.full((len(images), 5), 0.2, np.float32))
        if task == "keypoints"
        else (lambda images: np.full((len(images), 15, 2), 48, np.float32)),
    )
    text = page("mine & yours", "below", headline([answered]), shown)
    assert "mine &amp; yours" in text and "&lt;drawn&gt;" in text and "<script" not in text
    assert not re.search(r'(?:src|href)="(?!data:|#)', text)
    assert "http" not in text and "url(#" in text and "@import" not in text
    ids = re.findall(r'\bid="([^"]+)"', text)
    assert len(ids) == len(set(ids)), "what a chart defines is its own"
    assert set(re.findall(r"url\(#([^)]+)\)", text)) <= set(ids)
    for word in EMOTIONS if task == "emotion" else KEYPOINTS:
        assert word in text
    assert len(text) < 2_000_000
    files = write_pictures(tmp_path / "pictures", shown)
    assert {"samples.svg", "worst.svg", "feature_maps.svg"} <= {file.name for file in files}
    for file in files:
        ElementTree.parse(file)


def test_the_worst_mistakes_come_first_and_say_what_would_have_been_right():
    answered = emotions()
    answered.answers[7] = np.roll(np.eye(5, dtype=np.float32)[answered.truth[7]], 1)
    shown = {section.name: section for section in sections([answered])}
    first = texts(shown["worst"].grids[0].cells[0])
    wrong, right = EMOTIONS[(answered.truth[7] + 1) % 5], EMOTIONS[answered.truth[7]]
    assert first[0] == f"{wrong} 100%, is {right}"


def test_faces_without_any_known_point_are_no_mistakes():
    answered = points(3)
    answered.truth[0] = NAN
    shown = {section.name: section for section in sections([answered])}
    assert len(shown["worst"].grids[0].cells) == 2


@pytest.mark.slow
def test_a_run_is_left_with_its_page_and_the_newest_other_network_answers_on_it(
    tmp_path: Path, capsys
):
    settings = ["sets.drawn.count=60"]
    splits = load_sets(load_recipe("keypoints", "smoke", settings), tmp_path)
    network = build("keypoints", EdgeNetwork((4, 4), (1, 1)))
    means = mean_face(splits["drawn"].train)
    for folder in (tmp_path / "first", tmp_path / "second"):
        leave_pictures(folder, network, splits, means)
        text = (folder / "page.html").read_text()
        assert f"<h1>{folder.name}</h1>" in text and f"{network.count_params():,}" in text
        assert (folder / "pictures" / "samples.svg").is_file()
        assert ("Both networks' answers" in text) == (folder.name == "second")
        if folder.name == "first":
            write_run(tmp_path / "other", "emotion", tmp_path)

    (tmp_path / "other" / "metrics.json").write_text("{")
    leave_pictures(tmp_path / "third", network, splits, means)
    assert "drawing without the other network" in capsys.readouterr().err
    assert (tmp_path / "third" / "page.html").is_file()
