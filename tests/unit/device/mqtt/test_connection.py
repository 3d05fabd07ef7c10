"""What is told of a broker that comes and goes; with a real one in tests/integration."""

import pytest

pytest.importorskip("paho.mqtt", reason="the extra mqtt is not installed")
connection = pytest.importorskip("edge_emotion_device.mqtt.connection")

AWAY, REFUSED = ("lost", False), ("refused", True)


@pytest.mark.parametrize(
    ("happens", "told"),
    [
        ([(0, AWAY), (1, AWAY), (900, AWAY)], "0"),
        ([(0, AWAY), (1, "good"), (100, AWAY)], "0 1 100"),
        ([(0, AWAY), (1, "good"), (2, AWAY), (3, "good"), (4, AWAY), (5, "good")], "0 1"),
        ([(0, AWAY), (1, "good"), (2, AWAY), (59, AWAY), (60, AWAY), (90, AWAY)], "0 1 60"),
        ([(0, AWAY), (1, "good"), (2, AWAY), (70, AWAY), (80, "good")], "0 1 70 80"),
        ([(0, REFUSED), (1, REFUSED), (2, AWAY), (900, REFUSED)], "0 2"),
        ([(0, REFUSED), (1, "good"), (2, REFUSED), (90, REFUSED)], "0 1 90"),
    ],
)
def test_trouble_is_told_once_and_when_it_lasts(monkeypatch, happens, told):
    now_s, lines = [0.0], []
    monkeypatch.setattr(connection, "monotonic", lambda: now_s[0])
    monkeypatch.setattr(connection, "warn", lambda line: lines.append(f"{now_s[0]:g}"))
    news = connection._News("broker:1883", lambda: 0)
    for now_s[0], what in happens:
        news.good() if what == "good" else news.bad(*what)
    assert " ".join(lines) == told


@pytest.mark.parametrize(
    ("happens", "told"),
    [
        (["good"], ["connected"]),
        (["good", "good"], ["connected"]),  # lost so soon after that it is not told
        (["good", AWAY, "good"], ["connected", "tries again", "is back"]),
        ([AWAY, "good"], ["tries again", "is back"]),
    ],
)
def test_that_the_broker_has_come_is_told_once(monkeypatch, happens, told):
    lines = []
    monkeypatch.setattr(connection, "warn", lines.append)
    news = connection._News("broker:1883", lambda: 0)
    for what in happens:
        news.good() if what == "good" else news.bad(*what)
    assert len(lines) == len(told)
    assert all(part in line for part, line in zip(told, lines, strict=True))
