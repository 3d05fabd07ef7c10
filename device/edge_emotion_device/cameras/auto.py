"""The camera of a machine that nobody told which one it has."""

from edge_emotion.errors import EdgeEmotionError
from edge_emotion_device.cameras.base import Camera
from edge_emotion_device.cameras.csi import CsiCamera
from edge_emotion_device.cameras.v4l2 import V4l2Camera
from edge_emotion_device.cameras.v4l2_device import captures, video_devices


def open_first(source: str = "auto") -> Camera:
    """The first CSI camera, else the first V4L2 device that gives a frame.

    Raises:
        EdgeEmotionError: there is neither; says what was looked for.
    """
    try:
        return CsiCamera("csi")
    except EdgeEmotionError as error:
        found = [f"csi: {error}"]
    devices = [device for device in video_devices() if captures(device)]
    for device in devices:
        try:
            return V4l2Camera(device)
        except EdgeEmotionError as error:
            found.append(str(error))
    if not devices:
        found.append("usb: there is no /dev/videoN that is a camera")
    raise EdgeEmotionError(
        f"no camera was found ({'. '.join(found)})",
        remedy="connect one, or use --camera demo, a video file or a folder of images",
    )
