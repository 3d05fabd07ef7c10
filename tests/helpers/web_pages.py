"""The page in a browser: what of it tests look at, and a page that lives."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from edge_emotion_device.vitals import Vitals
from helpers.web_sinks import FINE, fed, reading, web_sink

SOON_S = 20
PEOPLE = """
return Object.fromEntries([...document.querySelectorAll('.person:not(.gone)')].map(person => [
  person.querySelector('h2').textContent,
  [person.querySelector('.emotion').textContent,
   Object.fromEntries([...person.querySelectorAll('[role=meter]')].map(
     bar => [bar.getAttribute('aria-label'), Number(bar.getAttribute('aria-valuenow'))]))]]))
"""
ROWS = """
return [...document.querySelectorAll('.row:not([hidden]) h3')].map(name => name.textContent);
"""


def text(browser: Any, name: str) -> str:
    """What can be read in an element; nothing where there is none."""
    return browser.execute_script(f"return document.getElementById('{name}')?.innerText ?? ''")


def wait_until(happens: Callable[[], object]) -> None:
    """Wait for what is to come, some seconds at most."""
    until = time.monotonic() + SOON_S
    while not happens():
        assert time.monotonic() < until
        time.sleep(0.05)


@contextmanager
def shown(
    browser: Any, now: Vitals = FINE, readings: Any = reading, **options: Any
) -> Iterator[list[Vitals]]:
    """A page with a running camera; its vitals can be changed."""
    vitals = [now]
    with web_sink(lambda: vitals[0], **options) as sink, fed(sink, readings=readings):
        browser.get(sink.url)
        wait_until(lambda: text(browser, "state") == "Live")
        yield vitals
