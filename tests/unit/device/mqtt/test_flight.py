"""Messages on their way, and which of them are lost."""

import pytest

pytest.importorskip("paho.mqtt", reason="the extra mqtt is not installed")

from paho.mqtt.client import MQTTMessageInfo
from paho.mqtt.enums import MQTTErrorCode

from edge_emotion_device.mqtt.flight import Flight


def info(rc: MQTTErrorCode = MQTTErrorCode.MQTT_ERR_SUCCESS, left: bool = False) -> MQTTMessageInfo:
    message = MQTTMessageInfo(1)
    message.rc = rc
    if left:
        message._set_as_published()
    return message


@pytest.mark.parametrize(
    ("message", "on_their_way", "lost"),
    [
        (info(), 1, 0),
        (info(left=True), 0, 0),
        (info(MQTTErrorCode.MQTT_ERR_NO_CONN), 0, 1),
        (info(MQTTErrorCode.MQTT_ERR_CONN_LOST, left=True), 0, 1),
        (info(MQTTErrorCode.MQTT_ERR_QUEUE_SIZE), 0, 1),
        (None, 0, 1),
    ],
)
def test_a_message_is_on_its_way_or_has_left_or_is_lost_once(message, on_their_way, lost):
    flight = Flight()
    flight.add(message)
    for _ in range(2):
        assert (flight.count(), flight.lost) == (on_their_way, lost)


def test_what_is_on_its_way_at_the_end_is_lost():
    flight = Flight()
    for message in (info(), info(left=True), info()):
        flight.add(message)
    flight.give_up()
    assert (flight.count(), flight.lost) == (0, 2)
