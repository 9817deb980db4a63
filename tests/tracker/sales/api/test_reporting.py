"""Reports that were accepted before a version of Linkledger checked more of them."""

import hashlib
import json
from typing import Any

import pytest
from sqlalchemy import update

from config.database import Databases
from tests.cast.api import ApiClient, row_count
from tests.cast.shop import sale
from tracker.sales.api.reporting import api_report
from tracker.sales.inbox.models import Event

SOLD = sale(items=[{"sku": "A1", "quantity": 1, "net": 1}])
NOW_INVALID = sale(items=[{"sku": "A1", "quantity": 1, "net": 1, "id": 0}])
"""The ids of lines were ignored once, whatever they were."""


@pytest.fixture
def former_body(api_client: ApiClient, databases: Databases, key: str | None) -> bytes:
    """The bytes of a booked report, which is not valid any more."""
    assert api_client.post("sales", SOLD, key).status_code == 201
    body = json.dumps(NOW_INVALID).encode()
    report = api_report("sale.created", body, key)
    stored: dict[str, Any] = {
        "external_id": report.external_id,
        "body": body,
        "body_hash": hashlib.sha256(body).hexdigest(),
    }
    with databases.main.begin() as connection:
        connection.execute(update(Event).values(stored))
    return body


@pytest.mark.parametrize(("key", "status"), [(None, 200), ("row-1", 201)])
def test_a_retry_of_a_report_that_former_rules_accepted_is_not_refused(
    api_client: ApiClient, databases: Databases, former_body: bytes, key: str | None, status: int
) -> None:
    response = api_client.post("sales", former_body, key)
    assert (response.status_code, response.headers.get("Idempotency-Replayed")) == (
        status,
        None if key is None else "true",
    )
    assert row_count(databases) == 1


@pytest.mark.parametrize("key", ["row-1"])
def test_other_bytes_paths_and_keys_are_still_refused(
    api_client: ApiClient, databases: Databases, former_body: bytes
) -> None:
    for what, data, key in (
        ("sales", former_body + b" ", "row-1"),
        ("refunds", former_body, "row-1"),
        ("sales", former_body, "row-2"),
        ("sales", former_body, None),
    ):
        response = api_client.post(what, data, key)
        assert (response.status_code, response.mimetype) == (422, "application/problem+json")
    assert row_count(databases) == 1
