"""Standard Webhooks: signatures of the standardwebhooks package are accepted, all others refused."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from standardwebhooks import Webhook

from tracker.errors import Invalid
from tracker.sales.integrations import standard
from tracker.sales.integrations.kinds import KINDS, kind_of
from tracker.sales.reports.messages import NotAuthentic
from tracker.sales.reports.normal import CancellationReport, DisputeReport, RefundReport, SaleReport

NOW = datetime(2026, 11, 1, 10, 0, tzinfo=UTC)
SECRET = "whsec_" + base64.b64encode(b"a secret of a shop, 32 bytes long").decode()
OLD_SECRET = "whsec_" + base64.b64encode(b"the one before it, 32 bytes long.").decode()
BODY = '{"type": "sale.created", "data": {"order_id": "Größe 1"}}'.encode()


def headers(
    secret: str = SECRET, at: datetime = NOW, body: bytes = BODY, message_id: str = "msg_1"
) -> dict[str, str]:
    return {
        "Webhook-Id": message_id,
        "Webhook-Timestamp": str(int(at.timestamp())),
        "Webhook-Signature": Webhook(secret).sign(message_id, at, body.decode()),
    }


def test_a_signature_of_the_reference_package_is_accepted() -> None:
    assert standard.verify(headers(), BODY, [SECRET], NOW) == "msg_1"


def test_both_live_secrets_are_accepted() -> None:
    assert standard.verify(headers(OLD_SECRET), BODY, [SECRET, OLD_SECRET], NOW) == "msg_1"


def test_one_valid_signature_among_several_is_enough() -> None:
    signed = headers()
    signed["Webhook-Signature"] = f"v1a,abc nonsense v1,%%% v1,YWJj {signed['Webhook-Signature']} v1,"

    assert standard.verify(signed, BODY, [SECRET], NOW) == "msg_1"


def test_the_reference_package_accepts_our_signature() -> None:
    now = datetime.now(UTC)  # the package reads the system clock
    signed = standard.signed_headers(SECRET, "msg_1", now, BODY)

    assert Webhook(SECRET).verify(BODY, signed) == json.loads(BODY)


@pytest.mark.parametrize("offset_s", [-300, -299, 299, 300])
def test_signed_times_up_to_five_minutes_off_are_accepted(offset_s: int) -> None:
    assert standard.verify(headers(at=NOW + timedelta(seconds=offset_s)), BODY, [SECRET], NOW) == "msg_1"


@pytest.mark.parametrize("offset_s", [-301, 301, -100_000_000])
def test_a_message_outside_the_time_tolerance_is_stale(offset_s: int) -> None:
    _assert_refused("stale", headers(at=NOW + timedelta(seconds=offset_s)))


@pytest.mark.parametrize("name", ["Webhook-Id", "Webhook-Timestamp", "Webhook-Signature"])
def test_a_message_without_one_of_its_headers_is_refused(name: str) -> None:
    _assert_refused("missing", {key: value for key, value in headers().items() if key != name})


@pytest.mark.parametrize(
    "changes",
    [
        {"Webhook-Id": "msg_2"},
        {"Webhook-Timestamp": str(int(NOW.timestamp()) + 1)},
        {"Webhook-Signature": "v1,"},
        {"Webhook-Signature": "v1"},
        {"Webhook-Signature": "v1,not base64!"},
        {"Webhook-Signature": "v2," + base64.b64encode(b"x" * 32).decode()},
    ],
)
def test_altered_headers_do_not_match_the_signature(changes: dict[str, str]) -> None:
    _assert_refused("signature", {**headers(), **changes})


@pytest.mark.parametrize(
    "changes",
    [
        {"Webhook-Timestamp": "NaN"},
        {"Webhook-Timestamp": "-5"},
        {"Webhook-Id": "a b"},
        {"Webhook-Id": "x" * 201},
    ],
)
def test_malformed_headers_are_refused(changes: dict[str, str]) -> None:
    _assert_refused("malformed", {**headers(), **changes})


@pytest.mark.parametrize("position", [0, 10, len(BODY) - 1])
def test_every_byte_of_the_body_is_signed(position: int) -> None:
    altered = bytearray(BODY)
    altered[position] ^= 1

    _assert_refused("signature", headers(), bytes(altered))


def test_a_wrong_or_missing_secret_is_refused() -> None:
    _assert_refused("signature", headers(OLD_SECRET))
    with pytest.raises(NotAuthentic):
        standard.verify(headers(), BODY, [], NOW)


def test_the_error_contains_neither_the_secret_nor_the_body() -> None:
    with pytest.raises(NotAuthentic) as refusal:
        standard.verify(headers(OLD_SECRET), BODY, [SECRET], NOW)

    assert SECRET not in str(refusal.value)
    assert "order_id" not in str(refusal.value)


@pytest.mark.parametrize(
    ("kind", "data", "report"),
    [
        ("sale.created", {"total": 5, "tax": 0, "shipping": 0, "currency": "JPY"}, SaleReport),
        ("refund.created", {"refund_id": "r", "amount": 5, "currency": "BHD"}, RefundReport),
        (
            "dispute.updated",
            {"dispute_id": "d", "status": "won", "amount": 5, "currency": "EUR"},
            DisputeReport,
        ),
        ("order.cancelled", {}, CancellationReport),
    ],
)
def test_each_type_of_message_becomes_its_report(kind: str, data: dict[str, Any], report: type) -> None:
    message = _read({"type": kind, "data": {"order_id": "7", "occurred_at": "2026-11-01T10:00:00Z", **data}})

    assert (message.type, message.order_id) == (kind, "7")
    assert [type(each) for each in standard.translate(message, NOW)] == [report]


@pytest.mark.parametrize(
    ("envelope", "reason"),
    [
        (
            {"type": "order.shipped", "data": {"order_id": "7"}},
            "Nothing is done for messages of type order.shipped",
        ),
        ({"data": {"order_id": "7"}}, "type must be one of"),
        ({"type": ["sale.created"], "data": {}}, "type must be one of"),
        ({"type": "sale.created"}, "data must be an object, not null"),
        ({"type": "sale.created", "data": [1]}, "data must be an object, not a list"),
    ],
)
def test_an_unknown_or_empty_message_is_read_but_not_translated(
    envelope: dict[str, Any], reason: str
) -> None:
    message = _read(envelope)

    assert message.order_id is None
    with pytest.raises(Invalid, match=reason):
        standard.translate(message, NOW)


def test_type_and_order_are_read_even_if_other_fields_are_invalid() -> None:
    message = _read({"type": "sale.created", "data": {"order_id": "7", "total": -1}})

    assert (message.type, message.order_id) == ("sale.created", "7")


def test_the_same_message_is_equal_with_any_timestamp() -> None:
    first = _read({"type": "sale.created", "timestamp": "2026-11-01T10:00:00Z", "data": {"order_id": "7"}})
    again = _read({"type": "sale.created", "timestamp": "2026-11-01T10:05:00Z", "data": {"order_id": "7"}})

    assert first == again


def test_every_kind_is_defined_and_others_are_refused() -> None:
    assert all(kind_of(kind) for kind in KINDS)
    with pytest.raises(Invalid, match="is not a kind of source"):
        kind_of("myspace")


def _assert_refused(cause: str, signed: dict[str, str], body: bytes = BODY) -> None:
    with pytest.raises(NotAuthentic) as refusal:
        standard.verify(signed, body, [SECRET], NOW)
    assert refusal.value.cause == cause


def _read(envelope: dict[str, Any]) -> Any:
    return standard.read(json.dumps(envelope).encode())
