"""Codes of links and coupons."""

import pytest

from tracker.errors import Invalid
from tracker.programs.codes import ALPHABET, RESERVED, code_key, coupon_code, link_code, new_link_code


@pytest.mark.parametrize("code", ["abc", "Anna-10", "a_b", "x" * 64, "007"])
def test_a_good_code_is_kept_as_it_was_chosen(code: str) -> None:
    assert link_code(code) == code


@pytest.mark.parametrize("code", ["", "ab", "x" * 65, "a b", "a/b", "a.b", "änna", "abc\n", "abc\x00", "..."])
def test_a_code_is_of_few_characters(code: str) -> None:
    with pytest.raises(Invalid, match="3 to 64"):
        link_code(code)


@pytest.mark.parametrize("code", ["app", "API", "Hooks", "demo", "healthz", "readyz", "metrics", "static"])
def test_names_of_other_paths_are_refused_in_any_case(code: str) -> None:
    with pytest.raises(Invalid, match="kept for pages"):
        link_code(code)


def test_reserved_codes_stand_in_the_form_in_which_they_are_compared() -> None:
    assert all(code_key(code) == code for code in RESERVED)


def test_a_generated_code_is_a_good_code_without_look_alikes() -> None:
    codes = {new_link_code() for _ in range(500)}
    assert len(codes) == 500
    assert all(link_code(code) and len(code) == 7 for code in codes)
    assert not set("01ilo") & set(ALPHABET)


def test_codes_are_compared_without_regard_to_case() -> None:
    assert code_key("AnNa10") == code_key("anna10")


def test_a_coupon_code_loses_surrounding_spaces_only() -> None:
    assert coupon_code(" ANNA10 ") == "ANNA10"
    for wrong in ("", "A", "ANNA 10", "10%", "x" * 65):
        with pytest.raises(Invalid):
            coupon_code(wrong)
