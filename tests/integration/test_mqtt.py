"""The MQTT sink with a real broker: what arrives.

What becomes of it when the broker does not is in test_mqtt_away.py, runs of the whole program in
test_mqtt_run.py.
"""

import json
import time
from contextlib import ExitStack

import pytest

from helpers.broker import listening
from helpers.mqtt_sink import device, show, vitals, waited
from helpers.readings import reading_at

pytest.importorskip("paho.mqtt", reason="the extra mqtt is not installed")
connection = pytest.importorskip("edge_emotion_device.mqtt.connection")
pytestmark = pytest.mark.usefixtures("quick_mqtt")


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
    topic = "homeassistant/device/edge-emotion-pi/config"
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


def test_what_the_broker_kept_from_before_asks_for_nothing(home, monkeypatch):
    heard, hear = [], connection.Connection._on_message

    def hears(self, client, data, message):
        hear(self, client, data, message)
        heard.append((message.topic, message.retain))

    monkeypatch.setattr(connection.Connection, "_on_message", hears)
    with listening(home) as listener:
        listener.client.publish("homeassistant/status", "online", retain=True)
        listener.wait_for("homeassistant/status")
        with device(home.url) as sink:
            assert waited(lambda: ("homeassistant/status", True) in heard)
            assert sink._connection.asked == 1  # by the connection itself


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
        for step in range(frames):
            for sink in devices:
                show(sink, step / 25, "Happy")
            time.sleep(0.02)
        listener.wait(lambda: len(listener.of("/readings")) >= count * frames)
        assert sum(sink.dropped for sink in devices) == 0
    configs = {one.topic for one in listener.messages if one.topic.endswith("/config")}
    assert len(configs) == count
    assert len({one.topic for one in listener.messages if one.payload == "offline"}) == count


def test_nothing_is_said_once_goodbye_has_begun(home, monkeypatch):
    with listening(home) as listener:
        with device(home.url) as sink:
            listener.wait_for("pi/status", "online")
            client = sink._connection._client
            publish = client.publish

            def late(topic, payload, *arguments, **how):
                if payload == "offline":  # the sink's own thread is in the midst of it
                    sink._connection.send_online()
                    sink._connection.send_event("pi/events", "late")
                return publish(topic, payload, *arguments, **how)

            monkeypatch.setattr(client, "publish", late)
        listener.wait_for("pi/status", "offline")
        assert listener.of("pi/status") == ["online", "offline"] and not listener.of("pi/events")
    assert sink.dropped == 1


@pytest.mark.parametrize("callback", ["good", "bad"])
def test_what_fails_in_a_callback_ends_the_run_with_its_cause(home, monkeypatch, callback):
    def broken(*_):
        raise KeyError("a defect")

    monkeypatch.setattr(connection._News, callback, broken)
    with device(home.url) as sink:
        if callback == "bad":
            assert waited(lambda: sink._connection.up)
            home.kill()
        assert waited(lambda: sink._connection.defect)
        with pytest.raises(KeyError, match="a defect"):
            show(sink, 0.0, "Happy")


def test_what_fails_in_the_thread_ends_the_run_with_its_cause(home):
    def broken():
        raise KeyError("a defect")

    with device(home.url, now=broken) as sink:
        assert waited(lambda: sink._failure)
        with pytest.raises(KeyError, match="a defect"):
            show(sink, 0.0, "Happy")
