"""What opening the sink asks for; what it sends is shown with a broker in tests/integration."""

import pytest

from edge_emotion.errors import MissingExtra
from edge_emotion_device.mqtt.sink import MqttSink
from edge_emotion_device.options import RunOptions


def test_a_missing_paho_is_answered_with_the_extra(monkeypatch):
    monkeypatch.setattr("edge_emotion.extras.find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"edge-emotion\[mqtt\]"):
        MqttSink.open(RunOptions(mqtt="mqtt://broker"), lambda: None)
