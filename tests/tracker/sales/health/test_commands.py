"""The command `linkledger source health`, and the metric of the last message."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from config.database import read_session, transact
from config.settings import Settings
from tests.cast.api import Terminal
from tests.cast.shop import Shop, create_shop, envelope, sale
from tests.tracker.sales.api.hook_app import make_app
from tests.tracker.sales.api.test_hooks import signed
from tracker.http.site import site
from tracker.sales.health.clocks import record_stale_refusal
from tracker.sales.reports.messages import Stale
from tracker.sales.sources.operations import get_source
from wsgi import create_app

SQLITE = pytest.mark.parametrize("database_kind", ["sqlite"])


@pytest.fixture
def client(settings: Settings) -> Iterator[FlaskClient]:
    application = make_app(settings)
    yield application.test_client()
    with application.app_context():
        site().databases.close()


def post_with_wrong_time(client: FlaskClient, shop: Shop, minutes: int, secret: str | None = None) -> None:
    body = envelope("sale.created", sale())
    at = datetime.now(UTC) + timedelta(minutes=minutes)
    response = client.post(
        f"/hooks/{shop.source_id}", data=body, headers=signed(secret or shop.secret, body, at=at)
    )
    assert response.status_code == 401


def recorded_refusal(shop: Shop) -> tuple[datetime | None, int | None]:
    with read_session(shop.databases.main) as session:
        source = get_source(session, shop.source_id)
        return source.stale_at, source.stale_ahead_s


def test_a_message_refused_as_stale_raises_an_alarm(
    client: FlaskClient, shop: Shop, terminal: Terminal
) -> None:
    post_with_wrong_time(client, shop, -10, secret="whsec_" + "A" * 44)
    assert recorded_refusal(shop) == (None, None)
    post_with_wrong_time(client, shop, -10)
    first_at, ahead_s = recorded_refusal(shop)
    assert ahead_s is not None
    assert -602 <= ahead_s <= -599

    post_with_wrong_time(client, shop, 20)
    assert recorded_refusal(shop) == (first_at, ahead_s)  # only one refusal a minute is recorded
    set_recorded_refusal(shop, datetime.now(UTC) - timedelta(minutes=2), ahead_s)
    post_with_wrong_time(client, shop, 20)
    assert 1198 <= (recorded_refusal(shop)[1] or 0) <= 1200

    result = terminal.run("source", "health", "--json")
    assert result.exit_code == 3
    [alarm] = json.loads(result.stdout)["sources"][0]["alarms"]
    assert alarm["what"] == "refused"
    assert "min" in alarm["message"]
    assert "later than the clock here" in alarm["message"]


@SQLITE
def test_of_two_refusals_within_a_minute_one_is_recorded(shop: Shop) -> None:
    now = datetime.now(UTC)
    with read_session(shop.databases.main) as session:
        source = get_source(session, shop.source_id)
    record_stale_refusal(shop.databases.main, source, now, Stale("", 600))
    record_stale_refusal(shop.databases.main, source, now, Stale("", 700))
    assert recorded_refusal(shop) == (now, 600)


def set_recorded_refusal(shop: Shop, at: datetime, ahead_s: int) -> None:
    def work(session: Session) -> None:
        source = get_source(session, shop.source_id)
        source.stale_at, source.stale_ahead_s = at, ahead_s

    transact(shop.databases.main, work)


@SQLITE
def test_a_refusal_a_week_ago_raises_no_alarm(shop: Shop, terminal: Terminal) -> None:
    set_recorded_refusal(shop, datetime.now(UTC) - timedelta(days=7), -600)
    [found] = terminal.ask("source", "health")["sources"]
    assert (found["alarms"], found["refused_for_time_ahead_s"]) == ([], -600)


@SQLITE
def test_source_health_is_reported_as_text_and_json(
    shop: Shop, terminal: Terminal, settings: Settings
) -> None:
    other = create_shop(settings, shop.databases, name="Coffees", coupon=None)
    now = datetime.now(UTC)
    for number in range(11):
        data = sale(order_id=f"a{number}x", occurred_at=now.isoformat(), coupons=["ANNA10"])
        shop.send_raw(envelope("sale.created", data, timestamp=now.isoformat()), now=now)
    deleted = terminal.ask("source", "create", "--brand", shop.brand_id, "--kind", "standard")["id"]
    terminal.ask("source", "delete", deleted)

    value = terminal.ask("source", "health", "--brand", shop.brand_id)
    assert (value["ok"], [each["source"] for each in value["sources"]]) == (True, [shop.source_id])
    assert value["sources"][0]["events"] == {"last_7_days": 11, "last_30_days": 11}
    assert value["sources"][0]["events_per_day"] == {"last_7_days": 1.6, "last_30_days": 0.4}
    [coupon] = value["coupons"]
    assert (coupon["code"], coupon["orders_without_click"], coupon["may_have_leaked"]) == ("ANNA10", 11, True)
    both = terminal.ask("source", "health")["sources"]
    assert {each["source"] for each in both} == {shop.source_id, other.source_id}

    output = terminal.run("source", "health").stdout
    assert "messages a day: 1.6 (7 days)" in output
    assert "CHECK: more orders than visitors" in output
    assert "nothing yet" in output


@SQLITE
def test_silence_raises_an_alarm_with_exit_code_3(shop: Shop, terminal: Terminal) -> None:
    now = datetime.now(UTC)
    for day in range(30, 2, -1):
        at = now - timedelta(days=day)
        shop.send("sale.created", sale(order_id=f"a{day}x", occurred_at=at.isoformat()), now=at)
    result = terminal.run("source", "health")
    assert result.exit_code == 3
    assert "ALARM silence: no message since" in result.stdout
    assert f"linkledger source delete {shop.source_id}" in result.stdout


def test_the_age_of_the_last_message_is_a_metric(shop: Shop, settings: Settings) -> None:
    shop.send("sale.created", sale(), now=datetime.now(UTC) - timedelta(hours=1))
    text = create_app(settings).test_client().get("/metrics").text
    [line] = [line for line in text.splitlines() if line.startswith("linkledger_source_last_event_age")]
    name, value = line.rsplit(" ", 1)
    assert f'source="{shop.source_id}"' in name
    assert 3600 <= float(value) < 3700
