"""A run's vitals, as `Summary.vitals` gives them."""

from typing import Any

import numpy as np

from edge_emotion_device.vitals import Stage, Vitals

LATEST_MS = np.array([0.51234] * 19 + [1.5] * 2, np.float32)  # p50 and p95
COUNTS = (1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4)


def vitals(**changed: Any) -> Vitals:
    known: dict[str, Any] = {
        "frames": 120,
        "with_face": 100,
        "readings": 130,
        "dropped": 3,
        "fps": 14.5,
        "camera": "usb:0",
        "trouble": "",
        "reopened": 1,
        "since_frame_s": 0.02,
        "stages": {"detect": Stage(LATEST_MS, COUNTS, 4300.0)},
        "ran_on": ("keypoints on cpu, 23 operators", "emotion on external:/a/b.so,x=1"),
        "temperature_c": 61.5,
        "limit_fps": None,
        "lowered": 2,
        "faces": 2,
        "labels": {"Happy": 100, "Sad": 0, None: 30},
        "failures": {"readings": 0, "mqtt": 7},
    }
    return Vitals(**{**known, **changed})
