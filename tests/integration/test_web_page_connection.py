"""The page's connection in Chromium: who gets in, who leaves a seat, and how it comes back."""

import time

import pytest
import requests

from edge_emotion_device.http.protocol import BoundedProtocol
from edge_emotion_device.outgoing import Outgoing
from helpers.browser import need_chromium
from helpers.web_pages import ROWS, SOON_S, shown, text, wait_until
from helpers.web_sinks import fed, reading, web_sink

need_chromium()

# So that a minute passes at once.
HASTE = """
window.sources = [];
const later = setTimeout;
window.setTimeout = (call, ms) => later(call, ms === 60000 ? 100 : ms);
window.EventSource = class extends EventSource {
  constructor(address) { super(address); sources.push(this); }
};
"""
HIDE = """
Object.defineProperty(document, 'hidden', {value: arguments[0], configurable: true});
document.dispatchEvent(new Event('visibilitychange'));
"""


def test_a_page_in_the_background_asks_for_no_picture(screen, monkeypatch):
    drawn, real = [], Outgoing.picture
    monkeypatch.setattr(Outgoing, "picture", lambda *given: drawn.append(1) or real(*given))
    with shown(screen):
        wait_until(lambda: drawn)
        screen.execute_script(HIDE, True)
        time.sleep(0.5)
        before = len(drawn)
        time.sleep(0.5)
        assert len(drawn) == before
        screen.execute_script(HIDE, False)
        wait_until(lambda: len(drawn) > before)


def test_after_a_minute_in_the_background_it_leaves_its_seat(screen):
    script = screen.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": HASTE})
    states = "return sources.map(source => source.readyState)"
    try:
        with shown(screen):
            screen.execute_script(HIDE, True)
            wait_until(lambda: screen.execute_script(states) == [2])
            screen.execute_script(HIDE, False)
            wait_until(lambda: screen.execute_script(states) == [2, 1])
            wait_until(lambda: text(screen, "state") == "Live")
    finally:
        screen.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", script)


@pytest.mark.slow
def test_who_is_one_too_many_is_told_so_and_gets_in_when_one_leaves(screen):
    with web_sink() as sink, fed(sink):
        ask = {"stream": True, "timeout": SOON_S}
        others = [requests.get(sink.url + "api/events", **ask) for _ in range(16)]
        screen.get(sink.url)
        wait_until(lambda: text(screen, "state") == "Too many are watching")
        for other in others:
            other.close()
        wait_until(lambda: text(screen, "state") == "Live")


@pytest.mark.slow
def test_who_gets_no_picture_asks_for_one_as_late_as_the_server_says(screen):
    asked = "return performance.getEntriesByType('resource').filter(one => /stream/.test(one.name))"
    with web_sink() as sink, fed(sink):
        ask = {"stream": True, "timeout": SOON_S}
        others = [requests.get(sink.url + "stream.mjpg", **ask) for _ in range(16)]
        screen.get(sink.url)
        wait_until(lambda: len(screen.execute_script(asked)) > 1)
        first, second = (one["startTime"] for one in screen.execute_script(asked)[:2])
        assert text(screen, "state") == "Too many are watching"
        for other in others:
            other.close()
        wait_until(lambda: text(screen, "state") == "Live")

    assert second - first > 4900  # Retry-After: 5


def test_the_printed_address_can_be_clicked_elsewhere(screen, tmp_path):
    file = tmp_path / "token"
    file.touch(0o600)
    file.write_text("a-good-token")
    with web_sink(web_token_file=file) as sink, fed(sink):
        for _ in range(2):  # without a cookie, and with one
            screen.get(f'data:text/html,<a href="{sink.url}?token=a-good-token">the page</a>')
            screen.find_element("tag name", "a").click()
            wait_until(lambda: text(screen, "state") == "Live")
            assert screen.current_url == sink.url


@pytest.mark.slow
def test_it_comes_back_when_the_server_does(screen):
    with web_sink() as sink:
        port = sink.url.split(":")[2].strip("/")
        with fed(sink):
            screen.get(sink.url)
            wait_until(lambda: text(screen, "state") == "Live")
    wait_until(lambda: text(screen, "state") == "The run has ended")

    with web_sink(web=port) as sink, fed(sink, readings=lambda index: reading(index, 2)):
        wait_until(lambda: text(screen, "state") == "Live")
        assert text(screen, "banner") == ""
        wait_until(lambda: screen.execute_script(ROWS) == ["Person 2"])  # none of the run before


@pytest.mark.slow
def test_it_comes_back_when_only_the_picture_breaks_off(screen, monkeypatch):
    made, real = [], BoundedProtocol.connection_made
    note = lambda self, transport: made.append(self) or real(self, transport)  # noqa: E731
    monkeypatch.setattr(BoundedProtocol, "connection_made", note)

    def streams():
        return [one for one in made if one.scope and one.scope["path"] == "/stream.mjpg"]

    with shown(screen):
        wait_until(streams)
        streams()[0].loop.call_soon_threadsafe(streams()[0].transport.abort)
        wait_until(lambda: len(streams()) == 2)


@pytest.mark.slow
def test_who_does_not_know_the_token_is_asked_for_it_and_again_for_a_new_one(screen, tmp_path):
    file = tmp_path / "token"
    file.touch(0o600)
    file.write_text("a-good-token")
    with web_sink(web_token_file=file) as sink, fed(sink):
        port = sink.url.split(":")[2].strip("/")
        screen.get(sink.url)
        assert "This page asks for a token" in text(screen, "login")
        screen.find_element("id", "token").send_keys("no-good-token\n")
        wait_until(lambda: "That is not the token" in text(screen, "login"))
        screen.find_element("id", "token").send_keys("a-good-token\n")
        wait_until(lambda: text(screen, "state") == "Live")
        assert screen.current_url == sink.url
        assert screen.execute_script("return document.cookie") == ""

    file.write_text("another-token")
    with web_sink(web=port, web_token_file=file):
        wait_until(lambda: "This page asks for a token" in text(screen, "login"))
