"""The analyzer that a run opens, and the frame loop while no frame comes."""

from types import SimpleNamespace
from typing import Any

import pytest

from edge_emotion.errors import EdgeEmotionError
from edge_emotion_device.options import RunOptions
from edge_emotion_device.outlet import Outlet
from edge_emotion_device.runner import _Loop, open_analyzer
from edge_emotion_device.signals import Signals
from edge_emotion_device.sinks import Sink
from edge_emotion_device.summary import Summary
from edge_emotion_device.supervisor import Supervisor
from helpers.bright_cells import write_detector


class Lost:
    """A camera that is never given up."""

    name = "usb:0"
    asked = 0

    def wait(self, timeout_s: float) -> bool:
        self.asked += 1
        assert self.asked < 3
        return False


class Failed(Sink):
    failure = EdgeEmotionError("the broker took our thread")

    def write(self, frame: Any, readings: Any) -> None: ...

    def close(self) -> None: ...


def test_a_sink_that_fails_ends_the_run_while_the_camera_is_lost():
    run: Any = SimpleNamespace(
        options=RunOptions(), summary=Summary(), signals=Signals(), supervisor=Supervisor({}),
        started_s=0.0,
    )  # fmt: skip
    analyzer: Any = None
    camera: Any = Lost()
    outlet = Outlet([Failed()])
    with pytest.raises(EdgeEmotionError, match="the broker"):
        _Loop(run, analyzer, camera, outlet)._wait()
    outlet.close()


@pytest.mark.parametrize(
    ("options", "every"),
    [
        ({"detector": "net"}, 3),
        ({"detector": "net", "anonymize": True}, 1),
        ({"detector": "net", "anonymize": True, "every": 5}, 5),
        ({"detector": "haar", "anonymize": True}, 10),
    ],
)
def test_what_is_to_be_hidden_is_looked_for_in_every_frame_where_that_is_cheap(
    tmp_path, options, every
):
    if options["detector"] == "net":
        options |= {"detector": f"net:{write_detector(tmp_path / 'detector.tflite')}"}
    with open_analyzer(RunOptions(**options)) as analyzer:
        assert analyzer._detect_every == every
