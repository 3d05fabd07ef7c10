"""The description for Home Assistant, held to what its documentation allows."""

import json
import re

import pytest

from edge_emotion_device.mqtt.discovery import describe, device_id, discovery_topic

# https://www.home-assistant.io/integrations/mqtt/ ("Device discovery payload" and "Supported
# abbreviations for device registry configuration"), .../sensor.mqtt/ and .../binary_sensor.mqtt/:
# the configuration variables, of those that have to do with states.
SHARED = {"device", "origin", "components", "availability_topic", "qos", "encoding", "state_topic"}
DEVICE = {
    *("configuration_url", "connections", "hw_version", "identifiers", "manufacturer", "model"),
    *("model_id", "name", "serial_number", "suggested_area", "sw_version", "via_device"),
}
ORIGIN = {"name", "sw_version", "support_url"}
ENTITY = {
    *("platform", "unique_id", "name", "icon", "device_class", "entity_category", "state_topic"),
    *("value_template", "json_attributes_topic", "json_attributes_template", "enabled_by_default"),
    *("expire_after", "force_update", "qos", "encoding", "entity_picture"),
}
ENTITIES = {
    "sensor": ENTITY
    | {"options", "state_class", "unit_of_measurement", "suggested_display_precision"},
    "binary_sensor": ENTITY | {"payload_on", "payload_off", "off_delay"},
}
# https://www.home-assistant.io/integrations/sensor/ and .../binary_sensor/
DEVICE_CLASSES = {"sensor": {"enum", "temperature"}, "binary_sensor": {"occupancy", "problem"}}

DESCRIBED = describe("edge-emotion/pi4", "Raspberry Pi 4 Model B", has_temperature=True)


def test_the_description_has_only_documented_keys_and_all_that_are_required():
    assert set(DESCRIBED) <= SHARED and {"device", "origin", "components"} <= set(DESCRIBED)
    assert set(DESCRIBED["device"]) <= DEVICE and DESCRIBED["device"]["identifiers"]
    assert set(DESCRIBED["origin"]) <= ORIGIN and DESCRIBED["origin"]["name"]
    assert json.loads(json.dumps(DESCRIBED)) == DESCRIBED


@pytest.mark.parametrize("key", DESCRIBED["components"])
def test_an_entity_has_only_documented_keys_and_all_that_are_required(key):
    entity = DESCRIBED["components"][key]
    assert set(entity) <= ENTITIES[entity["platform"]]
    assert {"platform", "unique_id", "state_topic"} <= set(entity)
    assert entity.get("device_class") in {None, *DEVICE_CLASSES[entity["platform"]]}
    assert entity.get("entity_category") in (None, "diagnostic")  # no other for a sensor
    assert entity.get("state_class") in (None, "measurement")
    if "options" in entity:  # only for an enum, which has neither class nor unit
        assert entity["device_class"] == "enum"
        assert not {"state_class", "unit_of_measurement"} & set(entity)


def test_everything_that_is_promised_appears():
    assert set(DESCRIBED["components"]) == {
        *("emotion", "certainty", "faces", "face_present", "fps", "temperature", "camera_problem"),
    }
    assert DESCRIBED["components"]["emotion"]["options"] == [
        *("Angry", "Disgust", "Sad", "Happy", "Surprise", "undecided", "none"),
    ]


def test_all_topics_are_ours():
    topics = [
        value
        for fields in (DESCRIBED, *DESCRIBED["components"].values())
        for key, value in fields.items()
        if key.endswith("topic")
    ]
    assert {topic.rpartition("/")[0] for topic in topics} == {"edge-emotion/pi4"}
    assert {topic.rpartition("/")[2] for topic in topics} == {
        *("status", "emotion", "probabilities", "faces", "vitals"),
    }


def test_where_there_is_no_sensor_there_is_no_temperature():
    described = describe("edge-emotion/pc", "", has_temperature=False)
    assert "temperature" not in described["components"]
    assert "model" not in described["device"]


def test_identities_are_unique_and_the_same_each_time():
    ids = [entity["unique_id"] for entity in DESCRIBED["components"].values()]
    assert len(set(ids)) == len(ids) and all(one.startswith("edge-emotion_pi4_") for one in ids)
    other = describe("edge-emotion/pi5", "", has_temperature=True)
    assert not set(ids) & {entity["unique_id"] for entity in other["components"].values()}


@pytest.mark.parametrize(
    ("prefix", "name"),
    [
        ("edge-emotion/pi4", "edge-emotion_pi4"),
        ("edge-emotion/pi.lan", "edge-emotion_pi_2elan"),
        ("home/hall", "edge-emotion-home__hall"),
        ("日", "edge-emotion-_e6_97_a5"),
    ],
)
def test_a_device_is_named_after_its_prefix(prefix, name):
    assert device_id(prefix) == name
    allowed = r"homeassistant/device/[a-zA-Z0-9_-]+/config"  # the documentation's
    assert re.fullmatch(allowed, discovery_topic(prefix))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("home/hall", "edge-emotion/home/hall"),
        ("home/hall", "home_hall"),
        ("home/hall", "home__hall"),
        ("home/hall", "home-hall"),
        ("pi4", "edge-emotion/pi4"),
        ("edge-emotion", "edge-emotion/edge-emotion"),
        ("home/2e", "home."),
        ("home.b", "home\u02eb"),
        ("home_2e", "home."),
    ],
)
def test_devices_with_different_topics_have_different_names(one, other):
    assert device_id(one) != device_id(other)
