"""The signals of a run: the frame at hand is finished, an opening is not."""

import os
import signal
import time

import pytest

from edge_emotion_device.signals import Signals, Stopped


@pytest.fixture
def signals():
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # nohup has it ignored
    taking = Signals(rereads=True)
    with taking.listening():
        yield taking
    signal.signal(signal.SIGINT, before)


def send(number: int) -> None:
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_at_work_is_noted_and_the_work_goes_on(signals, number):
    send(number)
    assert signals.stop == number and signals.came and not signals.reread


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_takes_long_to_open_is_not_waited_for(signals, number):
    start = time.perf_counter()
    with pytest.raises(Stopped), signals.opening():
        send(number)
        time.sleep(5)
    assert time.perf_counter() - start < 1
    assert signals.stop == number


def test_nothing_is_opened_once_a_signal_came(signals):
    send(signal.SIGTERM)
    with pytest.raises(Stopped), signals.opening():
        pytest.fail("it was opened")


def test_hangup_asks_for_the_settings_and_stops_nothing(signals):
    with signals.opening():
        send(signal.SIGHUP)
    assert signals.reread and not signals.stop


def test_without_settings_hangup_stops():
    taking = Signals()
    with taking.listening():
        send(signal.SIGHUP)
    assert taking.stop == signal.SIGHUP and not taking.reread


def test_the_first_signal_counts_and_a_second_one_waits_for_nothing(signals):
    send(signal.SIGINT)
    with pytest.raises(Stopped):
        send(signal.SIGTERM)
    assert signals.stop == signal.SIGINT


def test_an_ignored_signal_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        taking = Signals()
        with taking.listening():
            send(signal.SIGHUP)
        assert not taking.came
    finally:
        signal.signal(signal.SIGHUP, before)


def test_the_former_handlers_come_back():
    before = signal.getsignal(signal.SIGTERM)
    with Signals().listening():
        assert signal.getsignal(signal.SIGTERM) != before
    assert signal.getsignal(signal.SIGTERM) == before
