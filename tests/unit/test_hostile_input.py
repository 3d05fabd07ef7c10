"""What files and names of somebody else's may hold: each is refused in one line, soon and small.

Most of these were found by the fuzzer (tests/fuzz); what it tries at random is not repeated here.
"""

import io
import struct
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from edge_emotion.data.columns import read_columns
from edge_emotion.data.detection import read_detection_folder
from edge_emotion.data.fer2013 import read_fer2013
from edge_emotion.data.images import LARGEST_PICTURE_PX, read_image
from edge_emotion.data.keypoints import read_keypoint_folder
from edge_emotion.errors import EdgeEmotionError, WrongUse
from edge_emotion.labels import KEYPOINT_COLUMNS
from edge_emotion.modelfile import read_model, shipped_model
from edge_emotion.picture_size import claimed_size_px
from edge_emotion.testvectors import TestVectors
from edge_emotion.toml import NotToml, loads
from edge_emotion_device.cameras import open_camera
from edge_emotion_device.delegates.choice import parse_delegate
from edge_emotion_device.serving.pictures import face_of_picture
from edge_emotion_device.serving.refusal import Refusal
from edge_emotion_device.sinks.json_lines import JsonLines
from edge_emotion_device.web.address import parse_address
from helpers.refusals import refusal

ENDLESS = "9" * 5000  # Python refuses to read a number of so many digits


# Messages


def test_a_message_that_quotes_a_file_is_short_and_gives_a_terminal_no_orders() -> None:
    error = EdgeEmotionError("a.csv: \x1b[2J" + "x" * 10_000, remedy="\udcff\x07é")
    assert len(str(error)) < 1300
    assert str(error).startswith(r"a.csv: \x1b[2Jxxx") and str(error).endswith(r"…; \udcff\x07é")


# TOML


@pytest.mark.parametrize(
    "text",
    ["a = " + 2000 * "[", "a" + 3000 * ".a" + " = 1", f"a = {ENDLESS}", "a = 2026-99-99", "a"],
    ids=["lists", "tables", "a number", "a date", "no value"],
)
def test_toml_without_end_or_sense_is_refused(text: str) -> None:
    with pytest.raises(NotToml):
        loads(text)


def test_toml_as_people_write_it_is_read() -> None:
    assert loads("[a.b]\nc = [[1, 2]]\n") == {"a": {"b": {"c": [[1, 2]]}}}


# Names on a command line or in settings


@pytest.mark.parametrize("name", ["a\0b.mp4", "x" * 300, f"{'x' * 300}.mp4"])
def test_a_camera_that_no_file_can_be_called_is_refused(name: str) -> None:
    with pytest.raises(EdgeEmotionError):
        open_camera(name)


@pytest.mark.parametrize("port", [ENDLESS, f"localhost:{ENDLESS}"])
def test_a_port_of_many_digits_is_refused(port: str) -> None:
    with pytest.raises(WrongUse):
        parse_address(port)


def test_a_delegate_of_many_digits_is_refused() -> None:
    with pytest.raises(WrongUse):
        parse_delegate(f"edgetpu:{ENDLESS}")


@pytest.mark.parametrize("library", ["x" * 300, "~nobody-of-this-name/a.so", "a\0.so"])
def test_a_library_that_no_file_can_be_called_is_left_to_the_system(library: str) -> None:
    assert parse_delegate(f"external:{library}").library == library


# Pictures


def _picture(suffix: str) -> bytes:
    return bytes(cv2.imencode(suffix, np.full((30, 40), 9, np.uint8))[1].tobytes())


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp", ".webp", ".tif", ".pgm"])
def test_the_size_of_a_picture_is_told_by_its_header(suffix: str) -> None:
    content = _picture(suffix)
    assert claimed_size_px(content) == (40, 30)
    assert claimed_size_px(content[:6]) == (0, 0)


