"""A Raspberry Pi camera on the CSI connector, through picamera2."""

from concurrent.futures import TimeoutError as NoResult
from typing import Any

from edge_emotion.errors import EdgeEmotionError, WrongUse
from edge_emotion.types import Frame
from edge_emotion_device.cameras.base import Camera, Stopwatch, device_number

SIZE_PX = (640, 480)
FPS = 30.0
READ_TIMEOUT_S = 5.0


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
        cameras = picamera2.Picamera2.global_camera_info()
        if number >= len(cameras):
            raise EdgeEmotionError(
                f"there is no camera {self.name}; libcamera finds {len(cameras)}",
                remedy="check the ribbon cable and what `rpicam-hello --list-cameras` prints, "
                "or use --camera demo",
            )
        try:
            self._camera = picamera2.Picamera2(number)
        except (RuntimeError, IndexError) as error:
            raise self._cannot_start(error) from error
        try:
            self._camera.configure(
                self._camera.create_video_configuration(
                    main={"size": SIZE_PX},
                    lores={"size": SIZE_PX, "format": "YUV420"},
                    colour_space=libcamera.ColorSpace.Sycc(),  # the full-range one
                    controls={"FrameRate": FPS},
                    display=None,
                    encode=None,
                    queue=False,  # a frame asked for now is exposed now
                )
            )
            self._size_px: tuple[int, int] = self._camera.stream_configuration("lores")["size"]
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

    def _cannot_start(self, error: Exception) -> EdgeEmotionError:
        return EdgeEmotionError(
            f"{self.name} cannot be started: {error}",
            remedy="close other programs that use the camera",
        )


def _import() -> tuple[Any, Any]:
    try:
        import libcamera
        import picamera2
    except (ImportError, ValueError) as error:  # ValueError: built for another NumPy
        raise WrongUse(
            f"a CSI camera needs picamera2, which cannot be imported ({error})",
            remedy="run: sudo apt install python3-picamera2, make the virtual environment with "
            "--system-site-packages and, on Bookworm, install 'numpy<2' "
            "'opencv-python-headless<4.12' in it",
        ) from error
    return picamera2, libcamera
