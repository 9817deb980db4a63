"""Reading the body of a request byte for byte, with a size limit."""

import io
from typing import Any

import pytest

from tracker.http.whole_body import BrokenBody, TooLarge, read_body


class ByteWiseStream(io.RawIOBase):
    """Returns one byte at a time, like a slow connection."""

    def __init__(self, content: bytes) -> None:
        self._content = io.BytesIO(content)

    def read(self, size: int = -1) -> bytes:
        return self._content.read(min(size, 1))


class BrokenStream(io.RawIOBase):
    def read(self, size: int = -1) -> bytes:
        raise ConnectionResetError


def environ(stream: Any, length: str | None = None, *, terminated: bool = True) -> dict[str, Any]:
    found = {"wsgi.input": stream, "wsgi.input_terminated": terminated}
    return found if length is None else {**found, "CONTENT_LENGTH": length}


@pytest.mark.parametrize("length", ["5", None])
def test_a_body_that_arrives_byte_by_byte_is_read_completely(length: str | None) -> None:
    assert read_body(environ(ByteWiseStream(b"12345"), length), 5) == b"12345"


def test_bytes_after_content_length_are_not_read() -> None:
    assert read_body(environ(io.BytesIO(b"12345POST /"), "5"), 100) == b"12345"


@pytest.mark.parametrize("length", ["6", "9" * 5000, None])
def test_a_body_over_the_limit_is_rejected(length: str | None) -> None:
    with pytest.raises(TooLarge, match="more than 5 bytes"):
        read_body(environ(io.BytesIO(b"123456"), length), 5)


@pytest.mark.parametrize("length", ["-1", "1e3", "five", "٥"])
def test_a_content_length_that_is_not_a_number_is_rejected(length: str) -> None:
    with pytest.raises(BrokenBody):
        read_body(environ(io.BytesIO(b"12345"), length), 5)


def test_an_incomplete_body_is_rejected() -> None:
    with pytest.raises(BrokenBody):
        read_body(environ(BrokenStream()), 5)
    with pytest.raises(BrokenBody, match="shorter"):
        read_body(environ(io.BytesIO(b"123"), "5"), 5)


def test_without_a_length_or_a_marked_end_nothing_is_read() -> None:
    assert read_body(environ(BrokenStream(), terminated=False), 5) == b""
