"""Cameras: `open_camera` finds the backend for a source; each backend is a module of its own."""

import os
import re
from importlib import import_module
from pathlib import Path

from edge_emotion.data.images import IMAGE_SUFFIXES
from edge_emotion.errors import EdgeEmotionError, WrongUse
from edge_emotion_device.cameras.base import Camera

__all__ = ["Camera", "is_live", "open_camera"]

# Kind of source -> module and the class or function in it that takes the source.  A backend is
# imported when it is asked for.
_BACKENDS = {
    "auto": ("auto", "open_first"),
    "csi": ("csi", "CsiCamera"),
    "usb": ("v4l2", "V4l2Camera"),
    "rtsp": ("rtsp", "RtspStream"),
    "http": ("mjpeg", "MjpegStream"),
    "https": ("mjpeg", "MjpegStream"),
    "demo": ("demo", "DemoCamera"),
    "video": ("video_file", "VideoFile"),
    "pictures": ("pictures", "Pictures"),
    "sequence": ("pictures", "PictureSequence"),
}

_LIVE = ("auto", "csi", "usb", "rtsp", "http", "https")
_VIDEO_NODE = re.compile(r"/dev/video\d+|/dev/v4l/.+")

_CHOICES = (
    "auto, csi[:N], usb[:N], /dev/videoN, a video file, an image or a folder of images, "
    "rtsp://…, http://… or demo[:loop]"
)


def open_camera(source: str, *, sequence: bool = False) -> Camera:
    """Open a camera.

    Args:
        source: `auto`, `csi[:N]`, `usb[:N]` or `/dev/videoN`, a video file, an image or a folder
            of images, `rtsp://…`, `http://…`, or `demo[:loop]`.
        sequence: a folder's images are the frames of one clip instead of separate pictures.

    Raises:
        WrongUse: no such kind of source, or what the backend needs is not installed.
        EdgeEmotionError: the source is missing, cannot be opened or gives no frame.
    """
    module, opener = _BACKENDS[_kind(source, sequence)]
    backend = getattr(import_module(f"{__name__}.{module}"), opener)
    camera: Camera = backend(source)
    return camera


def is_live(source: str) -> bool:
    """Whether what `open_camera` makes of a source is live, told without opening it.

    Raises:
        EdgeEmotionError: there is no such source, as `open_camera` says.
    """
    return _kind(source) in _LIVE


def _kind(source: str, sequence: bool = False) -> str:
    if "\0" in source:
        raise WrongUse("a camera with a zero byte in its name", expected=_CHOICES)
    # The second for a symbolic link that a udev rule made
    if _VIDEO_NODE.fullmatch(source) or _VIDEO_NODE.fullmatch(os.path.realpath(source)):
        return "usb"
    scheme, separator, _ = source.partition("://")
    if separator:
        if scheme.lower() in ("rtsp", "http", "https"):
            return scheme.lower()
        raise WrongUse(f"a camera at {scheme}://", expected=_CHOICES)  # the rest may be secret
    word = source.partition(":")[0]
    if word in ("csi", "usb") or source in ("auto", "demo", "demo:loop"):
        return word
    path = Path(source)
    if source and _exists(path):
        if path.is_dir() or path.suffix.lower() in IMAGE_SUFFIXES:
            return "sequence" if sequence else "pictures"
        return "video"
    if path.suffix or path.name != source:
        raise EdgeEmotionError(
            f"there is no file or folder {source}",
            expected=_CHOICES,
            remedy="check the path",
        )
    raise WrongUse(f"unknown camera {source!r}", expected=_CHOICES)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a name longer than a file can have
        return False
