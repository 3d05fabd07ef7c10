"""A Raspberry Pi camera on the CSI connector, through picamera2."""

import logging
import os
import sys
from concurrent.futures import TimeoutError as NoResult
from pathlib import Path
from typing import Any

from edge_emotion.errors import EdgeEmotionError, WrongUse, warn
from edge_emotion.types import Frame
from edge_emotion_device.cameras.base import Camera, Stopwatch, device_number
from edge_emotion_device.cameras.v4l2_device import holders

SIZE_PX = (640, 480)
FPS = 30.0
READ_TIMEOUT_S = 3.0
SYSTEM_PACKAGES = Path("/usr/lib/python3/dist-packages")  # where apt puts picamera2 and libcamera


class CsiCamera(Camera):
    """Gray frames of a CSI camera, as `csi[:N]`.

    They are the Y plane of the low-resolution YUV420 stream as the ISP wrote it: gray without a
    conversion.  Full range is asked for, so that black is 0 and white 255, as in the pictures the
    networks learned from.
    """

    kind = "live"
    fps: float | None = FPS

    def __init__(self, source: str = "csi") -> None:
        number = device_number(source)
        self.name = f"csi:{number}"
        picamera2, libcamera = _import()
        # libcamera lists USB cameras too, by where they are plugged in; those are `usb`.
        listed = picamera2.Picamera2.global_camera_info()
        cameras = [camera["Num"] for camera in listed if "usb" not in camera["Id"].lower()]
        if number >= len(cameras):
            raise EdgeEmotionError(
                f"there is no camera {self.name}; libcamera finds {len(cameras)}",
                remedy="check the ribbon cable and what `rpicam-hello --list-cameras` prints, "
                "or use --camera demo",
            )
        try:
            self._camera = picamera2.Picamera2(cameras[number])
        except (RuntimeError, IndexError) as error:
            raise self._cannot_start(error) from error
        try:
            self._camera.configure(
                self._camera.create_video_configuration(
                    main={"size": SIZE_PX, "format": "YUV420"},  # not read, so the smallest
                    lores={"size": SIZE_PX, "format": "YUV420"},
                    # The full-range one; picamera2's choice for a video of this size is Smpte170m.
                    colour_space=libcamera.ColorSpace.Sycc(),
                    controls={"FrameRate": FPS},
                    display=None,
                    encode=None,
                    queue=False,  # a frame asked for now is exposed now
                )
            )
            self._size_px: tuple[int, int] = self._camera.stream_configuration("lores")["size"]
            self._tell_limited_range(libcamera.ColorSpace.Range.Full)
            self._camera.start()
        except Exception as error:
            self._camera.close()
            raise self._cannot_start(error) from error
        self._clock = Stopwatch()
        self._index = 0

    def read(self) -> Frame | None:
        """The next frame, `(480, 640) uint8` gray.

        Raises:
            EdgeEmotionError: the camera gave none in time.
        """
        job = self._camera.capture_array("lores", wait=False)
        try:
            planes = self._camera.wait(job, timeout=READ_TIMEOUT_S)
        except NoResult as error:
            self._camera.cancel_all_and_flush()  # or closing would wait for the frame forever
            raise EdgeEmotionError(
                f"{self.name} has given no frame for {READ_TIMEOUT_S:g} s",
                remedy="check the ribbon cable",
            ) from error
        # The planes lie under each other, Y first; rows are padded to the ISP's stride.
        width, height = self._size_px
        frame = Frame(planes[:height, :width], self._index, self._clock.elapsed_s())
        self._index += 1
        return frame

    def close(self) -> None:
        """Stop the camera and give it back."""
        self._camera.close()

    def _tell_limited_range(self, full: Any) -> None:
        # picamera2's own answer leaves the range out, so libcamera's is asked for.
        stream = self._camera.libcamera_config.at(self._camera.lores_index)
        if stream.color_space is None or stream.color_space.range != full:
            warn(
                f"{self.name} gives black as 16 and white as 235 (colour space "
                f"{stream.color_space}); asked for the full range, so faces look paler than they "
                "should"
            )

    def _cannot_start(self, error: BaseException) -> EdgeEmotionError:
        while error.__cause__ is not None:  # picamera2 wraps what libcamera says
            error = error.__cause__
        others = " and ".join(holders(*Path("/dev").glob("media*")))
        return EdgeEmotionError(
            f"{self.name} cannot be started: {error}",
            remedy="close other programs that use it"
            + (f"; open now in {others}" if others else ""),
        )


def _import() -> tuple[Any, Any]:
    # stderr is for our own lines
    os.environ.setdefault("LIBCAMERA_LOG_LEVELS", "*:ERROR")
    logging.getLogger("picamera2").setLevel(logging.CRITICAL)
    try:
        import libcamera
        import picamera2
    except (ImportError, ValueError) as error:  # ValueError: built for another NumPy
        raise WrongUse(
            f"a CSI camera needs picamera2 and libcamera, which cannot be imported ({error})",
            remedy=_import_remedy(error),
        ) from error
    return picamera2, libcamera


def _import_remedy(error: Exception) -> str:
    if isinstance(error, ValueError):
        return "on Bookworm, run: pip install 'numpy<2' 'opencv-python-headless<4.12'"
    if getattr(error, "name", None) == "pykms":
        return "run: sudo apt install python3-kms++"  # a recommendation of python3-picamera2 only
    if not (SYSTEM_PACKAGES / "libcamera").is_dir():
        return "on Raspberry Pi OS, run: sudo apt install python3-picamera2"
    if sys.prefix != sys.base_prefix and str(SYSTEM_PACKAGES) not in sys.path:
        return (
            "the system has them but this virtual environment does not see them: set "
            f"include-system-site-packages = true in {sys.prefix}/pyvenv.cfg"
        )
    return (
        "the system's are for the system's Python: make the virtual environment with "
        "/usr/bin/python3 -m venv --system-site-packages"
    )
