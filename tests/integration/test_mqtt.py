"""The MQTT sink with a real broker: what arrives, and what becomes of it when the broker does not.

Runs of the whole program are in test_mqtt_run.py.
"""

import json
import socket
import threading
import time
from contextlib import ExitStack, contextmanager

import pytest

from edge_emotion_device.mqtt.address import Login
from edge_emotion_device.options import RunOptions
from edge_emotion_device.vitals import Vitals
from helpers.broker import PATIENCE_S, broker, certificates, listening
from helpers.readings import frame_at, reading_at

pytest.importorskip("paho.mqtt", reason="the extra mqtt is not installed")
connection = pytest.importorskip("edge_emotion_device.mqtt.connection")
sinks = pytest.importorskip("edge_emotion_device.mqtt.sink")

ME = Login("me", "sec:ret")


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Come back, and look at the vitals, sooner than a user would want."""
    monkeypatch.setattr(connection, "RECONNECT_S", (0.2, 0.2))
    monkeypatch.setattr(sinks, "_LOOK_EVERY_S", 0.1)


def vitals(trouble: str = "", since_frame_s: float | None = 0.02) -> Vitals:
    return Vitals(
        *(40, 30, 35, 2, 14.96, "demo", trouble, 0, since_frame_s, {}, ()),
        temperature_c=None, limit_fps=None, lowered=0,
    )  # fmt: skip


@contextmanager
def device(url, login=None, tmp_path=None, now=vitals, **options):
    """A sink with the prefix `pi`, closed at the end; the login is in a file."""
    if login:
        file = tmp_path / "login"
        file.touch(0o600)
        file.write_text(f"{login.user}:{login.password}\n")
        options["mqtt_login_file"] = file
    options = RunOptions(mqtt=url if url.count("/") > 2 else f"{url}/pi", **options)
    with sinks.MqttSink.open(options, now) as sink:
        yield sink


def show(sink, time_s, *labels):
    """Write a frame with one face for each label, numbered from 1."""
    faces = [reading_at(time_s, number, label) for number, label in enumerate(labels, 1)]
    sink.write(frame_at(time_s), faces)


def waited(held, seconds=PATIENCE_S):
    until_s = time.monotonic() + seconds
    while not held() and time.monotonic() < until_s:
        time.sleep(0.01)
    return held()


def told(capsys, after=1):
    """The lines on stderr after that which names the broker."""
    lines = capsys.readouterr().err.splitlines()
    assert all(line.startswith("edge-emotion: ") for line in lines)
    return lines[after:]


@pytest.fixture
def home(tmp_path):
    with broker(tmp_path / "broker") as running:
        yield running


def test_readings_events_and_states_arrive(home):
    with listening(home) as listener, device(home.url) as sink:
        show(sink, 0.0, "Sad")
        listener.wait_for("pi/readings")
        show(sink, 0.04, "Happy")
        listener.wait_for("pi/events", "changed")
        show(sink, 2.0)
        listener.wait_for("pi/emotion", "none")
        listener.wait_for("pi/faces", "0")
        listener.wait_for("pi/events", "gone")
        listener.wait_for("pi/probabilities", "null")
        listener.wait_for("pi/vitals")
    assert json.loads(listener.of("pi/readings")[0]) == reading_at(0.0, 1, "Sad").as_dict()
    events = [json.loads(event) for event in listener.of("pi/events")]
    assert [
        (event["event"], event["track_id"], event["label"], event["time_s"], event["seconds"])
        for event in events
    ] == [
        ("new", 1, "Sad", 0.0, 0.0),
        ("changed", 1, "Happy", 0.04, 0.04),
        ("gone", 1, "Happy", 0.04, 0.04),
    ]
    assert all(event["at"].endswith("+00:00") for event in events)
    assert listener.of("pi/emotion")[-2:] == ["Happy", "none"]
    assert listener.of("pi/faces")[-2:] == ["1", "0"]
    known, unknown = (json.loads(one) for one in listener.of("pi/probabilities")[-2:])
    assert known["certainty"] == known["probabilities"]["Happy"] == 0.8
    assert unknown == {"track_id": None, "certainty": None, "probabilities": None}
    assert json.loads(listener.of("pi/vitals")[0]) == {
        **{"fps": 15.0, "temperature_c": None, "frames": 40, "dropped": 2, "camera": "demo"},
        **{"trouble": None, "reopened": 0, "limit_fps": None},
    }


def test_who_comes_later_finds_the_states_but_neither_readings_nor_events(home):
    with device(home.url) as sink:
        with listening(home) as first:
            show(sink, 0.0, None, "Happy")
            first.wait_for("pi/readings")
            first.wait_for("pi/vitals")
        with listening(home) as second:
            for state in ("status", "faces", "emotion", "probabilities", "vitals"):
                second.wait_for(f"pi/{state}")
            retained = {one.topic for one in second.messages if one.retained}
            assert not retained & {"pi/readings", "pi/events"}
            assert second.of("pi/faces") == ["2"] and second.of("pi/emotion") == ["undecided"]
            assert second.of("pi/status") == ["online"]
    with listening(home) as third:
        third.wait_for("pi/status", "offline")  # a clean end says so too


def test_readings_are_limited_for_each_face(home):
    with listening(home) as listener, device(home.url, mqtt_rate=0.1) as sink:
        for step in range(200):
            show(sink, step / 25, "Sad", "Happy")
        listener.wait(lambda: len(listener.of("pi/readings")) >= 2)
        time.sleep(0.1)
        assert [json.loads(one)["track_id"] for one in listener.of("pi/readings")] == [1, 2]


def test_home_assistant_finds_the_device_and_again_when_it_has_come(home):
    topic = "homeassistant/device/edge-emotion_pi/config"
    with listening(home) as listener, device(home.url) as sink:
        show(sink, 0.0, "Happy")
        listener.wait_for(topic)
        listener.wait_for("pi/emotion")
        listener.forget()
        listener.client.publish("homeassistant/status", "online")
        listener.wait_for(topic)
        listener.wait_for("pi/emotion", "Happy")
        assert json.loads(listener.of(topic)[0])["availability_topic"] == "pi/status"
    with listening(home) as later:
        later.wait_for(topic)
        assert later.messages[0].retained


def test_without_discovery_home_assistant_hears_nothing(home):
    with listening(home) as listener, device(home.url, mqtt_discovery=False) as sink:
        show(sink, 0.0, "Happy")
        listener.wait_for("pi/readings")
        assert not [one.topic for one in listener.messages if "homeassistant" in one.topic]


def test_a_device_that_is_taken_for_offline_says_that_it_is_not(home):
    """A broker notices a power cut only after the restart, and tells the former last will."""
    with listening(home) as listener, device(home.url):
        listener.wait_for("pi/status", "online")
        listener.client.publish("pi/status", "offline", retain=True)
        listener.wait(lambda: listener.of("pi/status")[-1:] == ["online"] and "offline" in str(
            listener.of("pi/status")
        ))  # fmt: skip


def test_what_the_broker_kept_from_before_asks_for_nothing(home):
    for _ in range(2):
        with listening(home) as listener, device(home.url) as sink:
            listener.wait(lambda listener=listener: listener.of("pi/status")[-1:] == ["online"])
            listener.client.publish("homeassistant/status", "offline", retain=True)
            listener.wait_for("pi/vitals")
            assert sink._connection.calls == 0
        with listening(home) as later:
            later.wait_for("pi/status", "offline")


def test_a_lost_camera_is_told_and_nobody_is_there_any_more(home):
    run = [vitals()]
    with listening(home) as listener, device(home.url, now=lambda: run[0]) as sink:
        show(sink, 0.0, "Happy")
        listener.wait_for("pi/vitals")
        run[0] = vitals("the camera is unplugged", 3.0)
        listener.wait_for("pi/vitals", '"trouble":"the camera is unplugged"')
        listener.wait_for("pi/events", "gone")
        listener.wait_for("pi/faces", "0")


def test_nothing_is_said_of_faces_and_vitals_before_there_was_a_frame(home):
    with listening(home) as listener, device(home.url, now=lambda: vitals("", None)):
        listener.wait_for("pi/status", "online")
        time.sleep(0.3)
        assert {one.topic for one in listener.messages if one.topic.startswith("pi/")} == {
            "pi/status"
        }


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
        listener.wait_for("homeassistant/device/edge-emotion_pi/config")
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


def test_a_broker_that_hangs_holds_nothing_up_and_is_served_when_it_goes_on(home, capsys):
    with listening(home) as listener, device(home.url, mqtt_rate=100) as sink:
        show(sink, 0.0, "Happy")
        listener.wait_for("pi/readings")
        home.freeze()
        faces = [*(40 * ["Happy"])]
        step, start_s = 0, time.monotonic()
        room_s = start_s
        while time.monotonic() < room_s + 0.5:  # until what the kernel holds for it is full
            step += 1
            show(sink, step / 25, *faces)
            time.sleep(0.02)
            if sink._connection.room:
                room_s = time.monotonic()
                assert room_s < start_s + PATIENCE_S, "all that is written is taken on"
        start_s = time.perf_counter()
        for more in range(step, step + 100):
            show(sink, more / 25, *faces)
        assert time.perf_counter() - start_s < 5.0
        assert not sink._connection.room and sink.dropped
        assert len(sink._connection._flight) <= connection.AT_ONCE
        show(sink, 1000.0, "Sad")
        home.thaw()
        listener.wait_for("pi/events", '"time_s":1000.0')
        listener.wait_for("pi/emotion", "Sad")
    assert any("more readings than the broker" in line for line in told(capsys))


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


def test_goodbye_is_quick_though_the_broker_hangs(home):
    with ExitStack() as stack:
        sink = stack.enter_context(device(home.url))
        show(sink, 0.0, "Happy")
        assert waited(lambda: sink._connection.up and sink._outbox.empty)
        home.freeze()
        show(sink, 0.04, "Sad")
        start_s = time.monotonic()
        stack.close()
        assert time.monotonic() - start_s < 0.8  # the outlet waits no longer
    home.thaw()


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
    assert not told(capsys)


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


def test_fifty_devices_share_a_broker(home):
    count, frames = 50, 20
    with ExitStack() as stack:
        listener = stack.enter_context(listening(home))
        devices = [
            stack.enter_context(device(f"{home.url}/pi{number}", mqtt_rate=100))
            for number in range(count)
        ]
        listener.wait(
            lambda: len([1 for one in listener.of("/status") if one == "online"]) >= count
        )
        busy_s = time.process_time()
        for step in range(frames):
            for sink in devices:
                show(sink, step / 25, "Happy")
            time.sleep(0.02)
        listener.wait(lambda: len(listener.of("/readings")) >= count * frames)
        busy_s = time.process_time() - busy_s
        assert sum(sink.dropped for sink in devices) == 0
        assert busy_s < 10.0  # 1,000 readings there and back
    configs = {one.topic for one in listener.messages if one.topic.endswith("/config")}
    assert len(configs) == count
    assert len({one.topic for one in listener.messages if one.payload == "offline"}) == count


def test_what_fails_in_the_thread_ends_the_run_with_its_cause(home):
    def broken():
        raise KeyError("a defect")

    with device(home.url, now=broken) as sink:
        assert waited(lambda: sink._failure)
        with pytest.raises(KeyError, match="a defect"):
            show(sink, 0.0, "Happy")
