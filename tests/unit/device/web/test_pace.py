"""A viewer's pace on links that are simulated: no socket, no clock."""

import pytest

from edge_emotion_device.web.pace import BEST_FPS, LEVELS, Pace

BYTES = dict(zip(LEVELS, (60_000, 30_000, 17_000, 8_000), strict=True))
BUFFER_BYTES = 16_000


def watch(
    pace: Pace, bytes_a_second: float, seconds: float, start_s: float = 1000.0
) -> list[tuple[float, int]]:
    """Rate and level of each picture on a link that takes so much, behind a socket's buffer."""
    now_s, waiting_bytes, seen = start_s, 0.0, []
    while now_s < start_s + seconds:
        level = pace.level
        seen.append((pace.fps, LEVELS.index(level)))
        begun_s = now_s
        took_s = max(0.0, (waiting_bytes + BYTES[level] - BUFFER_BYTES) / bytes_a_second)
        now_s += took_s
        pace.sent(BYTES[level], took_s, now_s)
        now_s = max(now_s, begun_s + 1 / pace.fps)
        gone_bytes = bytes_a_second * (now_s - begun_s)
        waiting_bytes = max(0.0, waiting_bytes + BYTES[level] - gone_bytes)
    return seen


def test_a_fast_link_gets_the_best_pictures_at_the_best_rate():
    assert set(watch(Pace(), 1e8, 60)) == {(BEST_FPS, 0)}


@pytest.mark.parametrize("every_s", [1, 2, 4])
@pytest.mark.parametrize("stall_s", [0.025, 0.1, 0.2])
def test_a_link_that_stalls_for_a_moment_is_not_taken_for_a_slow_one(every_s, stall_s):
    pace, now_s, seen = Pace(), 1000.0, []
    while now_s < 1120:
        stalled = now_s // every_s != (now_s - 1 / pace.fps) // every_s
        took_s = stall_s if stalled else 0.001
        pace.sent(BYTES[pace.level], took_s, now_s + took_s)
        now_s += max(took_s, 1 / pace.fps)
        seen.append((pace.fps, pace.level))

    assert {level for _, level in seen} == {LEVELS[0]}
    assert min(fps for fps, _ in seen) > (0.99 if stall_s < 0.2 else 0.8) * BEST_FPS
    assert sum(fps for fps, _ in seen) / len(seen) > 0.95 * BEST_FPS


def test_the_rate_goes_down_before_the_quality():
    seen = watch(Pace(), 500_000, 60)

    assert {level for _, level in seen} == {0}
    assert max(fps for fps, _ in seen[-50:]) < 0.7 * BEST_FPS


@pytest.mark.parametrize(
    ("bytes_a_second", "levels"),
    [(600_000, {0}), (300_000, {0, 1}), (130_000, {1, 2}), (75_000, {2, 3}), (3_000, {3})],
)
def test_a_slow_link_gets_what_it_takes(bytes_a_second, levels):
    late = [level for _, level in watch(Pace(), bytes_a_second, 600)[-60:]]

    assert set(late) <= levels


@pytest.mark.parametrize("bytes_a_second", [600_000, 300_000, 130_000, 75_000, 30_000])
def test_most_of_what_a_link_takes_is_used(bytes_a_second):
    late = watch(Pace(), bytes_a_second, 600)[-400:]
    sent_bytes = sum(BYTES[LEVELS[level]] for _, level in late)
    seconds = sum(max(1 / fps, BYTES[LEVELS[level]] / bytes_a_second) for fps, level in late)

    assert sent_bytes / seconds > 0.6 * bytes_a_second


def test_it_recovers_when_the_link_does():
    pace = Pace()
    assert watch(pace, 20_000, 60)[-1][1] == len(LEVELS) - 1
    assert watch(pace, 1e8, 120, start_s=1060)[-1] == (BEST_FPS, 0)


def test_it_settles_and_does_not_swing_between_levels():
    seen = watch(Pace(), 170_000, 600)
    levels = [level for _, level in seen]
    better = [at for at in range(1, len(levels)) if levels[at] < levels[at - 1]]

    assert len(better) < 5


def test_a_viewer_may_ask_for_no_more_than_a_level():
    assert {level for _, level in watch(Pace(2), 1e8, 60)} == {2}
