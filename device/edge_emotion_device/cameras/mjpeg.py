"""A network camera that sends MJPEG over HTTP: JPEG files as the parts of one endless answer."""

from http.client import HTTPException, HTTPResponse
from time import monotonic
from urllib import request
from urllib.error import HTTPError
from urllib.parse import quote, unquote

import cv2
import numpy as np

from edge_emotion.errors import EdgeEmotionError, warn
from edge_emotion.picture_size import claimed_size_px
from edge_emotion.quiet import silence_opencv
from edge_emotion.types import Frame, Image
from edge_emotion_device.cameras.base import Camera, Stopwatch
from edge_emotion_device.cameras.network import split, unreachable, without_password, without_user

TIMEOUT_S = 4.0  # for the answer, and for each picture
MAX_PART_BYTES = 32 << 20  # a JPEG of 20 megapixels has about 10 MB
MAX_PIXELS = 25_000_000  # 75 MB once decoded
MAX_LINE_BYTES = 4096
CHUNK_BYTES = 1 << 16
CONTENT_TYPE = "multipart/x-mixed-replace"
_ADDRESS_CHARACTERS = "%/:;=&?~+!$,'@()*[]|"


class MjpegStream(Camera):
    """A stream at an `http://` or `https://` address.  Messages never show its password.

    It is read here and not by FFmpeg, which keeps the whole of a part that never ends, and whose
    reads outlast their timeout.  A picture that cannot be decoded is left out; the first is told.
    """

    kind = "live"
    fps: float | None = None

    def __init__(self, source: str) -> None:
        silence_opencv()
        self.name = without_password(source)
        self._clock = Stopwatch()
        self._index = self._broken = 0
        self._response = _open(source, self.name)
        self._parts = _Parts(self._response)
        self._pending: Image | None = None
        try:
            self._pending = self._picture()  # so a mute source is found at once
        except EdgeEmotionError:
            self.close()
            raise

    def read(self) -> Frame | None:
        """The next frame.

        Raises:
            EdgeEmotionError: none came in time, or the stream ended.
        """
        image, self._pending = self._pending, None
        if image is None:
            image = self._picture()
        frame = Frame(image, self._index, self._clock.elapsed_s())
        self._index += 1
        return frame

    def close(self) -> None:
        """End the connection."""
        self._response.close()

    def _picture(self) -> Image:
        until_s = monotonic() + TIMEOUT_S
        while True:
            try:
                part = self._parts.next(until_s)
            except (OSError, HTTPException, EOFError) as error:
                reason = str(error) or "the connection was closed"
                raise EdgeEmotionError(
                    f"{self.name} stopped giving frames after {self._index}: {reason}",
                    remedy="check its cable, power or network",
                ) from error
            width, height = claimed_size_px(part)
            fits = width * height <= MAX_PIXELS
            image = _decoded(part) if width and fits else None
            if image is not None:
                return image
            self._broken += 1
            if self._broken == 1:
                fault = "broken picture" if fits else f"too large picture ({width}×{height} px)"
                found = f"{self.name}: a {fault} of {len(part)} bytes"
                warn(f"{found} was left out; others will be without a word")


class _Parts:
    """The parts of a multipart answer (RFC 2046, section 5.1), as cameras send it: with or without
    a Content-Length, and with a delimiter that need not be the announced one.
    """

    def __init__(self, response: HTTPResponse) -> None:
        self._response = response
        self._received = bytearray()

    def next(self, until_s: float) -> bytes:
        """The body of the next part.

        Raises:
            OSError: it did not come until then, or has no end.
            EOFError: the stream is over.
        """
        while not (delimiter := self._line(until_s)).startswith(b"--"):
            pass
        length = -1
        while header := self._line(until_s):
            key, _, value = header.partition(b":")
            if key.strip().lower() == b"content-length" and value.strip().isdigit():
                length = int(value)
        if length >= 0:
            return self._take(length, until_s)
        return self._take(self._find(b"\n" + delimiter, MAX_PART_BYTES, until_s), until_s)

    def _line(self, until_s: float) -> bytes:
        end = self._find(b"\n", MAX_LINE_BYTES, until_s)
        return self._take(end + 1, until_s).strip()

    def _find(self, wanted: bytes, limit: int, until_s: float) -> int:
        searched = 0
        while (at := self._received.find(wanted, searched)) < 0:
            searched = max(0, len(self._received) - len(wanted))
            if searched > limit:
                raise OSError(f"a part of it does not end within {limit} bytes")
            self._receive(until_s)
        return at

    def _take(self, count: int, until_s: float) -> bytes:
        if count > MAX_PART_BYTES:
            raise OSError(f"a part of it has {count} bytes")
        while len(self._received) < count:
            self._receive(until_s)
        taken = bytes(self._received[:count])
        del self._received[:count]
        return taken

    def _receive(self, until_s: float) -> None:
        if monotonic() >= until_s:
            raise TimeoutError(f"no picture has come for {TIMEOUT_S:g} s")
        chunk = self._response.read1(CHUNK_BYTES)
        if not chunk:
            raise EOFError("the stream has ended")
        self._received += chunk


def _open(source: str, name: str) -> HTTPResponse:
    parts, handlers = split(source), []
    address = without_user(parts)._replace(
        path=quote(parts.path, _ADDRESS_CHARACTERS), query=quote(parts.query, _ADDRESS_CHARACTERS)
    )
    if parts.username is not None:
        passwords = request.HTTPPasswordMgrWithDefaultRealm()
        user, password = unquote(parts.username), unquote(parts.password or "")
        passwords.add_password(None, address.geturl(), user, password)
        handlers = [
            request.HTTPBasicAuthHandler(passwords),
            request.HTTPDigestAuthHandler(passwords),
        ]
    try:
        opener = request.build_opener(*handlers)
        response: HTTPResponse = opener.open(address.geturl(), timeout=TIMEOUT_S)
    except HTTPError as error:
        error.close()
        raise EdgeEmotionError(
            f"{name} gives no frame: it answers {error.code} {error.reason}",
            remedy="check the path, and that the address has a name and password where the camera "
            "wants them (http://NAME:PASSWORD@HOST/PATH)",
        ) from error
    except (OSError, HTTPException, ValueError) as error:
        raise unreachable(name, getattr(error, "reason", error)) from error
    kind = response.headers.get_content_type()
    if not kind.startswith("multipart/"):
        response.close()
        raise EdgeEmotionError(
            f"{name} gives {kind}",
            expected=f"an MJPEG stream, which is {CONTENT_TYPE}",
            remedy="look up the address of the camera's stream in its manual",
        )
    return response


def _decoded(jpeg: bytes) -> Image | None:
    try:
        image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:  # nothing in it
        return None
    return None if image is None else np.asarray(image, np.uint8)
