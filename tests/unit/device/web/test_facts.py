import json
from dataclasses import replace

import numpy as np
import pytest

from edge_emotion.types import Frame
from edge_emotion_device.web.facts import Facts, failing, readings_json, vitals_json
from edge_emotion_device.web.metrics import exposition
from edge_emotion_device.web.newest import Item
from helpers.web_sinks import FINE, reading


def test_readings_are_those_of_the_contract_with_the_size_of_their_frame():
    item = Item(
        Frame(np.zeros((480, 640), np.uint8), 7, 0.28123456), [reading(7), reading(7, 2)], 1
    )

    assert json.loads(readings_json(item)) == {
        "frame": 7, "time_s": 0.2812, "width": 640, "height": 480,
        "readings": [reading(7).as_dict(), reading(7, 2).as_dict()],
    }  # fmt: skip


def test_before_the_first_frame_there_are_none():
    assert json.loads(readings_json(None)) == {
        "frame": None, "time_s": None, "width": None, "height": None, "readings": [],
    }  # fmt: skip


def test_a_probability_that_is_no_number_is_null():
    item = Item(Frame(np.zeros((2, 2), np.uint8), 0, 0.0), [reading(happy=float("nan"))], 1)

    assert json.loads(readings_json(item))["readings"][0]["smoothed"]["Happy"] is None


def test_a_brief_reading_is_what_the_page_shows():
    item = Item(Frame(np.zeros((2, 2), np.uint8), 0, 0.0), [reading()], 1)
    facts = Facts(lambda: FINE)
    whole, brief = (json.loads(facts.readings(item, brief)) for brief in (False, True))

    (fields,) = whole.pop("readings")
    assert brief.pop("readings") == [
        {name: fields[name] for name in ("track_id", "label", "smoothed")}
    ]
    assert brief == whole


def test_names_that_are_no_utf8_can_be_told():
    bad = "caf\udce9.mp4"
    vitals = replace(FINE, camera=bad, trouble=f"{bad} ended", ran_on=(f"emotion on {bad}",))
    facts = Facts(lambda: vitals)
    told = json.loads(vitals_json(facts.vitals()))

    assert (told["camera"], told["trouble"]) == ("caf?.mp4", "caf?.mp4 ended")
    assert told["ran_on"] == ["emotion on caf?.mp4"]
    assert b"caf?.mp4" in exposition(facts.vitals())[0]


def test_vitals_have_their_names_and_the_stages_their_percentiles():
    told = json.loads(vitals_json(replace(FINE, labels={"Happy": 9, None: 1})))

    assert told["stages"] == {"keypoints": {"p50_ms": 0.512, "p95_ms": 1.5}}
    assert told["failing"] == ""
    assert told["labels"] == {"Happy": 9, "undecided": 1}
    assert (told["fps"], told["camera"], told["dropped"]) == (25.04, "usb:0", 3)


def test_the_run_is_asked_how_it_goes_at_most_twice_a_second():
    asked = []
    facts = Facts(lambda: asked.append(1) or FINE)
    for _ in range(1000):
        facts.vitals()

    assert len(asked) <= 2


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, ""),
        ({"since_frame_s": 9.9}, ""),
        ({"since_frame_s": 25.0, "limit_fps": 0.1}, ""),
        ({"since_frame_s": None}, "there was no frame yet"),
        ({"since_frame_s": 12.3}, "no frame for 12 s"),
        ({"since_frame_s": 31.0, "limit_fps": 0.1}, "no frame for 31 s"),
        ({"trouble": "rtsp://user@house/bedroom stopped"}, "the camera is lost"),
    ],
)
def test_it_fails_while_no_frames_come_and_does_not_say_whose(changes, reason):
    assert failing(replace(FINE, **changes)) == reason
