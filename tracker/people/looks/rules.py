"""What a colour and a logo are. Pure.

A logo is PNG or JPEG, judged by its content alone. SVG is refused: it can contain scripts.
"""

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from tracker.errors import Invalid
from tracker.language.texts import gettext as _

MAX_LOGO_BYTES = 512 * 1024
MAX_LOGO_PIXELS = 2000
"""Of a side."""
LOOKS_PATH = "/app/looks"
HASH_LENGTH = 12
_ENDINGS = {"image/png": "png", "image/jpeg": "jpg"}
_COLOUR = re.compile(r"#?([0-9a-f]{6}|[0-9a-f]{3})")
_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
_NO_SEGMENT = frozenset((0x01, *range(0xD0, 0xD9)))
"""Markers of JPEG without a length (ITU T.81, table B.1)."""
_SIZES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""Start of frame: the segments with the size."""
_START_OF_SCAN, _END = 0xDA, b"\xff\xd9"


@dataclass(frozen=True)
class Logo:
    """A picture whose header was read. `content_type` is image/png or image/jpeg."""

    content: bytes
    content_type: str
    width: int
    height: int


def logo_path(brand_id: str, logo_type: str, logo_hash: str) -> str:
    """The path of a logo at this installation, with a part of its hash; see tracker/people/looks/pages.py."""
    return f"{LOOKS_PATH}/{brand_id}/{logo_hash[:HASH_LENGTH]}.{_ENDINGS[logo_type]}"


def normalize_colour(text: str) -> str:
    """A colour of six or three hexadecimal digits as #rrggbb. Raises Invalid."""
    found = _COLOUR.fullmatch(text.strip().lower())
    if found is None:
        raise Invalid(_("Write the colour as six hexadecimal digits, such as #0e5560."), "colour")
    digits = found[1] if len(found[1]) == 6 else "".join(digit * 2 for digit in found[1])
    return f"#{digits}"


def read_logo(content: bytes) -> Logo:
    """The picture in this file. Raises Invalid when it is none, is broken, or is too large."""
    if len(content) > MAX_LOGO_BYTES:
        raise Invalid(_("The logo has more than 512 kB. Make it smaller; 200 pixels are enough."), "logo")
    if content.startswith(_PNG):
        kind, size = "image/png", _png_size(content)
    elif content.startswith(_JPEG):
        kind, size = "image/jpeg", _jpeg_size(content)
    else:
        raise Invalid(_("This file is no PNG or JPEG picture. Choose one that ends in .png or .jpg."), "logo")
    if size is None:
        raise Invalid(
            _("This picture is damaged or incomplete. Export it again and choose that file."), "logo"
        )
    if not all(1 <= side <= MAX_LOGO_PIXELS for side in size):
        raise Invalid(_("The logo has more than 2,000 pixels on a side. Make it smaller."), "logo")
    return Logo(content, kind, *size)


def _png_size(content: bytes) -> tuple[int, int] | None:
    """Width and height, if every chunk is whole: header first, pixels between, end last (PNG, section 5)."""
    names, size = [], None
    for name, data in _png_chunks(content):
        names.append(name)
        if name == b"IHDR" and len(data) == 13:
            size = int.from_bytes(data[:4]), int.from_bytes(data[4:8])
    is_whole = names[:1] == [b"IHDR"] and names[-1:] == [b"IEND"] and b"IDAT" in names
    return size if is_whole and names.count(b"IHDR") == names.count(b"IEND") == 1 else None


def _png_chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Name and data of each chunk; ends with an empty name at the first whose checksum is wrong."""
    at = len(_PNG)
    while at < len(content):
        length = int.from_bytes(content[at : at + 4])
        name, data = content[at + 4 : at + 8], content[at + 8 : at + 8 + length]
        check = content[at + 8 + length : at + 12 + length]
        if len(check) != 4 or int.from_bytes(check) != zlib.crc32(name + data):
            yield b"", b""
            return
        yield name, data
        at += 12 + length


def _jpeg_size(content: bytes) -> tuple[int, int] | None:
    """Width and height from the frame, if the segments lead to a scan and the file ends as it should."""
    size = None
    for marker, data in _jpeg_segments(content):
        if marker in _SIZES and len(data) >= 5:
            size = int.from_bytes(data[3:5]), int.from_bytes(data[1:3])
        if marker == _START_OF_SCAN:
            return size if content.rstrip(b"\0").endswith(_END) else None
    return None


def _jpeg_segments(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Marker and data of each segment up to the first scan."""
    at = 2
    while at + 4 <= len(content) and content[at] == 0xFF:
        marker = content[at + 1]
        if marker == 0xFF:  # a fill byte
            at += 1
            continue
        if marker in _NO_SEGMENT:
            at += 2
            continue
        length = int.from_bytes(content[at + 2 : at + 4])
        if length < 2 or at + 2 + length > len(content):
            return
        yield marker, content[at + 4 : at + 2 + length]
        if marker == _START_OF_SCAN:
            return
        at += 2 + length
