"""The frame path with a detector of its own choice: how often it looks, and at how much."""

import numpy as np
import pytest

from edge_emotion.preprocess import SquareCrop
from edge_emotion.types import Frame
from edge_emotion_device import Analyzer
from edge_emotion_device.detectors.net import NetDetector
from helpers.bright_cells import write_detector
from helpers.photographs import astronaut


def frame(image: np.ndarray, index: int) -> Frame:
    return Frame(image, index, index / 25)


@pytest.fixture(scope="module")
def net(tmp_path_factory) -> str:
    return f"net:{write_detector(tmp_path_factory.mktemp('net') / 'bright_cells.tflite')}"


class Her:
    """A network that knows where she is."""

    def detect(self, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return np.array([[180, 50, 275, 175]], np.float32), np.array([0.9], np.float32)


class Crowd:
    """Offers sixty places, the last of which is a face."""

    shift, side, follows = (0.0, 0.0), 1.0, True
    name, every = "crowd", 1

    def detect(self, image: np.ndarray) -> np.ndarray:
        corners = [(x, y) for y in range(200, 400, 20) for x in range(0, 240, 40)]
        boxes = [[x, y, x + 60, y + 60] for x, y in corners[:59]]
        return np.array([*boxes, [175, 60, 275, 160]], np.float32)


@pytest.mark.parametrize(("detector", "every"), [(NetDetector(Her()), 3), ("haar", 10)])
def test_a_cheap_detector_looks_more_often(detector, every):
    with Analyzer(detector=detector, max_faces=2) as analyzer:
        detected = []
        for index in range(2 * every + 1):
            assert analyzer.analyze(frame(astronaut(), index))
            detected.append(analyzer.detect_ms > 0)

    assert detected == ([True] + [False] * (every - 1)) * 2 + [True]


def test_what_finds_the_faces_is_told_beside_what_runs_the_networks(net):
    with Analyzer(detector=net) as with_net, Analyzer(detector="haar") as with_haar:
        assert [line.partition(",")[0] for line in with_net.ran_on] == [
            "detector net on cpu",
            "keypoints on cpu",
            "emotion on cpu",
        ]
        assert with_haar.ran_on[0] == "detector haar on cpu"


def test_in_a_crowd_few_are_tried_at_once_and_all_get_their_turn():
    with Analyzer(detector=Crowd()) as analyzer:
        looks, sight = [0], analyzer._recognised

        def counted(image: np.ndarray, crop: SquareCrop):
            looks[-1] += 1
            return sight(image, crop)

        analyzer._recognised = counted
        found = []
        for index in range(4):
            looks.append(0)
            found.append(len(analyzer.analyze(frame(astronaut(), index))))

    assert max(looks) <= 16
    assert found == [0, 0, 0, 1]


@pytest.mark.parametrize("detector", ["net", "haar", "whole"])
@pytest.mark.parametrize(
    "shape", [(1, 1), (1, 1, 3), (15, 15), (8, 2000), (2000, 8, 3), (100, 3000, 3)]
)
def test_a_frame_of_any_size_is_taken(detector, shape, net):
    with Analyzer(detector=net if detector == "net" else detector) as analyzer:
        readings = [analyzer.analyze(np.zeros(shape, np.uint8)) for _ in range(3)]

    assert readings == [[], [], []] or (detector == "whole" and min(shape[:2]) >= 16)
