"""What several of these tests look at and none changes."""

import pytest


@pytest.fixture(scope="session")
def converted(tmp_path_factory):
    """Drawn data, a finished run of each task, and what `convert` makes of both in every format.

    Returns:
        A folder with data/, runs/my-TASK and exports/my-TASK.
    """
    # TensorFlow takes seconds to load, which most of these tests do without.
    from edge_emotion_convert.convert import convert
    from edge_emotion_convert.formats import FORMATS
    from helpers.tiny_runs import ANY_DROP, write_data, write_run

    root = tmp_path_factory.mktemp("converted")
    data = write_data(root / "data")
    for task in ("emotion", "keypoints"):
        write_run(root / "runs" / f"my-{task}", task, data)
    out = root / "exports"
    convert(runs=root / "runs", out=out, max_drop=ANY_DROP, formats=list(FORMATS))
    return root


@pytest.fixture
def quick_mqtt(monkeypatch):
    """Come back, and look at the vitals, sooner than a user would want."""
    pytest.importorskip("paho.mqtt", reason="the extra mqtt is not installed")
    from edge_emotion_device.mqtt import connection, sink

    monkeypatch.setattr(connection, "RECONNECT_S", (0.2, 0.2))
    monkeypatch.setattr(sink, "_LOOK_EVERY_S", 0.1)


@pytest.fixture
def home(tmp_path):
    """A broker that lets everybody in."""
    from helpers.broker import broker

    with broker(tmp_path / "broker") as running:
        yield running


@pytest.fixture(scope="module")
def browser():
    """Chromium; `helpers.browser.need_chromium` skips where there is none."""
    from helpers.browser import chromium

    with chromium() as driver:
        yield driver


@pytest.fixture
def screen(browser):
    """The browser on an empty page, light and as large as a desk's, with nothing in its logs."""
    from helpers.browser import be_a, complaints, prefer, requested

    be_a(browser, 1280, 900)
    prefer(browser, "light")
    browser.get("about:blank")
    requested(browser), complaints(browser)
    return browser
