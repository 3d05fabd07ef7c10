"""The frame loop while no frame comes."""

from types import SimpleNamespace
from typing import Any

import pytest

from edge_emotion.errors import EdgeEmotionError
from edge_emotion_device.options import RunOptions
from edge_emotion_device.outlet import Outlet
from edge_emotion_device.runner import _Loop
from edge_emotion_device.signals import Signals
from edge_emotion_device.sinks import Sink
from edge_emotion_device.summary import Summary
from edge_emotion_device.supervisor import Supervisor


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
