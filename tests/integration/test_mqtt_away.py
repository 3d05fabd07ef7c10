"""The MQTT sink with a broker that is away, hangs, or does not let us in."""

import json
import socket
import threading
import time
from contextlib import ExitStack

import pytest

from edge_emotion_device.mqtt.address import Login
from helpers.broker import PATIENCE_S, broker, certificates, listening
from helpers.mqtt_sink import device, show, waited

pytest.importorskip("paho.mqtt", reason="the extra mqtt is not installed")
connection = pytest.importorskip("edge_emotion_device.mqtt.connection")
pytestmark = pytest.mark.usefixtures("quick_mqtt")

ME = Login("me", "sec:ret")


def on_their_way(sink):
    """How many messages without confirmation have not left."""
    return len(sink._connection._states._infos) + len(sink._connection._readings._infos)


def fill(sink, *labels):
    """Write until what the kernel holds for a broker that hangs is full; returns the frames."""
    step, start_s = 0, time.monotonic()
    room_s = start_s
    while time.monotonic() < room_s + 0.5:
        step += 1
        show(sink, step / 25, *labels)
        time.sleep(0.02)
        if on_their_way(sink) < connection.AT_ONCE:
            room_s = time.monotonic()
            assert room_s < start_s + PATIENCE_S, "all that is written is taken on"
    return step


def told(capsys, after=1):
    """The lines on stderr after that which names the broker, but not that it has come."""
    lines = capsys.readouterr().err.splitlines()
    assert all(line.startswith("edge-emotion: ") for line in lines)
    assert sum(line.endswith("is connected") for line in lines) <= 1
    return [line for line in lines[after:] if not line.endswith("is connected")]


def test_events_and_states_outlast_a_broker_that_dies_and_what_was_dropped_is_told(home, capsys):
    with listening(home) as listener, device(home.url) as sink:
        show(sink, 0.0, "Happy")
        listener.wait_for("pi/events", "new")
        home.kill()
        assert waited(lambda: sink.failures)
        for step in range(1, 7):
            show(sink, 2.0 * step, *(["Sad", "Happy"] if step % 2 else []))
        assert waited(lambda: sink.dropped == 5)  # readings: the first of each face that came
        listener.forget()
        listener_first = threading.Event()
        sink._connection._client.on_pre_connect = lambda *_: listener_first.wait(PATIENCE_S)
        time.sleep(0.3)  # a trial that has begun ends
        home.start()
        listener.wait_until_back()
        listener_first.set()
        listener.wait_for("pi/events", '"event":"gone","track_id":2,"label":"Happy","time_s":10.0')
        listener.wait_for("pi/status", "online")
        listener.wait_for("homeassistant/device/edge-emotion-pi/config")
        listener.wait_for("pi/faces", "0")
        listener.wait_for("pi/emotion", "none")
        events = [json.loads(event) for event in listener.of("pi/events")]
        kept = [(event["event"], event["track_id"]) for event in events if event["time_s"] > 0]
        came, went = [("new", 1), ("new", 2)], [("gone", 1), ("gone", 2)]
        assert kept == [("changed", 1), ("new", 2), *went, *came, *went, *came, *went]
        assert not listener.of("pi/readings")
    lines = told(capsys)
    assert len(lines) == 2
    assert f"the connection to the broker 127.0.0.1:{home.port} is lost" in lines[0]
    assert lines[1].endswith(f"{home.port} is back; 5 messages were dropped")


def test_a_broker_that_is_lost_again_soon_is_told_when_it_stays_away(home, capsys, monkeypatch):
    with device(home.url) as sink:
        for lost in (1, 2):
            assert waited(lambda: sink._connection.up)
            failures = sink.failures
            home.kill()
            assert waited(lambda failures=failures: sink.failures > failures + 1)
            if lost == 1:
                home.start()
        (_, back) = told(capsys)
        assert "is back" in back
        monkeypatch.setattr(connection, "_AGAIN_S", 0.0)  # the minute is over
        failures = sink.failures
        assert waited(lambda: sink.failures > failures + 2)
    (line,) = told(capsys, after=0)
    assert "does not answer: Connection refused; the run goes on" in line


