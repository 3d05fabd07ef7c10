"""The same faces made worse: fixed amounts, points that move along, figures side by side."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge_emotion.labels import KEYPOINTS, LEFT_EYE
from edge_emotion.modelfile import shipped_model
from edge_emotion_convert.evaluate import _to_worsen
from edge_emotion_convert.models import open_model
from edge_emotion_convert.robustness import AS_THEY_ARE, CONDITIONS, robustness, worsened
from edge_emotion_convert.rows import as_seen, take
from edge_emotion_convert.sources import Source
from helpers.drawn_faces import emotion_faces, keypoint_faces

FACES = keypoint_faces(12, seed=1)
ROWS = as_seen(FACES, "drawn")
POINTS = FACES.keypoints
TURN, SHIFT = (next(c for c in CONDITIONS if c.startswith(name)) for name in ("turned", "box"))
MOUTH = "the mouth covered"
EYE = "an eye covered"


@pytest.mark.parametrize("condition", CONDITIONS)
def test_every_condition_changes_every_face_the_same_way_each_time(condition: str):
    worse, again = (worsened(ROWS, POINTS, condition) for _ in range(2))
    assert (worse.images == again.images).all()
    assert all((new != old).any() for new, old in zip(worse.images, ROWS.images, strict=True))
    assert worse.images.dtype == np.uint8 and worse.images.shape == ROWS.images.shape


@pytest.mark.parametrize("condition", sorted(set(CONDITIONS) - {TURN, SHIFT}))
def test_only_what_moves_a_face_moves_its_points(condition: str):
    assert (worsened(ROWS, POINTS, condition).truth == ROWS.truth).all()


def test_a_turned_face_keeps_the_distances_of_its_points():
    truth = worsened(ROWS, POINTS, TURN).truth
    known = ~np.isnan(truth).any(axis=(1, 2))
    assert known.any()
    before = np.linalg.norm(ROWS.truth[:, 0] - ROWS.truth[:, -1], axis=1)
    after = np.linalg.norm(truth[:, 0] - truth[:, -1], axis=1)
    assert after[known] == pytest.approx(before[known], abs=1e-3)


def test_a_box_is_shifted_by_that_part_of_its_side_and_points_beyond_the_edge_are_unknown():
    truth = worsened(ROWS, POINTS, SHIFT).truth
    far = np.linalg.norm(truth - ROWS.truth, axis=2)
    assert far[~np.isnan(far)] == pytest.approx(0.15 * 96, abs=1e-3)
    inside = truth[~np.isnan(truth)]
    assert inside.min() >= -0.5 and inside.max() <= 95.5


@pytest.mark.parametrize(
    ("condition", "place"), [(EYE, LEFT_EYE), (MOUTH, KEYPOINTS.index("mouth_center_top_lip"))]
)
def test_what_is_covered_lies_around_its_points(condition: str, place: int):
    changed = worsened(ROWS, POINTS, condition).images != ROWS.images
    hit = []
    for face, points in zip(changed, POINTS, strict=True):
        x, y = np.rint(points[place]).astype(int)
        hit.append(face[max(0, y - 6) : y + 7, max(0, x - 6) : x + 7].any())
    assert np.mean(hit) > (0.2 if condition == EYE else 0.9)  # one eye of the two
    assert changed.mean() < 0.15


@pytest.mark.parametrize("task", ["emotion", "keypoints"])
def test_figures_under_each_condition_stand_beside_those_of_the_faces_as_they_are(
    task: str,
):
    faces = as_seen(emotion_faces(10, seed=2), "") if task == "emotion" else ROWS
    opened = open_model(Path(shipped_model(task)))
    found = robustness(
        opened, [("drawn", faces), ("again", take(faces, np.arange(len(faces)) < 5))]
    )
    headings, rows = found.table()
    lost = "lost, points" if task == "emotion" else "lost, px"
    assert headings == ["condition", "drawn", lost, "again", lost]
    assert [row[0] for row in rows] == [AS_THEY_ARE, *CONDITIONS]
    assert {len(row) for row in rows} == {5}
    first = found.found[0]
    assert (first.lost, first.faces) == (0, len(faces))
    worse = found.found[1]
    sign = 1 if task == "emotion" else -1
    assert worse.lost == pytest.approx(sign * (first.value - worse.value))
    json.dumps(found.as_list(), allow_nan=False)


def test_keypoints_are_worsened_in_the_first_set_that_has_all_points_of_a_face():
    truth = ROWS.truth.copy()
    truth[:, 0] = np.nan
    sets = [Source("halves", replace(ROWS, truth=truth), None), Source("whole", ROWS, None)]
    [(name, rows)] = _to_worsen("keypoints", [(one, POINTS) for one in sets])
    assert (name, len(rows)) == ("whole, complete rows", len(ROWS))
    assert _to_worsen("keypoints", [(sets[0], POINTS)]) == []


def test_only_faces_of_the_five_emotions_are_worsened():
    faces = as_seen(emotion_faces(6, seed=1), "drawn")
    labels = np.array([0, 1, -1, 2, -2, 3])
    source = Source("drawn test", replace(faces, truth=labels), None)
    [(name, rows)] = _to_worsen("emotion", [(source, np.zeros((6, 5), np.float32))])
    assert (name, rows.truth.tolist()) == ("drawn test", [0, 1, 2, 3])
