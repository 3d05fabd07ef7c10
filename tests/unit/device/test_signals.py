"""The signals of a run: the frame at hand is finished, an idle wait ends at once."""

import os
import signal
import time

import pytest

from edge_emotion_device.signals import Signals


@pytest.fixture
def signals():
    taking = Signals()
    with taking.listening():
        yield taking


def send(number: int) -> None:
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_at_work_is_noted_and_the_work_goes_on(signals, number):
    send(number)
    assert signals.stop == number and signals.came and not signals.reread


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_idle_wait_ends_at_once(signals, number):
    start = time.perf_counter()
    with signals.idle():
        send(number)
        time.sleep(5)
    assert time.perf_counter() - start < 1
    assert signals.came


def test_hangup_asks_for_the_settings_and_stops_nothing(signals):
    send(signal.SIGHUP)
    assert signals.reread and not signals.stop


def test_a_second_interrupt_ends_the_program(signals):
    send(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        send(signal.SIGINT)


def test_the_former_handlers_come_back():
    before = signal.getsignal(signal.SIGTERM)
    with Signals().listening():
        assert signal.getsignal(signal.SIGTERM) != before
    assert signal.getsignal(signal.SIGTERM) == before
