"""What is told of a detector: its figures, what a conversion costs it, and how sure that is."""

import json
import math

import numpy as np
import pytest

from edge_emotion.data.faces import DetectionPhotos
from edge_emotion.detection import CELLS
from edge_emotion.detection_metrics import Detections, LabelledFaces, match
from edge_emotion_convert.gate import judge
from edge_emotion_convert.measure import as_table, figures
from edge_emotion_convert.paired import loss_intervals
from edge_emotion_convert.rows import Rows, as_seen, join, take
from edge_emotion_convert.tasks.detector import DETECTOR, figures_of, groups, intervals_of, matched
from helpers.bright_photos import SIDE, box, photo, photos

RATES = ("0.15", "0.09", "0.05")


def answers_to(rows: Rows) -> np.ndarray:
    """What a network would answer that takes every white cell for a face's middle."""
    answers = np.full((len(rows), len(CELLS), 5), -1, np.float32)
    answers[..., 1:] = 0
    across = SIDE // 8
    grays = rows.images.reshape(-1, across, 8, across, 8).mean((2, 4)) / 255
    answers[:, : across**2, 0] = np.tanh(2 * grays.reshape(len(rows), -1) - 1)
    return answers


def rows_of(*made) -> Rows:
    names = np.array([str(row) for row in range(len(made))])
    images, faces = zip(*made, strict=True)
    return as_seen(DetectionPhotos(images, faces, names, names))


def test_figures_count_faces_found_missed_and_made_up():
    rows = rows_of(
        photo([(3, 3), (8, 8)], missed=[(13, 13)]),
        photo([(3, 3)]),
        photo([], false=[(18, 18)]),
        photo([]),
    )
    found = figures(rows, answers_to(rows))
    assert (found.rows, found.faces, found.photos_without_faces) == (4, 4, 2)
    assert found.as_used == {"score": 0.5, "recall": 3 / 4, "false_boxes": 1 / 4}
    assert found.recall == dict.fromkeys(RATES, 3 / 4)  # of the surer ones none is false
    assert found.average_precision == pytest.approx(3 / 4)
    assert found.false_boxes_without_faces == dict.fromkeys(RATES, 0.0)


def test_a_rate_that_the_surest_detections_exceed_is_not_reached():
    """As sure of what is no face as of the faces."""
    rows = rows_of(photo([(3, 3), (8, 8), (13, 13)]), photo([]))
    rows.truth[0] = photo([(3, 3), (8, 8)])[1]
    found = figures(rows, answers_to(rows))
    assert found.recall == dict.fromkeys(RATES, 0.0)
    assert found.score == dict.fromkeys(RATES, math.inf)
    assert found.average_precision == pytest.approx(2 / 3)


def test_without_a_false_box_every_rate_is_reached():
    rows = rows_of(photo([(3, 3)], missed=[(13, 13)]), photo([]))
    found = figures(rows, answers_to(rows))
    assert found.recall == dict.fromkeys(RATES, 0.5)
    assert found.false_boxes_without_faces == dict.fromkeys(RATES, 0.0)
    assert found.recall_of["side 10% to 20%"] == {"faces": 2.0, **dict.fromkeys(RATES, 0.5)}
    assert found.recall_of["side above 40%"]["faces"] == 0


def labelled(sides, blur=None, occlusion=None, ignore=None):
    count = len(sides)
    boxes = np.array([(0, 0, side, side) for side in sides], np.float32)
    zeros = np.zeros(count, int)
    return LabelledFaces(
        100,
        boxes,
        zeros if blur is None else np.array(blur),
        zeros if occlusion is None else np.array(occlusion),
        np.zeros(count, bool) if ignore is None else np.array(ignore),
    )


@pytest.mark.parametrize(
    ("faces", "counts"),
    [
        (
            labelled([5, 6, 9.9, 10, 19, 20, 40, 100]),
            {"side 6% to 10%": 2, "side 10% to 20%": 2, "side 20% to 40%": 1, "side above 40%": 2},
        ),
        (labelled([50] * 4, blur=[0, 1, 2, 2]), {"blur none": 1, "blur some": 1, "blur heavy": 2}),
        (labelled([50] * 3, occlusion=[0, 1, 2]), {"occlusion heavy": 1, "side above 40%": 2}),
        (labelled([50, 5], occlusion=[2, 2]), {"occlusion heavy": 1, "blur none": 0}),
        (labelled([50, 50], ignore=[True, False]), {"side above 40%": 1, "blur none": 1}),
    ],
)
def test_faces_are_grouped_by_size_blur_and_occlusion(faces, counts):
    empty = Detections(np.empty((0, 4), np.float32), np.empty(0, np.float32))
    found = groups(match([empty], [faces]))
    assert {name: int(found[name].sum()) for name in counts} == counts


