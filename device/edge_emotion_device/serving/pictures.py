"""A JPEG or PNG file of one framed face, as a client sends it."""

import cv2
import numpy as np

from edge_emotion.picture_size import claimed_size_px
from edge_emotion.preprocess import SquareCrop, face_inputs
from edge_emotion.quiet import silence_opencv
from edge_emotion.types import Image
from edge_emotion_device.serving.refusal import Refusal, invalid

# A picture takes 3 bytes a pixel once it is decoded, and a file of a few kB can claim any size.
LARGEST_PX = 8_000_000
MOST_PX_AT_ONCE = 32_000_000  # of one request
_BEGINNINGS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8")


def face_of_picture(content: bytes, most_px: int = LARGEST_PX) -> tuple[Image, SquareCrop]:
    """Decode a picture that shows one face, framed as the networks take it.

    A picture that is not square is filled up to a square by repeating its edge.

    Args:
        content: of the file.
        most_px: pixels that the square may have, and in any case `LARGEST_PX`.

    Returns:
        `(96, 96) uint8` gray, and the crop that maps its pixels to the picture's.

    Raises:
        Refusal: it is no JPEG or PNG, or has too many pixels.
    """
    width, height = claimed_size_px(content)
    if not (width and height and content.startswith(_BEGINNINGS)):
        raise _no_picture(content)
    most_px = min(most_px, LARGEST_PX)
    if max(width, height) ** 2 > most_px:
        raise invalid(
            f"a picture of {width}x{height} px; expected a square of at most {most_px} pixels, "
            f"and {MOST_PX_AT_ONCE} in all pictures of a request"
        )
    silence_opencv()  # the refusal tells
    try:
        picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        picture = None
    if picture is None or min(picture.shape[:2]) < 2:
        raise _no_picture(content)
    height, width = picture.shape[:2]
    crop = SquareCrop.around(width / 2 - 0.5, height / 2 - 0.5, max(width, height))
    return face_inputs(picture, crop)[0], crop


def _no_picture(content: bytes) -> Refusal:
    return invalid(
        f"{len(content)} bytes that are no picture; expected a JPEG or PNG file, "
        'as {"b64": "..."}, that shows one face'
    )
