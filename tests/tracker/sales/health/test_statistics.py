"""The health of a source: silence, clock, order numbers and coupons."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from config.database import Databases, read_session, transact
from tests.cast.shop import RECEIVED_AT, Shop, envelope, sale
from tests.tracker.sales.payloads_read import lemon, raw
from tracker.clicks.models import ClickHour, ClickTotal
from tracker.ids import uuid_of
from tracker.sales.health.coupons import coupon_statistics
from tracker.sales.health.serializers import alarms
from tracker.sales.health.statistics import SourceHealth, last_event_times, source_health
from tracker.sales.sources.operations import get_source

SQLITE = pytest.mark.parametrize("database_kind", ["sqlite"])
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def health(shop: Shop, now: datetime, source_id: str | None = None) -> SourceHealth:
    with read_session(shop.databases.main) as session:
        return source_health(session, now, get_source(session, source_id or shop.source_id))


def send_sale(shop: Shop, order_id: str, at: datetime, **changes: Any) -> None:
    data = sale(order_id=order_id, occurred_at=at.isoformat(), **changes)
    shop.send_raw(envelope("sale.created", data, timestamp=at.isoformat()), now=at)


def alarm_kinds(shop: Shop, now: datetime, source_id: str | None = None) -> list[str]:
    return [each.kind for each in alarms(health(shop, now, source_id), now)]


def test_a_shop_that_sells_daily_is_silent_after_36_hours(shop: Shop) -> None:
    for day in range(28):
        send_sale(shop, f"order {day} of a shop", RECEIVED_AT + day * DAY)
    last = RECEIVED_AT + 27 * DAY

    found = health(shop, last + 36 * HOUR)
    assert (found.first_event_at, found.last_event_at) == (RECEIVED_AT, last)
    assert (found.events_7_days, found.events_30_days) == (6, 28)
    assert found.silence is not None
    assert (found.silence.limit, found.silence.is_alarm) == (36 * HOUR, False)
    assert alarm_kinds(shop, last + 37 * HOUR) == ["silence"]
    assert alarm_kinds(shop, last + 400 * DAY) == ["silence"]


def test_a_source_without_events_has_no_health_values(shop: Shop) -> None:
    found = health(shop, RECEIVED_AT)
    assert (found.last_event_at, found.silence, found.skew, found.numbering) == (None, None, None, None)
    with read_session(shop.databases.main) as session:
        assert last_event_times(session) == []


def test_unapplied_events_are_counted(shop: Shop) -> None:
    shop.send("sale.created", sale(), key="same")
    shop.send("sale.created", sale(total=7000), key="same")
    shop.send("sale.created", sale(order_id="2", total=-1))
    found = health(shop, RECEIVED_AT)
    assert (found.parked, found.conflicts) == (1, 1)
    with read_session(shop.databases.main) as session:
        assert last_event_times(session) == [(shop.source_id, RECEIVED_AT)]


@pytest.mark.parametrize(("ahead_s", "expected"), [(61, ["clock"]), (-61, ["clock"]), (59, []), (-59, [])])
def test_a_shops_clock_is_read_from_its_messages(shop: Shop, ahead_s: int, expected: list[str]) -> None:
    for number in range(3):
        sent_at = (RECEIVED_AT + timedelta(seconds=ahead_s)).isoformat()
        shop.send_raw(envelope("sale.created", sale(order_id=f"a{number}b"), timestamp=sent_at))
    shop.send_raw(b"[]")
    shop.send_raw(b'{"timestamp": true}')
    found = health(shop, RECEIVED_AT)
    assert found.skew is not None
    assert (found.skew.ahead_s, found.skew.messages) == (ahead_s, 3)
    assert alarm_kinds(shop, RECEIVED_AT) == expected


@SQLITE
def test_stripe_events_contain_the_time_of_their_creation(shop: Shop) -> None:
    source_id = shop.connect("stripe", "whsec_ExampleOfThisYear000000000000")
    for number in range(3):
        body = {"id": f"evt_{number}", "type": "ping", "created": int(RECEIVED_AT.timestamp()) - 3600}
        shop.send_raw(json.dumps(body).encode(), source_id=source_id)
    found = health(shop, RECEIVED_AT, source_id)
    assert found.skew is not None
    assert found.skew.ahead_s in (-3600, -3601)


@SQLITE
@pytest.mark.parametrize(("later_s", "expected"), [(120, ["clock"]), (30, []), (-7200, [])])
def test_without_sent_times_only_sales_in_the_future_show_clock_skew(
    shop: Shop, later_s: int, expected: list[str]
) -> None:
    source_id = shop.connect("woocommerce", "woo-secret-of-2025")
    for number in range(3):
        order = {
            "id": 7 + 2 * number,
            "status": "completed",
            "currency": "EUR",
            "total": "10.00",
            "total_tax": "0.00",
            "shipping_total": "0.00",
            "discount_total": "0.00",
            "date_paid_gmt": (RECEIVED_AT + timedelta(seconds=later_s)).strftime("%Y-%m-%dT%H:%M:%S"),
        }
        received = shop.send_raw(json.dumps(order).encode(), source_id=source_id, topic="order.updated")
        assert received.state == "applied"
    assert alarm_kinds(shop, RECEIVED_AT, source_id) == expected


def test_orders_that_were_never_reported_are_named(shop: Shop) -> None:
    reported = [number for number in range(990, 1040) if number not in (995, *range(1010, 1020))]
    for number in reported:
        send_sale(shop, str(number), RECEIVED_AT)
    found = health(shop, RECEIVED_AT + DAY).numbering
    assert found is not None
    assert [(gap.first, gap.last) for gap in found.gaps] == [(995, 995), (1010, 1019)]
    [alarm] = alarms(health(shop, RECEIVED_AT + DAY), RECEIVED_AT + DAY)
    assert alarm.kind == "missing_orders"
    assert "orders 1010 to 1019 (10) were never reported" in alarm.message


@SQLITE
def test_order_numbers_are_found_among_other_names_of_the_orders(shop: Shop) -> None:
    """Lemon Squeezy also names each order by a UUID, whose last digits look like numbers of many series."""
    source_id = shop.connect("lemonsqueezy", "lemon-secret-of-2025")
    for number in (number for number in range(3001, 3041) if number not in range(3010, 3020)):
        identifier = f"104e18a2-0000-4000-8000-a6c1dcb{number * 7919:x}{number:05}"[:36].ljust(36, "0")
        order = lemon("order_created", identifier=identifier, order_number=number)
        order["data"]["id"] = str(680000 + 13 * number)
        assert shop.send_raw(raw(order), source_id=source_id).state == "applied"
    found = health(shop, RECEIVED_AT + DAY, source_id).numbering
    assert found is not None
    assert (found.series.name(found.first), found.known) == ("#3001", 30)
    assert [(gap.first, gap.last) for gap in found.gaps] == [(3010, 3019)]


def test_orders_reported_earlier_or_never_paid_are_not_missing(shop: Shop) -> None:
    for number in (1012, 1013):
        send_sale(shop, str(number), RECEIVED_AT)
    shop.send("sale.created", sale(order_id="1015", total=-1), now=RECEIVED_AT)  # parked, but reported
    later = RECEIVED_AT + 40 * DAY
    for number in [*range(980, 1010), *range(1020, 1040)]:
        send_sale(shop, str(number), later)
    found = health(shop, later + DAY).numbering
    assert found is not None
    assert [(gap.first, gap.last) for gap in found.gaps] == [(1010, 1011), (1014, 1014), (1016, 1019)]


def add_clicks(databases: Databases, link_id: str, hour: datetime, persons: int) -> None:
    others = ("repeats", "floods", "unconfirmed", "crawlers", "previews", "prefetches", "embedded", "heads")

    def work(session: Session) -> None:
        zeros = dict.fromkeys(others, 0)
        session.add(ClickTotal(link_id=uuid_of(link_id, "lnk"), hour=hour, persons=persons, **zeros))
        session.merge(ClickHour(hour=hour, counted=persons, closed=True))

    transact(databases.clicks, work)


def test_coupon_statistics_compare_orders_with_clicks_and_visitors(shop: Shop, databases: Databases) -> None:
    hour = RECEIVED_AT.replace(minute=0, second=0) - HOUR
    add_clicks(databases, shop.links["anna"], hour, 7)
    add_clicks(databases, shop.links["anna"], hour - 40 * DAY, 1000)
    add_clicks(databases, shop.links["bob"], hour, 500)
    for number in range(12):
        shop.send("sale.created", sale(order_id=f"a{number}", coupons=["anna10", "UNKNOWN"]))
    shop.send("sale.created", sale(order_id="b1", coupons=["ANNA10"], click=shop.token("anna")))
    shop.send("sale.created", sale(order_id="b2", coupons=["ANNA10"], click=shop.token("bob")))
    shop.send("sale.created", sale(order_id="b3", click=shop.token("anna")))
    shop.send("sale.created", sale(order_id="b4", coupons=["ANNA10"], test=True))
    # The click of the first order is reported later: the order counts once, with a click.
    shop.send("sale.created", sale(order_id="a0", click=shop.token("anna")))

    with read_session(databases.main) as main, read_session(databases.clicks) as clicks:
        [found] = coupon_statistics(main, clicks, shop.brand_id, RECEIVED_AT - 30 * DAY)
        assert coupon_statistics(main, clicks, shop.brand_id, RECEIVED_AT + DAY) == []
    assert (found.code, found.orders, found.with_click, found.visitors) == ("ANNA10", 14, 2, 7)
    assert found.may_have_leaked
