"""A program of the brand's that has a key, and what it reports."""

import json
from typing import Any

from sqlalchemy.orm import Session

from tests.payouts.cast import Books, at
from tracker.people.keys.operations import create_key
from tracker.sales.api.reporting import AcceptedReport, accept_report, api_report


def report_by_api(books: Books, order: str, when: str) -> AcceptedReport:
    """A sale without anybody's click, and the key that reported it."""
    amounts = {"currency": "EUR", "total": 100_00, "tax": 0, "shipping": 0}
    data = {"order_id": order, "occurred_at": at(when).isoformat(), **amounts}
    report = api_report("sale.created", json.dumps(data).encode(), None)
    key: dict[str, Any] = {"brand_id": books.brand_id, "name": "shop", "scopes": ["sales:write"]}

    def work(session: Session) -> AcceptedReport:
        create_key(session, at(when), **key)
        return accept_report(session, at(when), books.brand_id, report, keys=books.settings.secret_keys)

    accepted: AcceptedReport = books.write(work)
    return accepted
