"""The detector's figures, against photographs worked by hand and against their definition."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_emotion.detection_metrics import (
    Detections,
    LabelledFaces,
    average_precision,
    average_precision_interval,
    average_precisions,
    false_boxes,
    match,
    precision_recall,
    recall_at,
    recall_interval,
    recall_of,
    recalls_at,
    size_range,
)

FACE = (20, 20, 60, 60)  # 40 % of a photograph of 100 px
BESIDE = (60, 60, 100, 100)
SMALL = (0, 0, 9, 9)
OBLONG = (10, 20, 60, 50)


def labelled(*boxes, blur=0, occlusion=0, ignore=False):
    count = len(boxes)
    return LabelledFaces(
        100,
        np.array(boxes, np.float32).reshape(-1, 4),
        np.full(count, blur),
        np.full(count, occlusion),
        np.full(count, ignore),
    )


def both(first, second):
    parts = ((getattr(each, name) for each in (first, second)) for name in _COLUMNS)
    return LabelledFaces(100, *(np.concatenate(list(part)) for part in parts))


_COLUMNS = ("boxes", "blur", "occlusion", "ignore")


def found(*boxes_and_scores):
    boxes, scores = zip(*boxes_and_scores, strict=True) if boxes_and_scores else ((), ())
    return Detections(np.array(boxes, np.float32).reshape(-1, 4), np.array(scores, np.float32))


@pytest.mark.parametrize(
    ("detections", "faces", "right"),
    [
        (found((FACE, 0.9)), labelled(FACE), [True]),
        (found((BESIDE, 0.9)), labelled(FACE), [False]),
        (found(((20, 20, 60, 35), 0.9)), labelled(FACE), [True]),  # IoU 0.375
        (found(((20, 20, 60, 33), 0.9)), labelled(FACE), [False]),  # IoU 0.325
        (found((FACE, 0.9), (FACE, 0.8)), labelled(FACE), [True, False]),  # a face is taken once
        (found((SMALL, 0.9)), labelled(SMALL), []),  # too small to count: neither right nor wrong
        (found((FACE, 0.9)), labelled(FACE, occlusion=2), []),
        (found((FACE, 0.9)), labelled(FACE, occlusion=1), [True]),
        (found((FACE, 0.9)), labelled(FACE, blur=2), [True]),
        (found((FACE, 0.9)), labelled(FACE, ignore=True), []),
        (found((SMALL, 0.9)), labelled((0, 0, 50, 50), ignore=True), []),  # inside a doubtful one
        (found(((0, 0, 50, 50), 0.9)), labelled(SMALL, ignore=True), [False]),  # around one
        # 52 % inside a doubtful one, 50 %, and nowhere near
        (found((OBLONG, 0.9)), labelled((34, 0, 100, 100), ignore=True), []),
        (found((OBLONG, 0.9)), labelled((0, 0, 35, 100), ignore=True), [False]),
        (found(((10, 20, 11, 21), 0.9)), labelled(BESIDE, ignore=True), [False]),
        (
            found((FACE, 0.9)),
            both(labelled(FACE), labelled((0, 0, 100, 100), ignore=True)),
            [True],
        ),
    ],
)
def test_what_is_right_what_is_wrong_and_what_is_neither(detections, faces, right):
    assert match([detections], [faces]).right.tolist() == right


def test_the_surer_of_two_detections_takes_the_face():
    nearer, surer = (FACE, 0.5), ((22, 20, 62, 60), 0.9)
    matches = match([found(nearer, surer)], [labelled(FACE)])
    assert matches.found_at == pytest.approx([0.9])
    assert matches.right.tolist() == [True, False]


def test_equally_sure_detections_stay_in_the_order_of_photographs_and_of_finding():
    scores = np.arange(150) % 3 / 4
    detections = found(*((FACE if n == 77 else BESIDE, score) for n, score in enumerate(scores)))
    matches = match([detections, detections], [labelled(FACE)] * 2)
    assert np.flatnonzero(matches.right).tolist() == [25, 75]  # among the surest 50 of each
    assert matches.photo.tolist() == 3 * (50 * [0] + 50 * [1])


def test_a_detection_takes_the_face_it_covers_best():
    faces = both(labelled((30, 20, 70, 60)), labelled(FACE))
    matches = match([found((FACE, 0.9))], [faces])
    assert np.isnan(matches.found_at).tolist() == [True, False]


def test_figures_of_three_photographs_worked_by_hand():
    """Four faces; by falling score right, wrong, right, wrong, right."""
    matches = match(
        [
            found((FACE, 0.9), (BESIDE, 0.7)),
            found(((0, 60, 30, 90), 0.8), (FACE, 0.5)),
            found((BESIDE, 0.6)),
        ],
        [labelled(FACE, BESIDE), labelled(FACE, BESIDE), labelled()],
    )
    precision, recall, scores = precision_recall(matches)
    assert precision == pytest.approx([1, 1 / 2, 2 / 3, 1 / 2, 3 / 5])
    assert recall == pytest.approx([1 / 4, 1 / 4, 2 / 4, 2 / 4, 3 / 4])
    assert scores == pytest.approx([0.9, 0.8, 0.7, 0.6, 0.5])
    assert average_precision(matches) == pytest.approx((1 + 2 / 3 + 3 / 5) / 4)
    assert recall_at(matches, 0.0) == pytest.approx((1 / 4, 0.9))
    assert recall_at(matches, 1 / 3) == pytest.approx((2 / 4, 0.7))
    assert recall_at(matches, 1.0) == pytest.approx((3 / 4, 0.5))
    assert matches.without_faces.tolist() == [False, False, True]
    assert false_boxes(matches, matches.without_faces, 0.5) == 1
    assert false_boxes(matches, matches.without_faces, 0.65) == 0
    assert recall_of(matches, matches.sides > 0.3, 0.6) == pytest.approx(2 / 4)


def test_a_detection_counts_from_its_own_score_on():
    matches = match([found((FACE, 0.5), (BESIDE, 0.5))], [labelled(FACE)])
    every = np.ones(1, bool)
    assert recall_of(matches, every, 0.5) == false_boxes(matches, every, 0.5) == 1
    assert recall_of(matches, every, 0.51) == false_boxes(matches, every, 0.51) == 0


@pytest.mark.filterwarnings("error")
def test_of_no_faces_and_of_no_photographs_there_is_no_share():
    matches = match([found((FACE, 0.9))], [labelled(FACE)])
    assert math.isnan(recall_of(matches, np.zeros(1, bool), 0.5))
    assert math.isnan(false_boxes(matches, np.zeros(1, bool), 0.5))


@pytest.mark.parametrize(
    ("low", "high", "name"), [(0.1, 0.2, "10% to 20%"), (0.4, math.inf, "above 40%")]
)
def test_a_range_of_sizes_is_named_by_its_ends(low, high, name):
    assert size_range(low, high) == name


def test_a_precision_counts_at_every_recall_that_a_better_one_is_reached_behind():
    matches = match([found((SMALL, 0.9), (FACE, 0.8), (BESIDE, 0.7))], [labelled(FACE, BESIDE)])
    assert average_precision(matches) == pytest.approx(2 / 3)  # at a recall of 1/2, too


@pytest.mark.parametrize("swapped", [False, True])
def test_of_equal_scores_none_comes_first(swapped):
    pair = [(FACE, 0.5), (BESIDE, 0.5)]
    matches = match([found(*pair[:: -1 if swapped else 1])], [labelled(FACE)])
    assert average_precision(matches) == pytest.approx(1 / 2)
    assert recall_at(matches, 0.5) == (0.0, math.inf)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("detections", "faces", "precision", "recall"),
    [
        ([found()], [labelled(FACE)], 0.0, 0.0),
        ([found((FACE, 0.9))], [labelled(FACE)], 1.0, 1.0),
        ([found((FACE, 0.9))], [labelled()], math.nan, math.nan),  # nobody to find
        ([found((SMALL, 0.9))], [labelled(SMALL)], math.nan, math.nan),
        ([], [], math.nan, math.nan),
    ],
)
def test_the_ends_of_the_scale(detections, faces, precision, recall):
    matches = match(detections, faces)
    assert average_precision(matches) == pytest.approx(precision, nan_ok=True)
    assert recall_at(matches, 0.1)[0] == pytest.approx(recall, nan_ok=True)
    interval = average_precision_interval(matches)
    assert (interval.low, interval.high) == pytest.approx((precision, precision), nan_ok=True)


def test_as_many_photographs_must_be_found_in_as_are_labelled():
    with pytest.raises(ValueError, match="detections of 1 photographs; expected 2"):
        match([found()], [labelled(FACE), labelled(FACE)])


# Boxes of a coarse grid overlap, tie and repeat often.
_boxes = st.tuples(*[st.integers(0, 6)] * 2, *[st.integers(1, 4)] * 2).map(
    lambda b: (10 * b[0], 10 * b[1], 10 * (b[0] + b[2]), 10 * (b[1] + b[3]))
)
_scores = st.integers(1, 5).map(lambda score: score / 8)
_faces = st.lists(st.tuples(_boxes, st.integers(0, 2), st.booleans()), max_size=4)
_photos = st.lists(
    st.tuples(st.lists(st.tuples(_boxes, _scores), max_size=5), _faces), min_size=1, max_size=4
)


def drawn(photos):
    detections = [found(*boxes) for boxes, _ in photos]
    truth = [
        LabelledFaces(
            100,
            np.array([box for box, _, _ in faces], np.float32).reshape(-1, 4),
            np.zeros(len(faces), int),
            np.array([occlusion for _, occlusion, _ in faces], int),
            np.array([ignore for _, _, ignore in faces], bool),
        )
        for _, faces in photos
    ]
    return detections, truth


@given(_photos)
def test_the_curve_is_that_of_matching_afresh_above_each_score(photos):
    detections, truth = drawn(photos)
    precision, recall, scores = precision_recall(match(detections, truth))
    faces = sum(int(each.counted.sum()) for each in truth)
    for point in zip(precision, recall, scores, strict=True):
        sure = [
            Detections(d.boxes[d.scores >= point[2]], d.scores[d.scores >= point[2]])
            for d in detections
        ]
        right = match(sure, truth).right
        expected = (right.mean(), right.sum() / faces if faces else math.nan)
        assert point[:2] == pytest.approx(expected, nan_ok=True)


@given(_photos, st.randoms(use_true_random=False))
def test_neither_the_order_of_detections_nor_the_unit_of_scores_matters(photos, random):
    detections, truth = drawn(photos)
    order = list(range(len(photos)))
    random.shuffle(order)
    others = [
        replace(detections[place], scores=np.exp(5 * detections[place].scores)) for place in order
    ]
    first, second = match(detections, truth), match(others, [truth[place] for place in order])
    assert average_precision(first) == pytest.approx(average_precision(second), nan_ok=True)
    for rate in (0.0, 0.3, 2.0):
        assert recall_at(first, rate)[0] == pytest.approx(recall_at(second, rate)[0], nan_ok=True)


@given(_photos)
def test_recall_grows_with_the_false_boxes_allowed_and_both_stay_within_0_and_1(photos):
    matches = match(*drawn(photos))
    if not matches.counted.any():
        return
    recalls = [recall_at(matches, rate)[0] for rate in (0, 0.1, 0.5, 1, 30)]
    assert recalls == sorted(recalls)
    assert all(0 <= recall <= 1 for recall in recalls)
    assert 0 <= average_precision(matches) <= 1
    assert recalls[-1] == recall_of(matches, matches.counted, -math.inf)


@given(_photos)
def test_a_wrong_detection_costs_and_one_less_sure_than_all_others_does_not(photos):
    detections, truth = drawn(photos)
    plain = average_precision(match(detections, truth))
    for score, allowed in ((0.01, pytest.approx(plain, nan_ok=True)), (0.99, None)):
        more = found(*photos[0][0], ((96, 96, 100, 100), score))
        costly = average_precision(match([more, *detections[1:]], truth))
        assert costly == allowed if allowed is not None else math.isnan(plain) or costly <= plain


@given(_photos, st.lists(st.integers(0, 3), min_size=4, max_size=4))
def test_a_weight_is_how_often_a_photograph_is_there(photos, weights):
    detections, truth = drawn(photos)
    weights = weights[: len(photos)]
    repeated = np.repeat(np.arange(len(photos)), weights)
    many = match([detections[n] for n in repeated], [truth[n] for n in repeated])
    matches, table = match(detections, truth), np.array([weights], float)
    expected = average_precision(many), recall_at(many, 0.4)[0]
    given_weights = average_precisions(matches, table)[0], recalls_at(matches, table, 0.4)[0]
    assert given_weights == pytest.approx(expected, nan_ok=True)


@settings(max_examples=10, deadline=None)
@given(_photos)
def test_intervals_hold_their_figure(photos):
    matches = match(*drawn(4 * photos))
    for interval in (average_precision_interval(matches), recall_interval(matches, 0.5)):
        if not math.isnan(interval.value):
            assert interval.low - 1e-9 <= interval.value <= interval.high + 1e-9


def test_intervals_are_drawn_over_photographs_not_over_faces():
    """Eight faces of one photograph that are all found say less than eight photographs do."""
    boxes = [(10 * x, 10 * y, 10 * x + 10, 10 * y + 10) for x in range(0, 8, 2) for y in (0, 4)]
    together = [found(*((box, 0.9) for box in boxes)), found()] * 4, [labelled(*boxes)] * 8
    apart = (
        [found((box, 0.9)) for box in boxes * 4] + [found()] * 32,
        [labelled(box) for box in boxes * 8],
    )
    widths = []
    for case in (together, apart):
        interval = recall_interval(match(*case), 0.1)
        assert interval.value == 0.5
        widths.append(interval.high - interval.low)
    assert widths[0] > 2 * widths[1]
