"""Data sets: CSV tables, plain and zipped, with their pictures; and pictures by themselves."""

import io
import random
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from edge_emotion.data.cleaning import read_left_out, rows_to_leave_out
from edge_emotion.data.columns import read_columns
from edge_emotion.data.detection import read_detection_folder, read_wider_face
from edge_emotion.data.fer2013 import not_faces, read_fer2013
from edge_emotion.data.formats import open_data
from edge_emotion.data.images import read_image
from edge_emotion.labels import KEYPOINT_COLUMNS
from edge_emotion_device.cameras import mjpeg
from fuzz.engine import Target, Try
from fuzz.mutate import WORDS, mutated, reworded

_WORDS = (*WORDS, "emotion", "pixels", "Usage", "Training", "Image", "ImageId", "48", "image")
_NAMES = ("../../../etc/passwd", "/etc/passwd", "a.png/..", "", ".", "a\x00.png", "b.png", "é.png")


def _gray(side: int) -> str:
    return " ".join(str(value % 256) for value in range(side * side))


def _points() -> list[str]:
    return [f"{20 + 2 * index}.5" for index in range(len(KEYPOINT_COLUMNS))]


@cache
def _tables() -> dict[str, list[list[str]]]:
    """A right table for each reader: a header, and two rows."""
    votes = [
        "Usage",
        "Image name",
        *["neutral", "happiness", "surprise", "sadness", "anger", "disgust"],
    ]
    boxes = ["image", "x1", "y1", "x2", "y2", "blur", "occlusion", "ignore"]
    return {
        "fer2013": [["emotion", "pixels", "Usage"], *[[n, _gray(48), "Training"] for n in "03"]],
        "course": [["emotion", "pixels"], ["1", _gray(48)], ["4", _gray(48)]],
        "ferplus": [votes, ["Training", "a.png", *"012340"], ["Training", "", *"000000"]],
        "kaggle": [[*KEYPOINT_COLUMNS, "Image"], *[[*_points(), _gray(96)]] * 2],
        "kaggle test": [["ImageId", "Image"], ["1", _gray(96)], ["2", _gray(96)]],
        "folder": [["image", *KEYPOINT_COLUMNS], *[[f"{n}.png", *_points()] for n in "ab"]],
        "boxes": [boxes, ["a.png", *["2", "2", "60", "60", "0", "1", "0"]], ["b.png", *[""] * 7]],
        "left out": [["row", "name", "reason"], ["0", "row 0", "blank"], ["7", "row 7", "x"]],
    }


_READERS: dict[str, Callable[[Path], Any]] = {
    "ferplus": not_faces,
    "left out": read_left_out,
    "columns": read_columns,
}


@contextmanager
def tables(folder: Path) -> Iterator[Try]:
    """Rows of every table, by cells, by text and by bytes; plain and zipped."""
    for name in ("a.png", "b.png"):
        (folder / "images").mkdir(exist_ok=True)
        cv2.imwrite(str(folder / "images" / name), np.full((96, 96), 90, np.uint8))

    def attempt(draw: random.Random) -> None:
        kind = draw.choice(list(_tables()))
        content = _damaged_table(draw, _tables()[kind])
        name = {"folder": "keypoints.csv", "boxes": "faces.csv"}.get(kind, "data.csv")
        for stale in folder.glob("*.csv"):
            stale.unlink()
        file = folder / name
        if name == "data.csv" and draw.random() < 0.15:
            file = file.with_suffix(".zip")
            content = _zipped(draw, content)
        file.write_bytes(content)
        _read(draw, kind, folder, file)

    yield attempt


def _read(draw: random.Random, kind: str, folder: Path, file: Path) -> None:
    if kind == "boxes":
        read_detection_folder(folder)
    elif kind == "folder":
        rows_to_leave_out(open_data(folder))
    elif draw.random() < 0.1:
        read_columns(file)
    elif reader := _READERS.get(kind):
        reader(file)
    elif kind == "fer2013" and draw.random() < 0.3:
        votes = folder / "votes.csv"
        votes.write_bytes(_damaged_table(draw, _tables()["ferplus"]))
        read_fer2013(file, votes)
    else:
        open_data(file)


def _damaged_table(draw: random.Random, rows: list[list[str]]) -> bytes:
    rows = [list(row) for row in rows]
    for _ in range(draw.choice((0, 1, 1, 2, 3))):
        row = draw.choice(rows)
        if not row:
            continue
        place = draw.randrange(len(row))
        kind = draw.random()
        if kind < 0.4:
            row[place] = draw.choice((*_WORDS, *_NAMES))
        elif kind < 0.7:
            row[place] = reworded(draw, row[place], _WORDS)
        elif kind < 0.8:
            del row[place]
        elif kind < 0.9:
            row.append(draw.choice(_WORDS))
        else:
            rows.append(list(row))
    ending = draw.choice(("\n", "\n", "\r\n", "\r"))
    separator = draw.choices((",", ";", "\t"), (95, 3, 2))[0]
    quote = '"' if draw.random() < 0.1 else ""
    text = ending.join(separator.join(f"{quote}{cell}{quote}" for cell in row) for row in rows)
    if draw.random() < 0.2:
        text = reworded(draw, text, _WORDS)
    encoding = draw.choices(("utf-8", "utf-8-sig", "utf-16", "latin-1"), (90, 4, 3, 3))[0]
    content = text.encode(encoding, "replace")
    return mutated(draw, content) if draw.random() < 0.15 else content