def test_what_could_not_be_measured_is_null_in_json():
    nobody = rows_of(photo([]))
    table = as_table(figures(nobody, answers_to(nobody)))
    assert table == json.loads(json.dumps(table, allow_nan=False))
    assert table["average_precision"] is None
    assert table["score"] == dict.fromkeys(RATES)
    assert table["recall"] == dict.fromkeys(RATES)


@pytest.mark.parametrize("broken", [math.nan, math.inf])
def test_a_network_that_answers_no_numbers_does_not_pass(broken):
    rows = rows_of(photo([(3, 3)]), photo([(8, 8)]))
    good, bad = answers_to(rows), answers_to(rows)
    bad[1, 5, 2] = broken
    verdict = judge(figures(rows, good), figures(rows, bad))
    assert not verdict.passed and verdict.reason.startswith("not measured")
    intervals = loss_intervals(rows.truth, good, bad)
    assert all(math.isnan(end) for interval in intervals.values() for end in interval)


def test_the_gate_is_on_average_precision():
    rows = rows_of(*(photo([(3, 3)]) for _ in range(20)))
    before, after = answers_to(rows), answers_to(rows)
    after[0, :, 0] = -1  # one face in twenty is lost
    verdict = judge(figures(rows, before), figures(rows, after))
    assert verdict.headline.measure == "average_precision"
    assert verdict.headline.drop == pytest.approx(5.0)
    assert not verdict.passed
    assert verdict.reason.endswith("lost 5.00 points, more than the 0.5 allowed")
    assert judge(figures(rows, before), figures(rows, before)).passed


def test_a_file_that_loses_recall_is_stopped_where_a_budget_limits_that():
    rows = rows_of(*(photo([(3, 3)]) for _ in range(20)))
    before, after = answers_to(rows), answers_to(rows)
    after[0, :, 0] = -1
    verdict = judge(figures(rows, before), figures(rows, after), {"recall.0.09": 1.0})
    assert not verdict.passed and verdict.reason.startswith("recall at 0.09 false boxes")


def test_intervals_of_the_loss_are_paired_over_photographs():
    rows = as_seen(photos(60))
    before = answers_to(rows)
    same = loss_intervals(rows.truth, before, before)
    assert set(same.values()) == {(0.0, 0.0)}
    after = before.copy()
    after[2, :, 0] = -1  # of a photograph with two faces
    low, high = loss_intervals(rows.truth, before, after)["average_precision"]
    alone = intervals_of(match_of(rows, before))["average_precision"]
    assert low == 0.0 < high  # some draws do not have the photograph
    assert high < 100 * (alone.high - alone.low)


def match_of(rows, answers):
    return matched(rows.truth, answers)


def test_every_measure_has_an_interval():
    rows = as_seen(photos(40))
    intervals = intervals_of(match_of(rows, answers_to(rows)))
    assert list(intervals) == [measure.name for measure in DETECTOR.measures]
    value = intervals["average_precision"]
    assert value.low < value.value < value.high


def test_a_detector_that_does_not_say_how_sure_it_is_has_no_average_precision():
    rows = rows_of(photo([(3, 3)]))
    matches = match_of(rows, answers_to(rows))
    assert math.isnan(figures_of(matches, 1.0, ranked=False).average_precision)


def test_photographs_are_seen_as_the_device_sees_them():
    wide = np.full((100, 384), 90, np.uint8)
    faces = labelled([40])
    faces = LabelledFaces(384, faces.boxes, faces.blur, faces.occlusion, faces.ignore)
    names = np.array(["wide"])
    rows = as_seen(DetectionPhotos((wide,), (faces,), names, names))
    assert rows.images.shape == (1, 192, 192)
    assert (rows.images[0, :50] == 90).all() and not rows.images[0, 50:].any()
    assert rows.truth[0].boxes.tolist() == [[0, 0, 20, 20]]
    assert rows.truth[0].sides == pytest.approx(faces.sides)
    assert rows.photos[0] is wide


def test_rows_of_photographs_are_taken_and_joined_whole():
    rows = as_seen(photos(8))
    first = take(rows, np.arange(8) < 3)
    both = join([first, take(rows, np.arange(8) >= 3)])
    assert (both.images == rows.images).all() and list(both.truth) == list(rows.truth)
    assert all(one is other for one, other in zip(both.photos, rows.photos, strict=True))


def test_calibration_is_balanced_over_the_size_of_the_largest_face():
    rows = rows_of(photo([]), photo([(3, 3)]))
    assert rows.strata.tolist() == ["nobody", "faces above 10%"]
    assert box((3, 3)) == [16, 16, 40, 40]
