"""A logo is judged by its content, and a colour by its digits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tracker.people.looks.pictures import PNG_START, chunk, jpeg, png
from tracker.errors import Invalid
from tracker.people.looks.rules import MAX_LOGO_BYTES, MAX_LOGO_PIXELS, normalize_colour, read_logo

NO_PICTURES = {
    "empty": b"",
    "text": b"<!doctype html><script>alert(1)</script>",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "gif": b"GIF89a\1\0\1\0\0\0\0;",
    "zip": b"PK\3\4",
    "only the start of a PNG": PNG_START,
    "a PNG without pixels": PNG_START + chunk(b"IHDR", b"\0\0\0\1\0\0\0\1\x08\2\0\0\0") + chunk(b"IEND", b""),
    "a PNG that is cut": png()[:-6],
    "a PNG with a page behind it": png() + b"<script>alert(1)</script>",
    "a PNG with a changed byte": png().replace(b"IDAT", b"IDAU"),
    "a PNG with two headers": png()[:33] + png()[8:],
    "only the start of a JPEG": b"\xff\xd8\xff",
    "a JPEG that is cut": jpeg()[:-2],
    "a JPEG without a frame": jpeg().replace(b"\xff\xc0", b"\xff\xe1"),
    "a JPEG with a page behind it": jpeg() + b"<script>alert(1)</script>",
    "a JPEG with a wrong length": b"\xff\xd8\xff\xe0\xff\xff" + jpeg()[20:],
}


@pytest.mark.parametrize("name", NO_PICTURES)
def test_what_is_no_picture_is_refused(name: str) -> None:
    with pytest.raises(Invalid, match="picture") as refusal:
        read_logo(NO_PICTURES[name])
    assert refusal.value.field == "logo"


@pytest.mark.parametrize(("picture", "kind"), [(png(), "image/png"), (jpeg(), "image/jpeg")])
def test_a_picture_is_read_with_its_size(picture: bytes, kind: str) -> None:
    logo = read_logo(picture)
    assert (logo.content_type, logo.width, logo.height, logo.content) == (kind, 4, 3, picture)


@pytest.mark.parametrize(
    "size", [(MAX_LOGO_PIXELS + 1, 1), (1, MAX_LOGO_PIXELS + 1), (0, 1), (2**31 - 1, 2**31 - 1)]
)
def test_a_picture_with_too_many_pixels_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(Invalid, match="2,000 pixels"):
        read_logo(png(*size, pixels=b""))
    read_logo(png(MAX_LOGO_PIXELS, MAX_LOGO_PIXELS, pixels=b""))


def test_a_file_that_is_too_large_is_refused_before_it_is_read() -> None:
    with pytest.raises(Invalid, match="512 kB"):
        read_logo(png() + b"\0" * MAX_LOGO_BYTES)


@given(st.binary(max_size=200), st.sampled_from([b"", PNG_START, b"\xff\xd8\xff", png()[:40], jpeg()[:30]]))
def test_any_bytes_are_read_or_refused(content: bytes, start: bytes) -> None:
    try:
        logo = read_logo(start + content)
    except Invalid:
        return
    assert logo.width > 0


def test_a_colour_has_one_form() -> None:
    assert [normalize_colour(text) for text in ("#0E5560", " 0e5560 ", "#abc")] == [
        "#0e5560",
        "#0e5560",
        "#aabbcc",
    ]


@pytest.mark.parametrize("text", ["red", "#12345", "#0e5560;}", "rgb(1,2,3)", "#0e5560\n#fff", "٠٠٠٠٠٠"])
def test_what_is_no_colour_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refusal:
        normalize_colour(text)
    assert refusal.value.field == "colour"
