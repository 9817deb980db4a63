"""Lemon Squeezy's signature: hex of HMAC-SHA256 over the body; and the keys of its messages."""

from datetime import UTC, datetime

import pytest

from tracker.errors import Invalid
from tracker.sales.integrations.kinds import kind_of
from tracker.sales.integrations.lemonsqueezy import events as lemonsqueezy
from tracker.sales.reports.messages import NotAuthentic

RECEIVED_AT = datetime(2025, 11, 7, 12, tzinfo=UTC)
BODY = b'{"meta":{"event_name":"order_created","webhook_id":"3ab712d6"},"data":{"id":"1"}}'
SECRET, OLD_SECRET = "lemon-secret-of-2025", "lemon-secret-of-2024"
# printf '{"meta":…}' | openssl dgst -sha256 -hmac SECRET
SIGNATURE = "5b5ec95206ceb16a1c760316fdb0da87b02e731b1b631a1638c6294d518f8839"
OLD_SIGNATURE = "f1ff19ab710476d3dc5eea1a5e072626eae3aca9c7d1bc0de36525df5f831939"
HEADERS = {"Content-Type": "application/json", "X-Event-Name": "order_created", "X-Signature": SIGNATURE}


def verify(changes: dict[str, str], body: bytes = BODY, secrets: tuple[str, ...] = (SECRET,)) -> str:
    return lemonsqueezy.verify({**HEADERS, **changes}, body, secrets, RECEIVED_AT)


def refusal(changes: dict[str, str], body: bytes = BODY, secrets: tuple[str, ...] = (SECRET,)) -> str:
    with pytest.raises(NotAuthentic) as refused:
        verify(changes, body, secrets)
    assert SECRET not in str(refused.value)
    return refused.value.cause


def test_a_signature_computed_by_openssl_is_accepted() -> None:
    assert verify({}).startswith("3ab712d6-")
    assert verify({"X-Signature": SIGNATURE.upper()}) == verify({})
    assert lemonsqueezy.signed_headers(SECRET, BODY)["x-signature"] == SIGNATURE


def test_both_live_secrets_are_accepted() -> None:
    former = {"X-Signature": OLD_SIGNATURE}

    assert verify(former, secrets=(SECRET, OLD_SECRET))
    assert refusal(former) == "signature"


@pytest.mark.parametrize(
    ("signature", "cause"),
    [
        ("", "missing"),
        ("not hex!", "malformed"),
        ("abc", "malformed"),
        (" ".join(SIGNATURE), "malformed"),
        ("\u00e4" * 64, "malformed"),
        ("00ff", "signature"),
        (SIGNATURE[:-2], "signature"),
    ],
)
def test_an_invalid_signature_is_refused(signature: str, cause: str) -> None:
    assert refusal({"X-Signature": signature}) == cause


@pytest.mark.parametrize("position", [0, 30, len(BODY) - 1])
def test_every_byte_of_the_body_is_signed(position: int) -> None:
    altered = bytearray(BODY)
    altered[position] ^= 1

    assert refusal({}, bytes(altered)) == "signature"


def test_a_message_that_is_sent_again_has_the_same_key_and_another_one_has_not() -> None:
    bodies = (BODY, BODY.replace(b'"1"', b'"2"'), b'{"meta":{"webhook_id":7}}', b"[]", b"not JSON")
    keys = [verify(lemonsqueezy.signed_headers(SECRET, body), body) for body in (*bodies, BODY)]

    assert keys[0] == keys[-1]
    assert len(set(keys)) == len(bodies)


@pytest.mark.parametrize("secret", ["short", "with spaces in it, long", "x" * 41, ""])
def test_a_secret_that_is_short_or_does_not_fit_is_refused(secret: str) -> None:
    lemonsqueezy.check_secret(SECRET)
    with pytest.raises(Invalid, match="16 to 40 visible characters"):
        lemonsqueezy.check_secret(secret)


def test_a_generated_secret_fits_into_the_field_of_the_webhook() -> None:
    made = {kind_of("lemonsqueezy").secret_from(bytes([number]) * 32) for number in (0, 255)}

    assert [len(secret) for secret in made] == [32, 32]
    for secret in made:
        lemonsqueezy.check_secret(secret)
