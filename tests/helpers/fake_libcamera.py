"""A `libcamera` module without hardware, below the real picamera2.

Its one camera looks at a ramp from black to white.  It behaves as the Raspberry Pi's pipeline does
where that matters here: all YUV streams share the first colour space that is valid
(RPiCameraConfiguration::validateColorSpaces), limited ranges put black at 16 and white at 235, and
rows are padded.
"""

import os
import sys
import threading
import types
from collections import deque
from contextlib import suppress
from enum import Enum, IntEnum
from time import sleep
from typing import Any, ClassVar
from unittest.mock import MagicMock

import numpy as np
import pytest

PADDING_BYTES = 64
FRAME_S = 0.01


class StreamRole(Enum):
    Raw, StillCapture, VideoRecording, Viewfinder = range(4)


class ControlType(Enum):
    Integer, Rectangle, Size = range(3)


class Orientation(Enum):
    (
        Rotate0, Rotate0Mirror, Rotate180, Rotate180Mirror,
        Rotate90, Rotate90Mirror, Rotate270, Rotate270Mirror,
    ) = range(8)  # fmt: skip


class Size:
    def __init__(self, width: int = 0, height: int = 0) -> None:
        self.width, self.height = width, height


class Rectangle:
    def __init__(self, *edges: int) -> None:
        self.x, self.y, self.width, self.height = edges


class PixelFormat:
    def __init__(self, name: str) -> None:
        self._name = name

    def __str__(self) -> str:
        return self._name


class Transform:
    def __init__(self, other: "Transform | None" = None, **flips: int) -> None:
        for name in ("hflip", "vflip", "transpose"):
            setattr(self, name, flips.get(name, getattr(other, name, 0)))

    def __str__(self) -> str:
        return f"hflip {self.hflip}, vflip {self.vflip}, transpose {self.transpose}"

    __hash__ = object.__hash__


class ColorSpace:
    class YcbcrEncoding(Enum):
        Null, Rec601, Rec709 = range(3)

    class Range(Enum):
        Full, Limited = range(2)

    def __init__(
        self, primaries: Any, transfer: str = "", encoding: Any = None, range_: Any = None
    ):
        if isinstance(primaries, ColorSpace):
            self.__dict__.update(primaries.__dict__)
            return
        self.primaries, self.transferFunction = primaries, transfer
        self.ycbcrEncoding, self.range = encoding, range_

    def __str__(self) -> str:
        return f"{self.primaries}/{self.transferFunction}/{self.ycbcrEncoding}/{self.range}"

    __hash__ = object.__hash__

    @classmethod
    def Sycc(cls) -> "ColorSpace":  # noqa: N802
        return cls("Rec709", "Srgb", cls.YcbcrEncoding.Rec601, cls.Range.Full)

    @classmethod
    def Smpte170m(cls) -> "ColorSpace":  # noqa: N802
        return cls("Smpte170m", "Rec709", cls.YcbcrEncoding.Rec601, cls.Range.Limited)

    @classmethod
    def Rec709(cls) -> "ColorSpace":  # noqa: N802
        return cls("Rec709", "Rec709", cls.YcbcrEncoding.Rec709, cls.Range.Limited)

    @classmethod
    def Raw(cls) -> "ColorSpace":  # noqa: N802
        return cls("Raw", "Linear", cls.YcbcrEncoding.Null, cls.Range.Full)


class FrameMetadata:
    class Status(Enum):
        Success, Error = range(2)


class FrameBuffer:
    class Plane:
        fd = offset = length = 0

    def __init__(self, planes: list[Any]) -> None:
        self.planes = planes
        self.metadata = types.SimpleNamespace(status=FrameMetadata.Status.Success, planes=[])


class StreamConfiguration:
    def __init__(self, role: StreamRole) -> None:
        self.stream = self
        self.role = role
        self.color_space: ColorSpace | None = None
        self.stride = self.frame_size = 0
        self.formats = types.SimpleNamespace(
            pixel_formats=[PixelFormat("SRGGB10_CSI2P")],
            sizes=lambda pixel_format: [Size(1640, 1232), Size(3280, 2464)],
        )


class CameraConfiguration(list[StreamConfiguration]):
    class Status(Enum):
        Valid, Adjusted, Invalid = range(3)

    orientation = Orientation.Rotate0
    sensor_config: Any = None

    def at(self, index: int) -> StreamConfiguration:
        return self[index]

    def validate(self) -> "CameraConfiguration.Status":
        streams = [stream for stream in self if stream.role != StreamRole.Raw]
        shared = self.shared_color_space(streams)
        for stream in self:
            stream.stride = stream.size.width + PADDING_BYTES
            stream.frame_size = stream.stride * stream.size.height * 3 // 2
        for stream in streams:
            assert str(stream.pixel_format) == "YUV420"
            stream.color_space = shared
        return self.Status.Adjusted

    def shared_color_space(self, streams: list[StreamConfiguration]) -> ColorSpace:
        asked = streams[0].color_space
        for valid in (ColorSpace.Sycc(), ColorSpace.Smpte170m(), ColorSpace.Rec709()):
            if asked and (valid.primaries, valid.transferFunction) == (
                asked.primaries,
                asked.transferFunction,
            ):
                return valid
        return ColorSpace.Sycc()


