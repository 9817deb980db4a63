"""Stripe's signature: signatures of Stripe's own package are accepted, all others refused."""

from datetime import UTC, datetime, timedelta

import pytest
from stripe import WebhookSignature

from tests.tracker.sales.payloads_read import payload, raw
from tracker.errors import Invalid
from tracker.sales.integrations.stripe import events as stripe
from tracker.sales.reports.messages import NotAuthentic

NOW = datetime(2025, 11, 1, 10, 0, 5, tzinfo=UTC)
SECRET, OLD_SECRET = "whsec_ExampleOfThisYear000000000000", "whsec_ExampleOfLastYear000000000000"
BODY = raw(payload("stripe_session_paid"))


def signature(secret: str = SECRET, at: datetime = NOW, body: bytes = BODY) -> str:
    signed: str = WebhookSignature.generate_signature_header(body.decode(), secret, int(at.timestamp()))
    return signed


def verify(header: str, body: bytes = BODY, secrets: tuple[str, ...] = (SECRET,)) -> str:
    return stripe.verify({"Stripe-Signature": header}, body, secrets, NOW)


def refusal(header: str, body: bytes = BODY, secrets: tuple[str, ...] = (SECRET,)) -> str:
    with pytest.raises(NotAuthentic) as refused:
        verify(header, body, secrets)
    assert SECRET not in str(refused.value)
    return refused.value.cause


def test_a_signature_of_stripes_package_is_accepted_and_returns_the_event_id() -> None:
    assert verify(signature()) == "evt_1SOrder0001ExampleAaBb"


def test_both_live_secrets_are_accepted() -> None:
    assert verify(signature(OLD_SECRET), secrets=(SECRET, OLD_SECRET))
    assert refusal(signature(OLD_SECRET)) == "signature"


def test_one_valid_signature_among_several_is_enough() -> None:
    time, _, valid = signature().partition(",")

    assert verify(f"{time},v1=00ff,v0=abc,{valid},v1=")
    assert refusal(f"{time},{valid.replace('v1', 'v0')}") == "malformed"


@pytest.mark.parametrize("offset_s", [-300, -1, 300])
def test_signed_times_up_to_five_minutes_off_are_accepted(offset_s: int) -> None:
    assert verify(signature(at=NOW + timedelta(seconds=offset_s)))


@pytest.mark.parametrize("offset_s", [-306, 301, -100_000_000])
def test_an_event_outside_the_time_tolerance_is_stale(offset_s: int) -> None:
    assert refusal(signature(at=(NOW + timedelta(seconds=offset_s)))) == "stale"


@pytest.mark.parametrize(
    ("header", "cause"),
    [
        ("", "missing"),
        ("t=1761991205", "malformed"),
        ("v1=abc", "malformed"),
        ("t=NaN,v1=abc", "malformed"),
        ("t=1761991205,v1=", "signature"),
        ("t=1761991205,v1=\u00e4\u00f6", "signature"),
        ("t=99999999999,v1=abc", "signature"),
    ],
)
def test_invalid_signature_headers_are_refused(header: str, cause: str) -> None:
    assert refusal(header) == cause


@pytest.mark.parametrize("position", [0, 100, len(BODY) - 1])
def test_every_byte_of_the_body_is_signed(position: int) -> None:
    altered = bytearray(BODY)
    altered[position] ^= 1

    assert refusal(signature(), bytes(altered)) == "signature"


def test_a_signed_unreadable_body_gets_a_key_from_its_hash() -> None:
    first, second = b'{"id": "evt_1", "id": "evt_2"}', b'{"id": NaN}'

    keys = {verify(signature(body=body), body) for body in (first, second, b"[]", b'{"id": "a b"}')}
    assert len(keys) == 4
    assert all(key.startswith("body-") for key in keys)


def test_stripes_package_accepts_our_signature() -> None:
    now = datetime.now(UTC)  # the package reads the system clock
    header = stripe.signed_headers(SECRET, now, BODY)["stripe-signature"]

    assert WebhookSignature.verify_header(BODY.decode(), header, SECRET, 300)


@pytest.mark.parametrize("secret", ["sk_live_0123456789abcdef", "whsec_", "whsec_with space 12345", ""])
def test_an_invalid_stripe_secret_is_refused(secret: str) -> None:
    stripe.check_secret(SECRET)
    with pytest.raises(Invalid, match="begins with whsec_"):
        stripe.check_secret(secret)
