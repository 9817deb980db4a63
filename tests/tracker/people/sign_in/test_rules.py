"""Codes, and which page may follow a sign-in."""

import pytest

from tests.harness.databases.snapshots import SECRET
from tracker.people.sign_in.rules import (
    code_hash,
    code_matches,
    new_code,
    next_page,
    normalize_code,
    own_path,
)

OTHER = "another-secret-key-of-32-characters!"


def test_a_code_has_six_digits_and_spaces_do_not_matter() -> None:
    codes = {new_code() for _ in range(50)}
    assert all(len(code) == 6 and code.isdigit() for code in codes)
    assert len(codes) > 40
    assert normalize_code(" 123 456\n") == normalize_code("123-456") == "123456"


def test_a_code_counts_for_its_request_and_key_alone() -> None:
    stored = code_hash([SECRET], "sgn_1", "123456")
    assert code_matches([SECRET], "sgn_1", "123456", stored)
    assert code_matches([OTHER, SECRET], "sgn_1", "123456", stored)
    assert not code_matches([SECRET], "sgn_2", "123456", stored)
    assert not code_matches([SECRET], "sgn_1", "123457", stored)
    assert not code_matches([OTHER], "sgn_1", "123456", stored)
    assert "123456" not in stored


@pytest.mark.parametrize(
    "path", ["/app/", "/app/me/earnings?month=2026-10&q=a%20b", "/app/brands/brd_1/team", "/app/p/a.b"]
)
def test_a_page_of_our_own_follows_a_sign_in(path: str) -> None:
    assert own_path(path) == next_page(path) == path


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/other",
        "//evil.example/app/",
        "/\\evil.example",
        "\\\\evil.example",
        "https://evil.example/app/",
        "javascript:alert(1)",
        "/app//evil.example",
        "/app/%2f%2fevil.example",
        "/app/%5cevil.example",
        "/app/../logout",
        "/app/..",
        "/app/./x",
        "/app/\nLocation: https://evil.example",
        "/app/\x00",
        "/app/ x",
        "/app@evil.example/",
        "/app/x#@evil.example",
        " /app/",
        "/app/" + "a" * 500,
        "/app/é",
    ],
)
def test_no_other_page_follows_a_sign_in(path: str) -> None:
    assert own_path(path) is None
    assert next_page(path) == "/app/"
