from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.errors import Invalid
from tracker.ids import is_id, new_id, new_uuid, uuid_of, uuid_time
from tracker.signing import CLICK_TOKEN, SOURCE_SECRET, CannotDecrypt, decrypt, encrypt, signer

OLD, NEW = "an old signing key of sufficient length", "a new signing key of sufficient length"
TIMES = st.datetimes(datetime(1990, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))


@given(TIMES)
def test_an_id_contains_its_creation_time(at: datetime) -> None:
    assert uuid_time(new_uuid(at)) == at.replace(microsecond=at.microsecond // 1000 * 1000)


@given(TIMES, st.timedeltas(timedelta(milliseconds=1), timedelta(days=9999)))
def test_ids_sort_by_time(at: datetime, later: timedelta) -> None:
    if at + later < datetime(2200, 1, 1, tzinfo=UTC):
        assert new_id("sal", at) < new_id("sal", at + later)


def test_ids_of_the_same_time_differ() -> None:
    at = datetime(2026, 11, 1, tzinfo=UTC)
    assert len({new_id("sal", at) for _ in range(10_000)}) == 10_000


@pytest.mark.parametrize("text", ["", "sal_", "brd_" + "0" * 32, "sal_" + "x" * 32, "sal_" + "0" * 31])
def test_invalid_ids_are_rejected(text: str) -> None:
    with pytest.raises(Invalid, match="sal_"):
        uuid_of(text, "sal")


def test_a_signature_is_invalid_for_another_purpose() -> None:
    signature = signer([NEW], CLICK_TOKEN).get_signature(b"value")
    assert signer([NEW], CLICK_TOKEN).verify_signature(b"value", signature)
    assert not signer([NEW], SOURCE_SECRET).verify_signature(b"value", signature)


def test_an_old_key_verifies_and_the_new_one_signs() -> None:
    signed_before = signer([OLD], CLICK_TOKEN).get_signature(b"value")
    rotated = signer([NEW, OLD], CLICK_TOKEN)
    assert rotated.verify_signature(b"value", signed_before)
    assert rotated.get_signature(b"value") == signer([NEW], CLICK_TOKEN).get_signature(b"value")


def test_a_secret_can_be_decrypted_after_a_key_rotation() -> None:
    box = encrypt([OLD], SOURCE_SECRET, "whsec_x")
    assert "whsec_x" not in box
    assert decrypt([NEW, OLD], SOURCE_SECRET, box) == "whsec_x"


def test_a_secret_under_a_lost_key_raises_a_helpful_error() -> None:
    box = encrypt([OLD], SOURCE_SECRET, "whsec_x")
    with pytest.raises(CannotDecrypt, match="former key"):
        decrypt([NEW], SOURCE_SECRET, box)


def test_an_id_is_recognised_by_its_prefix() -> None:
    assert is_id("com_01937c", "com")
    assert not is_id("comet_01937c", "com")
    assert not is_id("", "com")
