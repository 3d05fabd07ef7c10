"""The clip of the frame path, and networks that follow its face."""

import hashlib
import shutil

import numpy as np
import pytest

from edge_emotion.errors import EdgeEmotionError
from edge_emotion.modelfile import shipped_model
from edge_emotion_device import Analyzer
from edge_emotion_device.benchmark.frame_path import (
    FRAMES,
    Loop,
    _turns,
    draw_clip,
    time_frame_paths,
)
from edge_emotion_device.benchmark.options import BenchmarkOptions
from edge_emotion_device.benchmark.subjects import read_subjects, teams
from edge_emotion_device.detectors import open_detector

CLIP_SHA256 = "3f0552e0b59a5bea90ec0b2b477e3bc2cc0fc43b951d2a777eaf0d72da4a73b8"


@pytest.fixture(scope="module")
def clip():
    return draw_clip()


def test_every_machine_draws_the_same_clip(clip):
    assert {frame.shape for frame in clip} == {(480, 640, 3)} and len(clip) == FRAMES
    digest = hashlib.sha256(b"".join(frame.tobytes() for frame in clip)).hexdigest()
    assert digest == CLIP_SHA256


def test_the_detector_finds_the_face_and_nothing_else(clip):
    detector = open_detector("haar")
    assert {len(detector.detect(frame)) for frame in clip[::5]} == {1}


def test_the_shipped_networks_follow_it_and_detect_now_and_then(clip):
    with Analyzer(detect_every=10, detector="haar") as analyzer:
        loop = Loop(analyzer, clip)
        loop.warm_up()
        assert loop.frames == 0
        assert loop().shape == (FRAMES,)
        assert loop.frames == FRAMES
        assert all(ms > 0 for ms in loop.stages_ms.values())


def test_what_is_not_followed_is_no_measurement(clip):
    with Analyzer() as analyzer, pytest.raises(EdgeEmotionError, match="read in 0 of 60 frames"):
        Loop(analyzer, [np.zeros_like(clip[0])] * FRAMES).warm_up()


@pytest.mark.parametrize(
    ("round_s", "max_s", "turns"),
    [(0.1, 10, 20), (1.0, 10, 10), (3.0, 10, 5), (9.0, 10, 5), (120.0, 10, 1)],
)
def test_rounds_of_the_clip(round_s, max_s, turns):
    assert _turns(round_s, BenchmarkOptions(max_s=max_s)) == turns


def test_faces_are_counted_in_the_timed_frames_alone(clip):
    with Analyzer(detect_every=10) as analyzer:
        loop = Loop(analyzer, clip)
        loop.warm_up()
        assert loop.faces == 0
        loop()
        assert loop.faces == FRAMES
        loop._clip = [np.zeros_like(clip[0])] * FRAMES
        analyzer.reset()
        loop()
        assert (loop.faces, loop.frames) == (FRAMES, 2 * FRAMES)


def test_a_face_that_is_lost_while_it_is_timed_is_told(monkeypatch):
    """As by a delegate that fails now and then: the row has what was really read."""
    analyze, calls = Analyzer.analyze, iter(range(10_000))

    def loses(analyzer, frame):
        readings = analyze(analyzer, frame)
        return readings if next(calls) < FRAMES + FRAMES // 2 else []

    monkeypatch.setattr(Analyzer, "analyze", loses)
    options = BenchmarkOptions(threads=(1,), num_runs=1)
    (row,) = time_frame_paths(
        teams(read_subjects(["emotion", "keypoints"])), {}, options, lambda text: None
    )
    assert row["faces"] == 0.5
    assert row["stages_ms"]["other"] >= 0 and row["p50_interval_ms"] is None


def test_a_network_as_the_detector_is_timed_as_it_runs_and_on_every_frame(tmp_path):
    file = tmp_path / "mine.tflite"
    shutil.copy(shipped_model("detector"), file)
    subjects = read_subjects(["emotion", "keypoints", str(file)])
    options = BenchmarkOptions(threads=(1,), num_runs=1)
    rows = time_frame_paths(teams(subjects), {}, options, lambda text: None)

    assert [(row["detector"], row["every"]) for row in rows] == [("net", 3), ("net", 1)]
    assert {row["detector_model"] for row in rows} == {subjects[2].id}
    assert rows[0]["status"] == "ok" and rows[0]["stages_ms"]["detect"] > 0


def test_a_row_says_what_it_is_of_and_where_the_time_goes():
    delegates = ("cpu", "external:/none.so", "external:/crashes.so")
    options = BenchmarkOptions(threads=(1,), delegates=delegates, num_runs=5)
    emotion, keypoints = read_subjects(["emotion", "keypoints"])
    failures = {(keypoints.id, "external:/crashes.so"): "it crashed"}
    whole, failed, crashed = time_frame_paths(
        teams([emotion, keypoints]), failures, options, lambda text: None
    )

    assert whole["status"] == "ok" and whole["frame_px"] == [640, 480]
    assert (whole["detector"], whole["every"], whole["faces"]) == ("haar", 10, 1)
    assert whole["detector_model"] is None
    assert len(whole["rounds_p50_ms"]) == 5
    assert whole["p50_ms"] <= whole["p90_ms"] <= whole["p99_ms"]
    stages = whole["stages_ms"]
    assert set(stages) == {"detect", "keypoints", "emotion", "other"}
    assert sum(stages.values()) == pytest.approx(whole["mean_ms"], rel=1e-3)
    assert stages["detect"] > stages["emotion"] > 0
    assert failed["status"] == "failed" and "there is no such file" in failed["error"]
    assert (crashed["status"], crashed["error"]) == ("failed", "it crashed")