@pytest.mark.parametrize(
    ("kind", "channels", "quality"),
    [(b"VP8 ", 3, 30), (b"VP8L", 3, 101), (b"VP8X", 4, 30)],
    ids=["lossy", "lossless", "with alpha"],
)
def test_the_size_of_any_webp_is_told(kind: bytes, channels: int, quality: int) -> None:
    image = np.zeros((300, 1, channels), np.uint8)
    content = cv2.imencode(".webp", image, (cv2.IMWRITE_WEBP_QUALITY, quality))[1].tobytes()
    assert content[12:16] == kind
    assert claimed_size_px(content) == (1, 300)


@pytest.mark.parametrize(("order", "beginning"), [("<", b"II*\0"), (">", b"MM\0*")])
def test_the_size_of_a_tiff_of_either_byte_order_is_told(order: str, beginning: bytes) -> None:
    width = struct.pack(order + "HHIHxx", 256, 3, 1, 40)  # a SHORT
    height = struct.pack(order + "HHII", 257, 4, 1, 30)  # a LONG
    content = beginning + struct.pack(order + "IH", 8, 2) + width + height
    assert claimed_size_px(content) == (40, 30)


def test_a_jpegs_markers_may_begin_with_any_number_of_fill_bytes() -> None:
    content = _picture(".jpg")
    assert claimed_size_px(content[:2] + b"\xff" * 3 + content[2:]) == (40, 30)


def test_a_jpeg_that_goes_on_without_a_marker_has_no_size() -> None:
    assert claimed_size_px(_picture(".jpg")[:2] + bytes(100)) == (0, 0)


def _chunk(kind: bytes, body: bytes, length: int | None = None) -> bytes:
    size = len(body) if length is None else length
    return struct.pack(">I", size) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _png(width: int, height: int, data_length: int | None = None) -> bytes:
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    data = _chunk(b"IDAT", zlib.compress(bytes(1000)), data_length)
    return b"\x89PNG\r\n\x1a\n" + header + data + _chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (_png(60_000, 60_000), "has 60000x60000 px; expected at most 100 million"),
        (_png(10_001, 10_000), "has 10001x10000 px"),
        (_png(40, 30, data_length=2**31 - 2**24), "is not a picture that can be read"),
        (b"P5\n30000 30000\n255\n", "has 30000x30000 px"),
        (_picture(".jpg").replace(b"\0\x1e\0\x28", b"\xff\xff\xff\xff"), "has 65535x65535 px"),
        (cv2.imencode(".hdr", np.zeros((3, 3, 3), np.float32))[1].tobytes(), "is not a picture"),
    ],
    ids=["a flood", "just too large", "a huge chunk", "a gray map", "a JPEG", "another format"],
)
def test_a_picture_that_claims_too_much_is_not_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, message: str
) -> None:
    monkeypatch.setattr(cv2, "imdecode", lambda *_: pytest.fail("it is decoded"))
    (tmp_path / "a.png").write_bytes(content)
    assert message in refusal(lambda: read_image(tmp_path / "a.png"))


def test_a_client_of_serve_cannot_send_such_a_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cv2, "imdecode", lambda *_: pytest.fail("it is decoded"))
    for content in (_png(40, 30, data_length=2**31 - 1), _png(60_000, 1), _picture(".bmp")):
        with pytest.raises(Refusal):
            face_of_picture(content)


def test_the_largest_picture_is_larger_than_what_cameras_take() -> None:
    assert LARGEST_PICTURE_PX >= 50_000_000


# Tables


def _folder(folder: Path, name: str) -> Path:
    (folder / "images").mkdir()
    (folder / "outside.png").write_bytes(_png(96, 96))
    header = ",".join(["image", *KEYPOINT_COLUMNS])
    row = ",".join([name, *["5"] * len(KEYPOINT_COLUMNS)])
    (folder / "keypoints.csv").write_text(f"{header}\n{row}\n")
    boxes = "image,x1,y1,x2,y2,blur,occlusion,ignore"
    (folder / "faces.csv").write_text(f"{boxes}\n{name},1,1,9,9,0,0,0\n")
    return folder


