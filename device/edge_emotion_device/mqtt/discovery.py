"""What Home Assistant is told, so that the device and its entities appear by themselves.

One message describes them all: https://www.home-assistant.io/integrations/mqtt/, "Device discovery
payload", from Home Assistant 2024.11 on.
"""

import re
from typing import Any

import edge_emotion
from edge_emotion.labels import EMOTIONS

NOBODY, UNDECIDED = "none", "undecided"  # the emotion of no face, and of one without a label


def device_id(prefix: str) -> str:
    """The device's name among all of Home Assistant's: the same after every restart.

    It comes from the topics' prefix, which names the host unless it was chosen: whoever shares it
    would share the topics too, and nobody else has the same.  Home Assistant allows letters,
    digits, _ and -, so two _ stand for a slash, and one before two digits for another byte.
    """
    name = prefix.removeprefix("edge-emotion/")
    levels = (re.sub(r"[^a-zA-Z0-9-]", _escaped, level) for level in name.split("/"))
    return f"edge-emotion{'-' if name == prefix else '_'}{'__'.join(levels)}"


def _escaped(other: re.Match[str]) -> str:
    return "".join(f"_{byte:02x}" for byte in other[0].encode())


def discovery_topic(prefix: str) -> str:
    """Where Home Assistant looks for the description."""
    return f"homeassistant/device/{device_id(prefix)}/config"


def describe(prefix: str, board: str, *, has_temperature: bool) -> dict[str, Any]:
    """The device and its entities.

    Args:
        prefix: of the topics.
        board: its model; empty where it is unknown.
        has_temperature: whether the CPU has a sensor.
    """
    entities = _entities(prefix)
    if not has_temperature:
        del entities["temperature"]
    device = {
        "identifiers": [device_id(prefix)],
        "name": f"Edge Emotion {prefix.rpartition('/')[2]}",
        "manufacturer": "Edge Emotion",
        "sw_version": edge_emotion.__version__,
    }
    return {
        "device": device | ({"model": board} if board else {}),
        "origin": {"name": "edge-emotion", "sw_version": edge_emotion.__version__},
        "availability_topic": f"{prefix}/status",
        "components": {
            key: {"unique_id": f"{device_id(prefix)}_{key}", **entity}
            for key, entity in entities.items()
        },
    }


def _entities(prefix: str) -> dict[str, dict[str, Any]]:
    """Each entity by its key; a template that gives None makes its state unknown."""
    vitals = {"state_topic": f"{prefix}/vitals", "entity_category": "diagnostic"}
    return {
        "emotion": {
            "platform": "sensor",
            "name": "Emotion",
            "icon": "mdi:emoticon-outline",
            "device_class": "enum",
            "options": [*EMOTIONS, UNDECIDED, NOBODY],
            "state_topic": f"{prefix}/emotion",
            "json_attributes_topic": f"{prefix}/probabilities",
        },
        "certainty": {
            "platform": "sensor",
            "name": "Certainty",
            "icon": "mdi:percent-outline",
            "state_class": "measurement",
            "unit_of_measurement": "%",
            "state_topic": f"{prefix}/probabilities",
            "value_template": "{{ None if value_json.certainty is none "
            "else (100 * value_json.certainty) | round | int }}",
        },
        "faces": {
            "platform": "sensor",
            "name": "Faces",
            "icon": "mdi:account-multiple",
            "state_class": "measurement",
            "state_topic": f"{prefix}/faces",
        },
        "face_present": {
            "platform": "binary_sensor",
            "name": "Face present",
            "device_class": "occupancy",
            "state_topic": f"{prefix}/faces",
            "value_template": "{{ 'ON' if value | int > 0 else 'OFF' }}",
        },
        "fps": {
            **vitals,
            "platform": "sensor",
            "name": "Frame rate",
            "icon": "mdi:speedometer",
            "state_class": "measurement",
            "unit_of_measurement": "fps",
            "value_template": "{{ value_json.fps }}",
        },
        "temperature": {
            **vitals,
            "platform": "sensor",
            "name": "Temperature",
            "device_class": "temperature",
            "state_class": "measurement",
            "unit_of_measurement": "°C",
            "value_template": "{{ value_json.temperature_c }}",
        },
        "camera_problem": {
            **vitals,
            "platform": "binary_sensor",
            "name": "Camera",
            "device_class": "problem",
            "value_template": "{{ 'ON' if value_json.trouble else 'OFF' }}",
        },
    }
