"""The click token keeps its content, and only this installation can make one."""

import base64
import re
import string
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.clicks.token import (
    PAYLOAD_LENGTH,
    TOKEN_LENGTH,
    ClickToken,
    InvalidToken,
    make_token,
    read_token,
)
from tracker.errors import Invalid
from tracker.signing import CLICK_TOKEN, SOURCE_SECRET, signer

KEYS = ("the newest key for the tests of tokens",)
OLDER = ("the former key for the tests of tokens",)
ALPHABET = string.ascii_letters + string.digits + "_-"
NOW = datetime(2026, 10, 1, 10, 0, 0, 123000, tzinfo=UTC)
CLICK = UUID("01a0f6e8-157b-7abc-8123-456789abcdef")
LINK = UUID("01a0f6e8-157b-7def-8fed-cba987654321")
TOKEN = make_token(KEYS, CLICK, LINK, earns=True, confirmed=True)


@given(st.uuids(), st.uuids(), st.booleans(), st.booleans())
def test_a_token_round_trips(click_id: UUID, link_id: UUID, earns: bool, confirmed: bool) -> None:
    token = make_token(KEYS, click_id, link_id, earns=earns, confirmed=confirmed)
    assert read_token(KEYS, token) == ClickToken(click_id, link_id, earns, confirmed)
    assert re.fullmatch(r"[A-Za-z0-9_-]+", token)
    assert len(token) == TOKEN_LENGTH < 100


def test_a_token_contains_the_time_of_its_click() -> None:
    assert read_token(KEYS, TOKEN).at == NOW


@given(st.integers(0, TOKEN_LENGTH - 1), st.sampled_from(ALPHABET))
def test_a_token_with_a_changed_character_is_rejected(position: int, character: str) -> None:
    altered = TOKEN[:position] + character + TOKEN[position + 1 :]
    if altered == TOKEN:
        return
    with pytest.raises(InvalidToken):
        read_token(KEYS, altered)


def test_a_token_has_one_canonical_form() -> None:
    """Four different last characters decode to the same signature; only the canonical one is valid."""
    valid = [letter for letter in ALPHABET if _is_valid(TOKEN[:-1] + letter)]
    assert valid == [TOKEN[-1]]


@given(st.binary(min_size=33, max_size=33))
def test_another_payload_with_a_copied_signature_is_rejected(payload: bytes) -> None:
    forged = base64.urlsafe_b64encode(payload).decode() + TOKEN[PAYLOAD_LENGTH:]
    assert forged == TOKEN or not _is_valid(forged)


@given(st.text(max_size=120))
def test_an_arbitrary_string_is_rejected(text: str) -> None:
    assert not _is_valid(text)


@pytest.mark.parametrize(
    "text",
    [
        TOKEN + "A",
        TOKEN[:-1],
        TOKEN + "\n",
        " " + TOKEN[1:],
        TOKEN.replace(TOKEN[3], "=", 1),
        TOKEN[:-1] + "\u00e9",
        TOKEN[:-1] + "\ud800",
        "",
    ],
)
def test_a_malformed_token_is_rejected(text: str) -> None:
    assert not _is_valid(text)


def test_a_token_of_another_installation_or_purpose_is_rejected() -> None:
    assert not _is_valid(make_token(OLDER, CLICK, LINK, earns=True, confirmed=True))
    payload = TOKEN[:PAYLOAD_LENGTH]
    other_purpose = payload + signer(KEYS, SOURCE_SECRET).get_signature(payload).decode()
    assert len(other_purpose) == TOKEN_LENGTH
    assert not _is_valid(other_purpose)


@pytest.mark.parametrize("first_byte", [0x00, 0x01, 0x14, 0x18, 0x21, 0xF1])
def test_a_signed_token_of_an_unknown_version_is_rejected(first_byte: int) -> None:
    payload = base64.urlsafe_b64encode(bytes([first_byte]) + CLICK.bytes + LINK.bytes)
    token = payload + signer(KEYS, CLICK_TOKEN).get_signature(payload)
    with pytest.raises(InvalidToken, match="version"):
        read_token(KEYS, token.decode())


def test_tokens_stay_valid_while_the_former_key_is_listed() -> None:
    former = make_token(OLDER, CLICK, LINK, earns=True, confirmed=True)
    assert read_token((*KEYS, *OLDER), former).click_id == CLICK
    assert make_token((*KEYS, *OLDER), CLICK, LINK, earns=True, confirmed=True) == TOKEN


def test_the_error_does_not_contain_the_token() -> None:
    altered = make_token(OLDER, uuid4(), LINK, earns=True, confirmed=True)
    with pytest.raises(Invalid) as rejected:
        read_token(KEYS, altered)
    assert altered not in str(rejected.value)


def _is_valid(text: str) -> bool:
    try:
        read_token(KEYS, text)
    except InvalidToken:
        return False
    return True
