"""Link codes and coupon codes."""

import pytest

from tracker.errors import Invalid
from tracker.programs.codes import ALPHABET, RESERVED, code_key, coupon_code, link_code, new_link_code


@pytest.mark.parametrize("code", ["abc", "Anna-10", "a_b", "x" * 64, "007"])
def test_a_valid_code_is_unchanged(code: str) -> None:
    assert link_code(code) == code


@pytest.mark.parametrize("code", ["", "ab", "x" * 65, "a b", "a/b", "a.b", "änna", "abc\n", "abc\x00", "..."])
def test_invalid_codes_are_rejected(code: str) -> None:
    with pytest.raises(Invalid, match="3 to 64"):
        link_code(code)


@pytest.mark.parametrize("code", ["app", "API", "Hooks", "demo", "healthz", "readyz", "metrics", "static"])
def test_reserved_paths_are_rejected_in_any_case(code: str) -> None:
    with pytest.raises(Invalid, match="reserved for pages"):
        link_code(code)


def test_reserved_codes_are_stored_in_normal_form() -> None:
    assert all(code_key(code) == code for code in RESERVED)


def test_generated_codes_are_valid_and_have_no_lookalikes() -> None:
    codes = {new_link_code() for _ in range(500)}
    assert len(codes) == 500
    assert all(link_code(code) and len(code) == 7 for code in codes)
    assert not set("01ilo") & set(ALPHABET)


def test_codes_are_case_insensitive() -> None:
    assert code_key("AnNa10") == code_key("anna10")


def test_coupon_codes_are_stripped() -> None:
    assert coupon_code(" ANNA10 ") == "ANNA10"
    for wrong in ("", "A", "ANNA 10", "10%", "x" * 65):
        with pytest.raises(Invalid):
            coupon_code(wrong)
