"""A program of the brand's, for tests: it shows a key and reports over the whole application."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from config.database import Databases, read_session, transact
from config.settings import Settings
from tests.tracker.sales.shop import START, Shop
from tracker.http.site import site
from tracker.people.keys.operations import create_key
from tracker.sales.inbox.models import Event
from wsgi import create_app


@contextmanager
def application_client(settings: Settings) -> Iterator[FlaskClient]:
    application = create_app(settings)
    yield application.test_client()
    with application.app_context():
        site().databases.close()


def new_key(shop: Shop, *scopes: str, expires_at: datetime | None = None) -> str:
    """The text of a key of the shop's brand."""

    def work(session: Session) -> str:
        values = {"brand_id": shop.brand_id, "name": "program", "scopes": scopes, "expires_at": expires_at}
        return create_key(session, START, **values)[1]  # type: ignore[arg-type]

    return transact(shop.databases.main, work)


@dataclass
class ApiClient:
    client: FlaskClient
    key: str
    answers: list[tuple[str, TestResponse]] = field(default_factory=list)
    """Every answer with the path that gave it, for who wants to look at all of them."""

    def post(self, what: str, data: Any, idempotency_key: str | None = None, **headers: str) -> TestResponse:
        """`data` as JSON, or bytes as they are."""
        body = data if isinstance(data, bytes) else json.dumps(data).encode()
        named = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json", **headers}
        if idempotency_key is not None:
            named["Idempotency-Key"] = idempotency_key
        return self._record(f"/api/v1/{what}", self.client.post(f"/api/v1/{what}", data=body, headers=named))

    def get(self, path: str, query: Mapping[str, str] | None = None) -> TestResponse:
        headers = {"Authorization": f"Bearer {self.key}"}
        answer = self.client.get(f"/api/v1/{path}", headers=headers, query_string=query or {})
        return self._record(f"/api/v1/{path}", answer)

    def postback(self, *, method: str = "GET", **values: str) -> TestResponse:
        values_with_key = {"key": self.key, **values}
        if method == "POST":
            return self.client.post("/postback", data=values_with_key)
        return self.client.open("/postback", method=method, query_string=values_with_key)

    def _record(self, path: str, answer: TestResponse) -> TestResponse:
        self.answers.append((path, answer))
        return answer


def row_count(databases: Databases, table: Any = Event) -> int:
    with read_session(databases.main) as session:
        return session.scalar(select(func.count()).select_from(table)) or 0