def test_a_broker_that_hangs_holds_nothing_up_and_is_served_when_it_goes_on(home, capsys):
    with listening(home) as listener, device(home.url, mqtt_rate=100) as sink:
        show(sink, 0.0, "Happy")
        listener.wait_for("pi/readings")
        home.freeze()
        faces = [*(40 * ["Happy"])]
        step = fill(sink, *faces)
        start_s = time.perf_counter()
        for more in range(step, step + 100):
            show(sink, more / 25, *faces)
        assert time.perf_counter() - start_s < PATIENCE_S  # it hangs for longer
        assert sink.dropped
        assert on_their_way(sink) == connection.AT_ONCE
        show(sink, 1000.0, "Sad")
        home.thaw()
        listener.wait_for("pi/events", '"time_s":1000.0')
        listener.wait_for("pi/emotion", "Sad")
    assert any("more readings than the broker" in line for line in told(capsys))


@pytest.mark.slow
def test_a_broker_that_hangs_for_long_is_left_and_gets_every_event_in_order(
    home, capsys, monkeypatch
):
    monkeypatch.setattr(connection, "KEEPALIVE_S", 1)
    times_s = [step / 25 for step in range(1, 201)]
    with listening(home) as listener, device(home.url) as sink:
        show(sink, 0.0, "Happy")
        listener.wait_for("pi/events", "new")
        home.freeze()
        for time_s in times_s[:100]:
            show(sink, time_s, "Sad" if sink._faces.prominent.label == "Happy" else "Happy")
            time.sleep(0.001)
        assert waited(lambda: not sink._connection.up)
        for time_s in times_s[100:]:
            show(sink, time_s, "Sad" if sink._faces.prominent.label == "Happy" else "Happy")
        home.thaw()
        listener.wait_for("pi/events", f'"time_s":{times_s[-1]}')
        events = [json.loads(event) for event in listener.of("pi/events")]
        arrived_s = dict.fromkeys(event["time_s"] for event in events)  # each at least once
        assert list(arrived_s) == [0.0, *times_s]
        listener.wait_for("pi/emotion", "Happy")
    lost, back = told(capsys)
    assert "is lost" in lost and "is back" in back


def test_goodbye_is_quick_though_the_broker_hangs(home, capsys):
    with ExitStack() as stack:
        sink = stack.enter_context(device(home.url))
        show(sink, 0.0, "Happy")
        assert waited(lambda: sink._connection.up and sink._outbox.empty)
        assert waited(lambda: not sink._connection._client._out_messages)  # all is confirmed
        home.freeze()
        show(sink, 0.04, "Sad")
        assert waited(lambda: sink._outbox.empty)
        start_s = time.monotonic()
        stack.close()
        assert time.monotonic() - start_s < PATIENCE_S / 2  # 0.5 s on a quiet machine
        assert sink.dropped == 1  # the event: it is not confirmed
    home.thaw()
    assert told(capsys)[-1].endswith(
        f"1 messages for the broker 127.0.0.1:{home.port} were dropped"
    )


def test_a_broker_that_is_away_at_first_is_told_once_and_awaited(home, capsys):
    home.kill()
    with device(home.url) as sink:
        show(sink, 0.0, "Happy")
        assert waited(lambda: sink.failures >= 2)
        home.start()
        with listening(home) as listener:
            listener.wait_for("pi/events", "new")
            listener.wait_for("pi/emotion", "Happy")
    lines = told(capsys)
    assert len(lines) == 2
    assert "does not answer: Connection refused; the run goes on" in lines[0]
    assert lines[1].endswith("is back; 1 messages were dropped")


def test_what_never_arrived_is_told_at_the_end(home, capsys):
    home.kill()
    with device(home.url) as sink:
        show(sink, 0.0, "Happy")
        assert waited(lambda: sink.dropped == 1)
    assert told(capsys)[-1].endswith(
        f"2 messages for the broker 127.0.0.1:{home.port} were dropped"
    )


