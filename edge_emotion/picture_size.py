"""The size that a picture file claims in its header: a few kB may claim any number of pixels.

PNG (ISO 15948, 11.2.2), JPEG (ITU-T T.81, B.2.2), BMP (BITMAPCOREHEADER and its successors), WebP
(RFC 9649), TIFF 6.0 and Netpbm; whatever else OpenCV can read is none of ours.
"""

import re
import struct

# Markers of a JPEG behind which its size stands: the starts of frame (T.81, table B.1).
_STARTS_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_NETPBM = re.compile(rb"P[1-6](?:\s+|#[^\n]*\n)+(\d{1,9})(?:\s+|#[^\n]*\n)+(\d{1,9})\s")
_TIFF_TAGS = {256: 0, 257: 1}  # ImageWidth, ImageLength
_TIFF_NUMBERS = {3: "H", 4: "I"}  # SHORT, LONG


def claimed_size_px(content: bytes) -> tuple[int, int]:
    """Width and height by the header; 0 and 0 where it is cut off, or of no format of ours."""
    readers = ((b"\x89PNG\r\n\x1a\n", _png), (b"\xff\xd8", _jpeg), (b"BM", _bmp), (b"RIFF", _webp))
    try:
        for beginning, reader in (*readers, (b"II*\0", _tiff), (b"MM\0*", _tiff)):
            if content.startswith(beginning):
                return reader(content)
    except (struct.error, IndexError):
        return 0, 0
    found = _NETPBM.match(content[:4096])
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _png(content: bytes) -> tuple[int, int]:
    at = 8
    while at < len(content):  # OpenCV takes memory for whatever length a chunk claims
        (claimed,) = struct.unpack_from(">I", content, at)
        at += 12 + claimed  # length, type and checksum besides
        if at > len(content):
            return 0, 0
    return _pair(struct.unpack_from(">II", content, 16))


def _jpeg(content: bytes) -> tuple[int, int]:
    at = 2
    while content[at] == 0xFF:
        if content[at + 1] in _STARTS_OF_FRAME:
            height, width = struct.unpack_from(">HH", content, at + 5)
            return width, height
        # 0xFF may be repeated before a marker.
        filled = content[at + 1] == 0xFF
        at += 1 if filled else 2 + int(struct.unpack_from(">H", content, at + 2)[0])
    return 0, 0


def _bmp(content: bytes) -> tuple[int, int]:
    (header_bytes,) = struct.unpack_from("<I", content, 14)
    width, height = struct.unpack_from("<HH" if header_bytes == 12 else "<ii", content, 18)
    return abs(width), abs(height)


def _webp(content: bytes) -> tuple[int, int]:
    kind = content[8:16]
    if kind == b"WEBPVP8X":
        sizes = (int.from_bytes(content[at : at + 3], "little") + 1 for at in (24, 27))
        return _pair(tuple(sizes))
    if kind == b"WEBPVP8L":
        (bits,) = struct.unpack_from("<I", content, 21)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"WEBPVP8 ":
        width, height = struct.unpack_from("<HH", content, 26)
        return width & 0x3FFF, height & 0x3FFF
    return 0, 0


def _tiff(content: bytes) -> tuple[int, int]:
    order = "<" if content.startswith(b"II") else ">"
    (at,) = struct.unpack_from(order + "I", content, 4)
    (entries,) = struct.unpack_from(order + "H", content, at)
    size_px = [0, 0]
    for entry in range(at + 2, at + 2 + 12 * entries, 12):
        tag, kind = struct.unpack_from(order + "HH", content, entry)
        if tag in _TIFF_TAGS and kind in _TIFF_NUMBERS:
            (number,) = struct.unpack_from(order + _TIFF_NUMBERS[kind], content, entry + 8)
            size_px[_TIFF_TAGS[tag]] = number
    return _pair(tuple(size_px))


def _pair(size_px: tuple[int, ...]) -> tuple[int, int]:
    width, height = size_px
    return width, height