def _zipped(draw: random.Random, content: bytes) -> bytes:
    stream = io.BytesIO()
    method = draw.choice(
        (zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
    )
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name in draw.choice((("data.csv",), ("../data.csv",), ("a.csv", "b.csv"), ("a.txt",))):
            archive.writestr(name, content)
    return mutated(draw, stream.getvalue()) if draw.random() < 0.8 else stream.getvalue()


@contextmanager
def bombs(folder: Path) -> Iterator[Try]:
    """Small zips that unpack to very much, as rows that are right or as one endless line."""

    header, row, _ = _tables()["course"]
    made = []
    for piece in (",".join(row) + "\n", "0" * 1000, "\n" * 1000, '"' * 1000, "\0" * 1000):
        for megabytes in (20, 300):
            made.append(folder / f"{len(made)}.zip")
            block = (piece * (1 + (1 << 20) // len(piece))).encode()
            with (
                zipfile.ZipFile(made[-1], "w", zipfile.ZIP_DEFLATED) as archive,
                archive.open("data.csv", "w", force_zip64=True) as packed,
            ):
                packed.write(",".join(header).encode() + b"\n")
                for _ in range(megabytes):
                    packed.write(block)

    yield lambda draw: open_data(draw.choice(made))


@contextmanager
def wider_face(folder: Path) -> Iterator[Try]:
    """WIDER FACE's own text."""
    pictures = folder / "WIDER_train" / "images" / "0--Parade"
    pictures.mkdir(parents=True)
    for name in ("a.jpg", "b.jpg"):
        cv2.imwrite(str(pictures / name), np.full((120, 160), 90, np.uint8))
    right = "0--Parade/a.jpg\n2\n8 9 50 60 0 0 0 0 0 0 \n70 9 30 40 1 0 0 0 2 1 \n"
    right += "0--Parade/b.jpg\n0\n0 0 0 0 0 0 0 0 0 0 \n"

    def attempt(draw: random.Random) -> None:
        content = reworded(draw, right, (*_NAMES, "0--Parade/a.jpg", "-5", "1e400")).encode()
        file = folder / "wider_face_train_bbx_gt.txt"
        file.write_bytes(mutated(draw, content) if draw.random() < 0.2 else content)
        read_wider_face(file)

    yield attempt


@cache
def _pictures() -> dict[str, bytes]:
    """A small picture in every format; its header is what is changed most."""
    rng = np.random.default_rng(3)
    image = cv2.resize(rng.integers(0, 256, (6, 6, 3), np.uint8), (40, 30))
    found = {
        suffix: cv2.imencode(suffix, image)[1].tobytes()
        for suffix in (".jpg", ".png", ".bmp", ".webp", ".tif", ".ppm")
    }
    found[".pgm"] = cv2.imencode(".pgm", image[..., 0])[1].tobytes()
    progressive = (cv2.IMWRITE_JPEG_PROGRESSIVE, 1)
    found["progressive"] = cv2.imencode(".jpg", image, progressive)[1].tobytes()
    # Formats that are none of ours, which OpenCV would read all the same.
    for suffix in (".hdr", ".sr"):
        found[suffix] = cv2.imencode(suffix, image)[1].tobytes()
    return found


@contextmanager
def pictures(folder: Path) -> Iterator[Try]:
    """Pictures of every format, damaged, and such as claim to be huge."""
    file = folder / "picture.png"

    floods = [flood(side) for side in (9_000, 20_000, 32_000, 60_000)]

    def attempt(draw: random.Random) -> None:
        content = draw.choice(list(_pictures().values()))
        if draw.random() < 0.01:
            content = draw.choice(floods)
        else:
            content = mutated(draw, content, at=range(min(64, len(content))))
        file.write_bytes(content)
        read_image(file, draw.choice((cv2.IMREAD_COLOR, cv2.IMREAD_GRAYSCALE)))

    yield attempt


def flood(side: int) -> bytes:
    """A PNG of some kB that decodes to `side` × `side` px of one colour."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        framed = kind + body
        return struct.pack(">I", len(body)) + framed + struct.pack(">I", zlib.crc32(framed))

    packer = zlib.compressobj(9)
    row = bytes(1 + side // 8)
    rows = min(side, 10_000)  # what is larger is not to be decoded at all
    packed = b"".join(packer.compress(row) for _ in range(rows)) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


class _Answer:
    """What a camera sends, in pieces; then it closes."""

    def __init__(self, content: bytes, piece: int) -> None:
        self._left, self._piece = memoryview(content), piece

    def read1(self, most: int) -> bytes:
        taken = self._left[: min(most, self._piece)]
        self._left = self._left[len(taken) :]
        return bytes(taken)

    def close(self) -> None:
        pass


@contextmanager
def mjpeg_camera(folder: Path) -> Iterator[Try]:
    """The stream of a network camera that is broken, or hostile."""
    jpeg = _pictures()[".jpg"]
    part = b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%b\r\n"
    plain = b"--frame\r\n\r\n%b\r\n"
    heads = range(120)
    opened = mjpeg._open

    def attempt(draw: random.Random) -> None:
        stream = b""
        for _ in range(4):
            body = mutated(draw, jpeg, at=range(40)) if draw.random() < 0.5 else jpeg
            stream += part % (len(body), body) if draw.random() < 0.6 else plain % body
        if draw.random() < 0.7:
            stream = mutated(draw, stream, at=heads)
        answer: Any = _Answer(stream, draw.choice((7, 100, 70_000)))
        mjpeg._open = lambda *_: answer
        with mjpeg.MjpegStream("http://camera/stream") as camera:
            for _ in range(6):
                camera.read()

    yield attempt
    mjpeg._open = opened


TARGETS = (
    Target("zip bombs", bombs, 0.02),
    Target("WIDER FACE text", wider_face, 4),
    Target("pictures", pictures, 14),
    Target("MJPEG camera", mjpeg_camera, 8),
    Target("CSV tables", tables, 24),
)
