"""Pictures that clients send: framed faces, and what is none."""

import struct
import zlib

import cv2
import numpy as np
import pytest

from edge_emotion.preprocess import resize_square
from edge_emotion_device.serving.pictures import LARGEST_PX, face_of_picture
from edge_emotion_device.serving.refusal import Refusal

FACE = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 256, (200, 200), np.uint8), (9, 9), 0)


def encoded(picture: np.ndarray, kind: str) -> bytes:
    return cv2.imencode(kind, picture)[1].tobytes()


def png_that_claims(width: int, height: int) -> bytes:
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunk = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    return b"\x89PNG\r\n\x1a\n" + chunk


def test_a_png_is_resized_as_a_camera_picture_is():
    face, crop = face_of_picture(encoded(FACE, ".png"))

    np.testing.assert_array_equal(face, resize_square(FACE, 96))
    np.testing.assert_allclose(crop.to_frame(np.float32([[47.5, 47.5]]), 96), [[99.5, 99.5]])


@pytest.mark.parametrize("kind", [".jpg", ".png"])
@pytest.mark.parametrize("shape", [(96, 96), (48, 48), (97, 97, 3), (300, 180), (90, 200, 3)])
def test_any_size_and_colour_gives_a_face_of_96_px(kind, shape):
    face, crop = face_of_picture(encoded(np.full(shape, 77, np.uint8), kind))

    assert face.shape == (96, 96)
    assert crop.side == max(shape[:2])
    assert np.abs(face.astype(int) - 77).max() <= 2


def test_a_progressive_jpeg_with_a_comment_is_read():
    jpeg = cv2.imencode(".jpg", FACE, [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])[1].tobytes()
    commented = jpeg[:2] + b"\xff\xfe\x00\x06seen" + b"\xff" + jpeg[2:]

    assert face_of_picture(commented)[0].shape == (96, 96)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xd8",
        b"\xff\xd8\xff",
        b"\xff\xd8\xff\xe0\x00\x00" * 20,
        b"\x89PNG\r\n\x1a\n",
        b"GIF89a" + bytes(100),
        encoded(FACE, ".bmp"),
        encoded(FACE, ".jpg")[:30],
        encoded(FACE, ".png")[:60],
        png_that_claims(0, 0),
        png_that_claims(1, 1),
        png_that_claims(96, 96),
        "ünicode".encode(),
    ],
    ids=range(13),
)
def test_what_is_no_picture_is_refused(content):
    with pytest.raises(Refusal, match="no picture; expected a JPEG or PNG") as refused:
        face_of_picture(content)
    assert refused.value.status == 400


def test_a_small_file_that_claims_a_huge_picture_is_not_decoded():
    with pytest.raises(Refusal, match="100000x100000 px; expected a square of at most"):
        face_of_picture(png_that_claims(100_000, 100_000))


def test_a_long_strip_counts_as_the_square_it_is_filled_up_to():
    with pytest.raises(Refusal, match="4000x2 px"):
        face_of_picture(encoded(np.zeros((2, 4000), np.uint8), ".png"))
    assert 4000 * 2 < LARGEST_PX < 4000**2


def test_what_other_pictures_of_the_request_left_is_the_limit():
    with pytest.raises(Refusal, match="at most 39999 pixels"):
        face_of_picture(encoded(FACE, ".png"), 39_999)
    assert face_of_picture(encoded(FACE, ".png"), 40_000)[0].shape == (96, 96)
