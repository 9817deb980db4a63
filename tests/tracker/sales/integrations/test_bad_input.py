"""Any signed body yields reports or Invalid, never another error."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tracker.sales.payloads_read import payload, payload_names, raw
from tracker.errors import Invalid
from tracker.sales.integrations.kinds import kind_of

RECEIVED_AT = datetime(2025, 11, 10, tzinfo=UTC)
TOPICS: dict[str, tuple[str | None, ...]] = {
    "stripe": (None,),
    "shopify": ("orders/paid", "orders/cancelled", "refunds/create", "other", None),
    "woocommerce": ("order.updated", "order.created", "order.deleted", "other", None),
    "lemonsqueezy": (None,),
}
KINDS = sorted(TOPICS)

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(10**39), 10**39)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.sampled_from(["EUR", "JPY", "29.90", "-1.00", "2025-11-01T10:00:00Z", "paid", "processing", "1"])
)
ANY_JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=6),
    max_leaves=15,
)


def result_of(kind: str, body: bytes, topic: str | None) -> str:
    """The result of reading a message: "reports", or the reason why it would be parked."""
    try:
        message = kind_of(kind).read(body, topic)
        for report in kind_of(kind).translate(message, RECEIVED_AT):
            assert report == report, "a report contains NaN"
            getattr(report, "content_hash", None)
    except Invalid as refusal:
        return str(refusal)
    return "reports"


def results_for_all_topics(kind: str, body: bytes) -> list[str]:
    return [result_of(kind, body, topic) for topic in TOPICS[kind]]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"id": 1, "id": 2}', "stands twice"),
        (b'{"total": NaN}', "not a number that JSON knows"),
        (b'{"total": -Infinity}', "not a number that JSON knows"),
        (b'{"total": 1e400}', "out of range"),
        (b'{"total": ' + b"9" * 50 + b"}", "out of range"),
        (b"[" * 40 + b"]" * 40, "nested more than 32 levels"),
        (b'{"a":' * 100_000, "bytes; at most|nested more than"),
        (b'{"id": 1', "not JSON"),
        (b"\xff\xfe", "not UTF-8"),
        (b'{"id": "\\ud800"}', "surrogate"),
        (b"", "not JSON"),
        (b"[]", "must be a JSON object"),
        (b"null", "must be a JSON object"),
        (b"webhook_id=1", "not JSON"),
    ],
)
def test_an_ambiguous_body_is_parked_with_the_reason(kind: str, body: bytes, reason: str) -> None:
    for result in results_for_all_topics(kind, body):
        assert any(part in result for part in reason.split("|")), result


@pytest.mark.parametrize("kind", KINDS)
@given(value=ANY_JSON)
def test_arbitrary_json_never_raises(kind: str, value: Any) -> None:
    results_for_all_topics(kind, json.dumps(value).encode())


@pytest.mark.parametrize("kind", KINDS)
@given(body=st.binary(max_size=200))
def test_arbitrary_bytes_never_raise(kind: str, body: bytes) -> None:
    results_for_all_topics(kind, body)


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_a_real_message_with_one_field_replaced_never_raises(kind: str, data: st.DataObject) -> None:
    value = payload(data.draw(st.sampled_from(payload_names(kind))))
    places = list(_places(value))
    holder, key = data.draw(st.sampled_from(places))
    holder[key] = data.draw(ANY_JSON)

    results_for_all_topics(kind, ascii_json(value))


@pytest.mark.parametrize("step", [pytest.param(1, marks=pytest.mark.nightly), 3])
@pytest.mark.parametrize("kind", KINDS)
def test_a_real_message_without_one_field_never_raises(kind: str, step: int) -> None:
    """Every third field, and every field in the nightly run."""
    for name in payload_names(kind):
        value = payload(name)
        for holder, key in list(_places(value))[::step]:
            removed = holder.pop(key)
            results_for_all_topics(kind, raw(value))
            if isinstance(holder, list):
                holder.insert(key, removed)
            else:
                holder[key] = removed


def ascii_json(value: Any) -> bytes:
    """Escaped, because Hypothesis generates halves of surrogate pairs, which UTF-8 cannot encode."""
    return json.dumps(value).encode()


def _places(value: Any) -> Any:
    """Every (container, key) in the value."""
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in list(keys):
        yield value, key
        yield from _places(value[key])