@pytest.mark.parametrize("read", [read_keypoint_folder, read_detection_folder])
@pytest.mark.parametrize("name", ["../outside.png", "a/../../outside.png", "{}/outside.png"])
def test_a_table_names_no_picture_outside_its_folder(
    tmp_path: Path, read: Callable[[Path], object], name: str
) -> None:
    folder = _folder(tmp_path, name.format(tmp_path))
    assert "line 2" in (told := refusal(lambda: read(folder))) and "leads out of" in told


@pytest.mark.parametrize("read", [read_keypoint_folder, read_detection_folder])
def test_a_picture_with_a_zero_byte_in_its_name_is_refused(
    tmp_path: Path, read: Callable[[Path], object]
) -> None:
    assert "cannot read" in refusal(lambda: read(_folder(tmp_path, "a\0.png")))


def test_a_class_of_many_digits_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(f"emotion,pixels,Usage\n{ENDLESS},1 2,Training\n")
    assert "line 2: emotion '999" in refusal(lambda: read_fer2013(tmp_path / "a.csv"))


def _zip(method: int, old: bytes, new: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        archive.writestr("é.csv", "emotion,pixels\n0,1\n" * 50)
    content = stream.getvalue()
    assert old in content
    return content.replace(old, new)


@pytest.mark.parametrize(
    "content",
    [
        _zip(zipfile.ZIP_STORED, "é".encode(), b"\xff\xff"),
        _zip(zipfile.ZIP_LZMA, b"\x09\x04\x05\x00", b"\x09\x04\x05\xff"),
    ],
    ids=["its name is no text", "its LZMA is none"],
)
def test_a_damaged_zip_of_any_kind_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.zip").write_bytes(content)
    told = refusal(lambda: read_columns(tmp_path / "a.zip"))
    assert told.endswith("copy or download it again")


@pytest.mark.parametrize("piece", ["\n", "0", "3,1 2 3\n"])
def test_a_zip_that_unpacks_to_very_much_is_not_unpacked(tmp_path: Path, piece: str) -> None:
    file = tmp_path / "bomb.zip"
    with (
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("data.csv", "w") as packed,
    ):
        packed.write(b"emotion,pixels\n")
        for _ in range(30):
            packed.write(piece.encode() * ((1 << 20) // len(piece)))
    tracemalloc.start()
    assert "as no table of faces does" in refusal(lambda: read_columns(file))
    assert tracemalloc.get_traced_memory()[1] < 5 << 20
    tracemalloc.stop()


# Model files


def test_metadata_nested_without_end_is_refused(tmp_path: Path) -> None:
    flatbuffer = read_model(shipped_model("emotion")).flatbuffer
    file = tmp_path / "a.tflite"
    file.write_bytes(flatbuffer)
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("metadata.json", "[" * 900_000)
    assert "carries no readable metadata.json" in refusal(lambda: read_model(file))


def test_test_vectors_without_end_are_refused() -> None:
    many = 100_000
    with pytest.raises(ValueError, match="at most 512"):
        TestVectors(tuple(range(many)), "", many * ("00",))


# What a broker sends


def test_a_topic_that_is_no_text_is_passed_over() -> None:
    client = pytest.importorskip("paho.mqtt.client", reason="the extra mqtt is not installed")
    from edge_emotion_device.mqtt.connection import Connection

    here = SimpleNamespace(_will="pi/status", asked=0, _wake=lambda: None)
    for topic, asked in ((b"pi/\xcc", 0), (b"pi/status", 1)):
        message = client.MQTTMessage(topic=topic)
        message.payload = b"offline"
        Connection._on_message(here, None, None, message)
        assert here.asked == asked


# Files of readings


@pytest.mark.parametrize("zeros", [1, 5000])
def test_a_log_whose_end_a_power_cut_left_as_zeros_is_gone_on_with(
    tmp_path: Path, zeros: int
) -> None:
    file = tmp_path / "readings.jsonl"
    for torn in (b"", b'{"frame":1,"ti'):
        file.write_bytes(b'{"frame":0,"faces":0}\n' + torn + bytes(zeros))
        JsonLines.to_log(file).close()
        assert file.read_bytes() == b'{"frame":0,"faces":0}\n'
    file.write_bytes(bytes(zeros))
    JsonLines.to_log(file).close()
    assert file.read_bytes() == b""
