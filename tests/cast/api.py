"""Clients of the product: one that calls the API with a key, and a terminal that runs commands."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import click
from click.testing import CliRunner, Result
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from config.database import Databases, read_session
from config.settings import Settings
from tracker.console import Console
from tracker.http.site import site
from tracker.sales.inbox.models import Event
from wsgi import create_app


class Terminal:
    """Runs commands as the console does, against the databases of a test."""

    def __init__(
        self,
        settings: Settings,
        commands: tuple[click.Command, ...],
        databases: Databases | None = None,
        **environment: str,
    ) -> None:
        """`environment`: further variables. Each command opens its own databases unless some are given."""
        self._root = click.Group("linkledger", commands=list(commands))
        self._databases = databases
        self._environment = {
            "LINKLEDGER_HOME": str(settings.home),
            "LINKLEDGER_DATABASE_URL": settings.database_url,
            "LINKLEDGER_SECRET_KEY": settings.secret_key,
            **environment,
        }

    def run(self, *arguments: str, stdin: str = "") -> Result:
        console = Console()
        if self._databases is not None:
            console.databases = console.job_databases = self._databases
        return CliRunner(env=self._environment).invoke(self._root, arguments, input=stdin, obj=console)

    def ask(self, *arguments: str, stdin: str = "") -> Any:
        """Run a command that must succeed. Returns the JSON that it prints."""
        result = self.run(*arguments, "--json", stdin=stdin)
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    def refused(self, *arguments: str) -> str:
        """Run a command that must refuse: exit code 2, and nothing on stdout. Returns its message."""
        result = self.run(*arguments, "--json")
        assert (result.exit_code, result.stdout) == (2, ""), result.output
        return result.stderr


@contextmanager
def application_client(settings: Settings) -> Iterator[FlaskClient]:
    """A client of the whole application."""
    application = create_app(settings)
    yield application.test_client()
    with application.app_context():
        site().databases.close()


@dataclass
class ApiClient:
    """Software of the brand: with its API key it reports to the whole application and reads from it."""

    client: FlaskClient
    key: str
    responses: list[tuple[str, TestResponse]] = field(default_factory=list)
    """Every response to `post` and `get`, with its path, for tests that check all of them."""

    def post(self, what: str, data: Any, idempotency_key: str | None = None, **headers: str) -> TestResponse:
        """`data` as JSON, or bytes as they are."""
        body = data if isinstance(data, bytes) else json.dumps(data).encode()
        named = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json", **headers}
        if idempotency_key is not None:
            named["Idempotency-Key"] = idempotency_key
        return self._record(f"/api/v1/{what}", self.client.post(f"/api/v1/{what}", data=body, headers=named))

    def get(self, path: str, query: Mapping[str, str] | None = None) -> TestResponse:
        headers = {"Authorization": f"Bearer {self.key}"}
        response = self.client.get(f"/api/v1/{path}", headers=headers, query_string=query or {})
        return self._record(f"/api/v1/{path}", response)

    def postback(self, *, method: str = "GET", **values: str) -> TestResponse:
        values_with_key = {"key": self.key, **values}
        if method == "POST":
            return self.client.post("/postback", data=values_with_key)
        return self.client.open("/postback", method=method, query_string=values_with_key)

    def _record(self, path: str, response: TestResponse) -> TestResponse:
        self.responses.append((path, response))
        return response


def row_count(databases: Databases, table: Any = Event) -> int:
    """The number of rows of a table; without `table`, the number of stored messages."""
    with read_session(databases.main) as session:
        return session.scalar(select(func.count()).select_from(table)) or 0
