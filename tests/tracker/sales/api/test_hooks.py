"""The webhook entry point: its responses, and what is stored."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from prometheus_client import REGISTRY
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from standardwebhooks import Webhook
from structlog.testing import capture_logs
from werkzeug.test import TestResponse

from config.database import Databases, read_session, transact
from config.settings import Settings
from tests.cast.people import PERSON, START
from tests.cast.shop import SOLD, Shop, envelope, sale
from tests.tracker.sales.api.hook_app import make_app
from tracker.http.site import site
from tracker.sales.inbox.models import Event
from tracker.sales.orders.models import Sale
from tracker.sales.reports.strict_json import MAXIMUM_BYTES
from tracker.sales.sources.operations import delete_source, rotate_secret


@pytest.fixture
def client(settings: Settings) -> Iterator[FlaskClient]:
    application = make_app(settings)
    yield application.test_client()
    with application.app_context():
        site().databases.close()


def signed(secret: str, body: bytes, key: str = "msg_1", at: datetime | None = None) -> dict[str, str]:
    """Headers signed by the standardwebhooks package."""
    at = at or datetime.now(UTC)
    return {
        "webhook-id": key,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(key, at, body.decode()),
    }


def post(client: FlaskClient, shop: Shop, body: bytes, headers: dict[str, str] | None = None) -> TestResponse:
    headers = signed(shop.secret, body) if headers is None else headers
    return client.post(f"/hooks/{shop.source_id}", data=body, headers=headers)


def row_count(databases: Databases, table: Any = Event) -> int:
    with read_session(databases.main) as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_a_signed_sale_is_booked_and_the_response_names_its_event(
    client: FlaskClient, shop: Shop, databases: Databases
) -> None:
    response = post(client, shop, envelope("sale.created", sale()))

    assert response.status_code == 200
    content = response.json or {}
    assert content.pop("event").startswith("evt_")
    assert content == {
        "state": "applied",
        "reason": None,
        "reason_code": None,
        "reason_parameters": None,
        "duplicate": False,
    }
    assert row_count(databases, Sale) == 1


def test_a_repeated_message_gets_the_same_response_marked_as_duplicate(
    client: FlaskClient, shop: Shop
) -> None:
    body = envelope("sale.created", sale())
    first, again = post(client, shop, body).json, post(client, shop, body).json

    assert first is not None
    assert again == {**first, "duplicate": True}


def test_a_signed_invalid_message_is_parked_with_status_200(
    client: FlaskClient, shop: Shop, databases: Databases
) -> None:
    response = post(client, shop, envelope("sale.created", sale(total=-1)))

    assert response.status_code == 200
    assert response.json is not None
    assert (response.json["state"], response.json["reason"]) == (
        "parked",
        "data.total is -1; it must be at least 0.",
    )
    assert response.json["reason_code"] == "invalid_field"
    assert response.json["reason_parameters"]["field"] == "data.total"
    assert (row_count(databases), row_count(databases, Sale)) == (1, 0)


def test_a_used_message_id_with_other_content_returns_409(client: FlaskClient, shop: Shop) -> None:
    post(client, shop, envelope("sale.created", sale()))
    response = post(client, shop, envelope("sale.created", sale(total=7000)))

    assert (response.status_code, response.mimetype) == (409, "application/problem+json")
    assert response.json is not None
    assert "was used before" in response.json["detail"]
    assert response.json["reason_code"] == "id_used_before"


@pytest.mark.parametrize("fault", ["unsigned", "stale", "early", "altered", "other secret"])
def test_an_unauthentic_message_returns_401_and_is_only_counted(
    client: FlaskClient, shop: Shop, databases: Databases, fault: str
) -> None:
    body = envelope("sale.created", sale())
    now = datetime.now(UTC)
    headers = {
        "unsigned": {},
        "stale": signed(shop.secret, body, at=now - timedelta(minutes=6)),
        "early": signed(shop.secret, body, at=now + timedelta(minutes=6)),
        "altered": signed(shop.secret, body.replace(b"11900", b"99900")),
        "other secret": signed("whsec_" + "A" * 43 + "=", body),
    }[fault]
    cause = {"unsigned": "missing", "stale": "stale", "early": "stale"}.get(fault, "signature")
    before = refusals(cause)

    response = post(client, shop, body, headers)

    assert (response.status_code, response.mimetype) == (401, "application/problem+json")
    assert row_count(databases) == 0
    assert refusals(cause) == before + 1


def test_both_secrets_are_accepted_after_a_rotation(
    client: FlaskClient, shop: Shop, databases: Databases
) -> None:
    new = transact(
        databases.main, lambda session: rotate_secret(session, START, shop.source_id, shop.keys, actor=PERSON)
    )
    body = envelope("sale.created", sale())

    assert post(client, shop, body, signed(new, body)).status_code == 200
    assert post(client, shop, body, signed(shop.secret, body)).status_code == 200


@pytest.mark.parametrize("source_id", ["src_" + "0" * 32, "nonsense", "brd_" + "0" * 32])
def test_an_unknown_hook_returns_404(client: FlaskClient, source_id: str) -> None:
    response = client.post(f"/hooks/{source_id}", data=b"{}")

    assert (response.status_code, response.mimetype) == (404, "application/problem+json")


def test_a_deleted_source_returns_410(client: FlaskClient, shop: Shop, databases: Databases) -> None:
    def delete(session: Session) -> None:
        delete_source(session, datetime.now(UTC), shop.source_id, actor=PERSON)

    transact(databases.main, delete)
    response = post(client, shop, envelope("sale.created", sale()))

    assert (response.status_code, row_count(databases)) == (410, 0)


def test_a_body_over_the_limit_returns_413(client: FlaskClient, shop: Shop, databases: Databases) -> None:
    response = post(client, shop, b" " * (MAXIMUM_BYTES + 1))

    assert (response.status_code, row_count(databases)) == (413, 0)


def test_a_body_of_exactly_the_limit_is_accepted(
    client: FlaskClient, shop: Shop, databases: Databases
) -> None:
    body = envelope("sale.created", sale())
    response = post(client, shop, body + b" " * (MAXIMUM_BYTES - len(body)))

    assert (response.status_code, row_count(databases, Sale)) == (200, 1)


def test_neither_responses_nor_logs_contain_tokens_secrets_or_the_body(
    client: FlaskClient, shop: Shop
) -> None:
    token, customer = shop.token("anna"), "a-private-customer"
    bodies = [
        envelope("sale.created", sale(click=token, customer=customer)),
        envelope("sale.created", sale(click=token, customer=customer, total=-5)),
        envelope("sale.created", sale(click=token, customer=customer, total=5000, tax=0, shipping=0)),
        envelope("sale.created", sale(click=[token], customer=customer)),
        envelope("sale.created", {"order_id": token, "customer": customer, "occurred_at": SOLD}),
    ]
    with capture_logs() as logs:
        responses = [
            post(client, shop, body, signed(shop.secret, body, key=f"msg_{number}")).text
            for number, body in enumerate(bodies)
        ]
        responses.append(post(client, shop, bodies[0], signed("whsec_AAAA", bodies[0])).text)

    output = "\n".join(responses) + repr(logs)
    assert token not in output
    assert customer not in output
    assert shop.secret.removeprefix("whsec_") not in output


def test_an_unsigned_request_learns_nothing_about_our_keys(settings: Settings, shop: Shop) -> None:
    with capture_logs() as logs:
        other_key = settings.model_copy(update={"secret_key": "another signing key for tests, long enough"})
        response = make_app(other_key).test_client().post(f"/hooks/{shop.source_id}", data=b"{}")
    assert (response.status_code, response.headers["Retry-After"]) == (503, "5")
    assert "SECRET_KEY" not in response.text
    assert "send the message again" in response.text
    assert "LINKLEDGER_SECRET_KEY" in logs[0]["error"]


def test_without_a_database_the_shop_is_asked_to_retry(settings: Settings) -> None:
    nowhere = settings.model_copy(update={"database_url": "postgresql+psycopg://nobody@127.0.0.1:1/none"})
    body = envelope("sale.created", sale(customer="a-private-customer"))
    with capture_logs() as logs:
        response = make_app(nowhere).test_client().post("/hooks/src_" + "0" * 32, data=body)

    assert (response.status_code, response.headers["Retry-After"]) == (503, "5")
    assert response.mimetype == "application/problem+json"
    assert [entry["event"] for entry in logs] == ["hook cannot reach the database"]


def test_the_hook_view_is_declared_as_signed(settings: Settings) -> None:
    view: Any = make_app(settings).view_functions["sales.receive_hook"]

    assert view.__access__.kind == "signed"


def refusals(cause: str) -> float:
    return REGISTRY.get_sample_value("linkledger_hooks_refused_total", {"cause": cause}) or 0
