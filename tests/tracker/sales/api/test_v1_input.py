"""Any input to the API and to postbacks gets an expected status, never an internal error."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.database import Databases
from config.settings import Settings
from tests.cast.api import ApiClient, application_client
from tests.cast.people import new_key
from tests.cast.shop import cancellation, create_shop, dispute, refund, sale
from tracker.sales.integrations.postback import NAMES

BASES = {"sales": sale(), "refunds": refund(), "cancellations": cancellation(), "disputes": dispute()}
EXPECTED_STATUSES = {200, 201, 202, 400, 409, 422}

FEW_EXAMPLES = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
MANY_EXAMPLES = settings(FEW_EXAMPLES, max_examples=5000)

RAW = [
    b'{"order_id": "1", "total": NaN}',
    b'{"order_id": "1", "order_id": "2"}',
    b'{"total": 1e400}',
    b'{"total": 1e-400}',
    b'{"total": 99999999999999999999999999}',
    b'{"total": 9223372036854775808}',
    b'{"total": -9223372036854775809}',
    b"[" * 100_000,
    b'{"a":' * 31 + b"1" + b"}" * 31,
    b'{"order_id": "\\ud800"}',
    b'{"order_id": "\\u0000"}',
    b"\xef\xbb\xbf{}",
    b"\x00",
    b'"text"',
    b"1" * 5000,
]
INVALID_VALUES = st.sampled_from(
    [None, True, "", " ", "0", "\x00", "a" * 201, "\u202e", [], {}, [{}], [None], ["x"] * 101]
    + [-1, 0, 2**53 - 1, 2**53, 2**63, 2**64, 0.1, 1e300, "119.00", "JPY", "BHD", "XXX", "eur"]
    + ["2999-01-01T00:00:00Z", "0001-01-01T00:00:00+23:59", "2025-11-01", "2025-02-30T00:00:00Z"]
    + ["2025-11-01T10:00:00+99:99", "9999-12-31T23:59:60Z"]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@st.composite
def bodies(draw: st.DrawFn) -> tuple[str, bytes]:
    """A report with a few unusual fields, or sometimes an arbitrary body."""
    what = draw(st.sampled_from(sorted(BASES)))
    if draw(st.integers(0, 4)) == 0:
        return what, draw(st.sampled_from(RAW) | st.binary(max_size=60) | JSON.map(encoded))
    base = dict(BASES[what], order_id=draw(st.sampled_from(["1001", "1002", "ä", "#3"])))
    known = st.sampled_from([*base, "click", "touches", "coupons", "items", "discount", "cost", "test"])
    return what, encoded(base | draw(st.dictionaries(known, INVALID_VALUES | JSON, max_size=3)))


def encoded(value: Any) -> bytes:
    return json.dumps(value).encode("utf-8", "replace")


@pytest.fixture
def clients(settings: Settings, databases: Databases) -> Iterator[tuple[ApiClient, ApiClient]]:
    shop = create_shop(settings, databases)
    with application_client(settings) as client:
        yield (
            ApiClient(client, new_key(shop.databases, shop.brand_id, "sales:write")),
            ApiClient(client, new_key(shop.databases, shop.brand_id, "postback")),
        )


@FEW_EXAMPLES
@given(report=bodies(), key=st.none() | st.sampled_from(["a", "b", '"a"', "é"]))
def test_every_body_gets_an_expected_status(
    clients: tuple[ApiClient, ApiClient], report: tuple[str, bytes], key: str | None
) -> None:
    assert_expected_status(clients[0], report, key)


@pytest.mark.nightly
@MANY_EXAMPLES
@given(report=bodies(), key=st.none() | st.sampled_from(["a", "b", '"a"', "é"]))
def test_thousands_of_bodies_get_an_expected_status(
    clients: tuple[ApiClient, ApiClient], report: tuple[str, bytes], key: str | None
) -> None:
    assert_expected_status(clients[0], report, key)


def assert_expected_status(api_client: ApiClient, report: tuple[str, bytes], key: str | None) -> None:
    response = api_client.post(*report, key)
    assert response.status_code in EXPECTED_STATUSES, response.text
    assert response.json is not None


@pytest.mark.parametrize("body", RAW, ids=range(len(RAW)))
@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_bodies_that_break_other_json_readers_are_refused(
    clients: tuple[ApiClient, ApiClient], body: bytes
) -> None:
    assert clients[0].post("sales", body).status_code in (400, 422)


VALUES = INVALID_VALUES.map(lambda value: value if isinstance(value, str) else json.dumps(value)) | st.text(
    max_size=20
)


@FEW_EXAMPLES
@given(
    values=st.lists(st.tuples(st.sampled_from(sorted(NAMES)), VALUES), max_size=6),
    more=st.text(max_size=10),
    complete=st.booleans(),
    method=st.sampled_from(["GET", "POST"]),
)
def test_every_postback_gets_an_expected_status(
    clients: tuple[ApiClient, ApiClient],
    values: list[tuple[str, str]],
    more: str,
    complete: bool,
    method: str,
) -> None:
    api_client = clients[1]
    base = {"order_id": "1001", "total": "1.00", "currency": "EUR"} if complete else {}
    given_names = {name for name, _ in values}
    pairs = [("key", api_client.key), *((n, v) for n, v in base.items() if n not in given_names), *values]
    text = urlencode(pairs, errors="replace") + "&" + more.encode("ascii", "replace").decode()
    sent = {"data": text} if method == "POST" else {"query_string": text}
    form = {"content_type": "application/x-www-form-urlencoded"} if method == "POST" else {}
    response = api_client.client.open("/postback", method=method, **sent, **form)  # type: ignore[arg-type]
    assert response.status_code in EXPECTED_STATUSES, response.text


@pytest.mark.parametrize("currency", ["JPY", "BHD", "EUR", "UYW"])
@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_amounts_are_minor_units_of_every_currency(
    clients: tuple[ApiClient, ApiClient], currency: str
) -> None:
    largest = sale(currency=currency, total=2**53 - 1)
    assert clients[0].post("sales", largest).status_code == 201
    assert clients[0].post("sales", sale(order_id="2", currency=currency, total=2**53)).status_code == 422