@pytest.mark.parametrize(
    ("login", "line"),
    [
        (Login("me", "wrong"), "Not authorized; check the login of me; the run goes on"),
        (None, "if it expects a login, write user:password into a file for --mqtt-login-file"),
    ],
)
def test_a_wrong_login_is_told_once_and_tried_again(tmp_path, capsys, login, line):
    with (
        broker(tmp_path / "broker", login=ME) as guarded,
        device(guarded.url, login, tmp_path) as sink,
    ):
        assert waited(lambda: sink.failures >= 3)
        show(sink, 0.0, "Happy")
    (lines, *_), rest = told(capsys), told(capsys)
    assert line in lines and "wrong" not in lines and not rest


def test_a_right_login_is_let_in(tmp_path, capsys):
    with (
        broker(tmp_path / "broker", login=ME) as guarded,
        listening(guarded, login=ME) as listener,
        device(guarded.url, ME, tmp_path),
    ):
        listener.wait_for("pi/status", "online")
    name = guarded.url.removeprefix("mqtt://")
    assert capsys.readouterr().err.splitlines()[1:] == [
        f"edge-emotion: the broker {name} is connected"
    ]


def test_a_broker_whose_name_is_not_known_is_told_once(capsys, monkeypatch):
    def unknown(*_arguments, **_how):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with device("mqtt://broker.invalid") as sink:
        assert waited(lambda: sink.failures >= 2)
    (line,) = told(capsys)
    assert "the name of the broker broker.invalid:1883 is not known" in line


def test_something_else_than_a_broker_is_told_once(capsys):
    with socket.create_server(("127.0.0.1", 0)) as server:

        def hang_up():
            while True:
                try:
                    server.accept()[0].close()
                except OSError:
                    return

        threading.Thread(target=hang_up, daemon=True).start()
        with device(f"mqtt://127.0.0.1:{server.getsockname()[1]}") as sink:
            assert waited(lambda: sink.failures >= 2)
        server.shutdown(socket.SHUT_RDWR)
    (line,) = told(capsys)
    assert "does not greet as a broker does" in line and "mqtts:// for TLS" in line


@pytest.fixture(scope="module")
def signed(tmp_path_factory):
    return certificates(tmp_path_factory.mktemp("tls") / "own")


def test_an_encrypted_broker_is_trusted_with_its_authority(tmp_path, signed, capsys):
    with (
        broker(tmp_path / "broker", certificates=signed) as encrypted,
        listening(encrypted, ca=signed.ca) as listener,
        device(encrypted.url, mqtt_ca_file=signed.ca) as sink,
    ):
        show(sink, 0.0, "Happy")
        listener.wait_for("pi/readings")
    assert not told(capsys)


def test_an_encrypted_broker_is_not_trusted_with_another(tmp_path, signed, capsys):
    other = certificates(tmp_path / "other")
    with broker(tmp_path / "broker", certificates=signed) as encrypted:
        for ca_file in (other.ca, None):
            with device(encrypted.url, mqtt_ca_file=ca_file) as sink:
                assert waited(lambda sink=sink: sink.failures >= 2)
            (line,) = told(capsys)
            assert "is not trusted: " in line and "--mqtt-ca-file" in line
        with device(encrypted.url.replace("mqtts", "mqtt")) as sink:
            assert waited(lambda: sink.failures)
        assert "mqtts:// for TLS" in told(capsys)[0]


def test_an_encrypted_address_of_a_plain_broker_is_told(home, capsys):
    with device(home.url.replace("mqtt:", "mqtts:")) as sink:
        assert waited(lambda: sink.failures)
    (line,) = told(capsys)
    assert "TLS" in line or "does not answer" in line


@pytest.mark.slow
def test_readings_that_never_left_are_counted(home):
    with listening(home) as listener, device(home.url, mqtt_rate=100) as sink:
        show(sink, 0.0, "Happy")
        listener.wait_for("pi/readings")
        home.freeze()
        fill(sink, *(40 * ["Happy"]))
        home.kill()
        assert waited(lambda: sink.failures)
        home.start()
        assert waited(lambda: sink._connection.lost)