class ControlId:
    def __init__(self, name: str, type_: ControlType = ControlType.Integer) -> None:
        self.name, self.type = name, type_


class Request:
    class Status(IntEnum):
        Pending, Complete, Cancelled = range(3)

    def __init__(self, cookie: int) -> None:
        self.cookie = cookie
        self.status = self.Status.Pending
        self.buffers: dict[StreamConfiguration, FrameBuffer] = {}
        self.metadata: dict[ControlId, int] = {}

    def add_buffer(self, stream: StreamConfiguration, buffer: FrameBuffer) -> None:
        self.buffers[stream] = buffer

    def reuse(self) -> None:
        self.status = self.Status.Pending

    def set_control(self, *_: Any) -> None:
        pass


class Camera:
    """One camera; `plugged` and `busy` are its faults."""

    id = "/base/soc/i2c0mux/i2c@1/imx219@10"
    plugged = True
    busy = False

    def __init__(self) -> None:
        self.properties = {
            ControlId("Model"): "imx219",
            ControlId("ColorFilterArrangement"): 0,
        }
        limits = types.SimpleNamespace(min=16666, max=1000000, default=33333)
        self.controls = {ControlId("FrameDurationLimits"): limits}
        self.started_with: dict[str, Any] = {}
        self._queue: deque[Request] = deque()
        self._running = threading.Event()

    def acquire(self) -> None:
        if self.busy:
            raise RuntimeError("Failed to acquire camera: Device or resource busy")

    def release(self) -> None:
        pass

    def generate_configuration(self, roles: list[StreamRole]) -> CameraConfiguration:
        return CameraConfiguration(StreamConfiguration(role) for role in roles)

    def configure(self, configuration: CameraConfiguration) -> int:
        self.configuration = configuration
        return 0

    def create_request(self, cookie: int) -> Request:
        return Request(cookie)

    def queue_request(self, request: Request) -> None:
        self._queue.append(request)

    def start(self, controls: dict[ControlId, Any]) -> None:
        self.started_with = {control.name: value for control, value in controls.items()}
        self._running.set()
        threading.Thread(target=self._run, daemon=True).start()

    def stop(self) -> None:
        self._running.clear()
        self._queue.clear()

    def _run(self) -> None:
        while self._running.is_set():
            sleep(FRAME_S)
            if self.plugged and self._queue:
                request = self._queue.popleft()
                for stream, buffer in request.buffers.items():
                    if stream.role != StreamRole.Raw:
                        expose(stream, buffer.planes[0].fd)
                request.status = Request.Status.Complete
                CameraManager.only.complete(request)


def expose(stream: StreamConfiguration, fd: int) -> None:
    """Write the ramp as YUV420 planes: what the light is, in the range of the colour space."""
    width, height = stream.size.width, stream.size.height
    light = np.linspace(0, 255, width)
    if stream.color_space.range is ColorSpace.Range.Limited:
        light = 16 + light * 219 / 255
    planes = np.full((height * 3 // 2, stream.stride), 128, np.uint8)
    planes[:height, :width] = light.round().astype(np.uint8)
    planes[:height, width:] = 77  # in the padding is whatever was there
    os.pwrite(fd, planes.tobytes(), 0)


class CameraManager:
    only: ClassVar["CameraManager"]

    def __init__(self) -> None:
        self.cameras = [Camera()]
        self.event_fd = os.eventfd(0, os.EFD_NONBLOCK)
        self._ready: deque[Request] = deque()

    @classmethod
    def singleton(cls) -> "CameraManager":
        return cls.only

    def complete(self, request: Request) -> None:
        self._ready.append(request)
        os.eventfd_write(self.event_fd, 1)

    def get_ready_requests(self) -> list[Request]:
        with suppress(BlockingIOError):
            os.eventfd_read(self.event_fd)
        return [self._ready.popleft() for _ in range(len(self._ready))]


class MemoryHeap:
    """Stands for picamera2's DmaHeap: buffers are plain memory."""

    def alloc(self, name: str, size: int) -> Any:
        fd = os.memfd_create(name)
        os.ftruncate(fd, size)
        return types.SimpleNamespace(get=lambda: fd, isValid=lambda: True)

    def close(self) -> None:
        pass


def install(monkeypatch: pytest.MonkeyPatch) -> Camera:
    """Put the module in the place of libcamera, and plain memory in that of the DMA heap."""
    module = types.ModuleType("libcamera")
    module.__dict__.update(
        {name: thing for name, thing in globals().items() if isinstance(thing, type)}
    )
    ids = ("ExposureTime", "ExposureTimeMode", "AnalogueGain", "AnalogueGainMode")
    module.controls = types.SimpleNamespace(**{name: ControlId(name) for name in ids})
    module.SensorConfiguration = types.SimpleNamespace
    module._libcamera = module
    monkeypatch.setitem(sys.modules, "libcamera", module)
    monkeypatch.setitem(sys.modules, "pykms", MagicMock())  # draws on screens; not used
    CameraManager.only = CameraManager()
    import picamera2.allocators.dmaallocator as allocator

    monkeypatch.setattr(allocator, "DmaHeap", MemoryHeap)
    monkeypatch.setattr(allocator, "fcntl", types.SimpleNamespace(ioctl=lambda *_: 0))
    return CameraManager.only.cameras[0]
