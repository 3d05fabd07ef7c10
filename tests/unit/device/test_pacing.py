"""How fast frames are read: the rate asked for, and what a throttled board makes of it."""

import pytest

from edge_emotion_device import pacing
from edge_emotion_device.board import Throttling
from edge_emotion_device.pacing import Pace


class Board:
    """A clock that only pauses and frames move, and sensors that say what they are told."""

    def __init__(self, frame_s: float = 0.01) -> None:
        self.now_s = 100.0
        self.temperature_c: float | None = 50.0
        self.trouble = ""
        self._frame_s = frame_s

    def pace(self, max_fps: float | None = None) -> Pace:
        return Pace(
            max_fps,
            clock=lambda: self.now_s,
            pause=self.pause,
            look_at_board=lambda: (self.temperature_c, self.trouble),
        )

    def pause(self, seconds: float) -> None:
        self.now_s += seconds

    def fps(self, pace: Pace, seconds: float = 20.0) -> float:
        """Frames read a second, over a while."""
        start_s, frames = self.now_s, 0
        while self.now_s - start_s < seconds:
            pace.wait()
            self.now_s += self._frame_s
            frames += 1
        return frames / (self.now_s - start_s)


@pytest.mark.parametrize("max_fps", [0.5, 5.0, 30.0])
def test_a_rate_is_kept(max_fps):
    board = Board()
    assert board.fps(board.pace(max_fps)) == pytest.approx(max_fps, rel=0.1)


def test_without_a_rate_nothing_waits():
    board = Board()
    assert board.fps(board.pace()) == pytest.approx(100.0, rel=0.01)


def test_a_slow_frame_is_not_made_up_for_by_a_burst():
    board = Board(frame_s=0.0)
    pace = board.pace(10.0)
    pace.wait()
    board.pause(3.0)
    start_s = board.now_s
    for _ in range(4):
        pace.wait()
    assert board.now_s - start_s == pytest.approx(0.3, abs=0.01)


def test_a_throttled_board_gets_half_of_the_frames_and_then_half_of_those(capsys):
    board = Board()
    pace = board.pace()
    board.trouble = "the board is throttled (under-voltage)"

    board.fps(pace, 6.0)
    assert board.fps(pace, 10.0) == pytest.approx(50.0, rel=0.1)
    board.fps(pace, 30.0)
    assert board.fps(pace, 10.0) == pytest.approx(25.0, rel=0.1)
    assert pace.lowered == 2
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 2 and "under-voltage" in said[0] and "50.0 frames/s" in said[0]


def test_it_never_gets_less_than_a_frame_a_second():
    board = Board()
    pace = board.pace()
    board.trouble = "hot"
    board.fps(pace, 1000.0)
    assert pace.limit_fps == 1.0


@pytest.mark.parametrize("asked_fps", [None, 40.0])
def test_once_cool_the_rate_comes_back(asked_fps, capsys):
    board = Board()
    pace = board.pace(asked_fps)
    board.trouble = "hot"
    board.fps(pace, 80.0)
    assert pace.limit_fps is not None and pace.limit_fps < 30.0
    board.trouble = ""
    board.fps(pace, 200.0)
    assert pace.limit_fps == asked_fps
    assert "as before" in capsys.readouterr().err.splitlines()[-1]


def test_a_board_that_is_only_just_below_its_limit_stays_slow():
    board = Board()
    pace = board.pace()
    board.trouble, board.temperature_c = "hot", 82.0
    board.fps(pace, 10.0)
    limited = pace.limit_fps
    board.trouble, board.temperature_c = "", 78.0
    board.fps(pace, 100.0)
    assert pace.limit_fps == limited


def test_the_highest_temperature_is_kept():
    board = Board()
    pace = board.pace()
    for board.temperature_c in (40.0, 61.0, 55.0, None):
        board.fps(pace, 6.0)
    assert pace.hottest_c == 61.0


@pytest.mark.parametrize(
    ("flags", "trouble"),
    [
        (None, ""),  # no Raspberry Pi
        (0x50000, ""),  # something happened since the start, and is over
        (0x80008, ""),  # the soft limit costs a Pi 3B+ a seventh of its clock
        (0x50005, "the board is throttled (under-voltage, throttled)"),
    ],
)
def test_what_the_firmware_says_is_what_counts(monkeypatch, flags, trouble):
    told = None if flags is None else Throttling(flags)
    monkeypatch.setattr(pacing, "read_throttling", lambda: told)
    monkeypatch.setattr(pacing, "read_temperature_c", lambda: 93.0)

    assert pacing.board_troubles() == (93.0, trouble)
