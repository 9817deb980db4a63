"""Payment providers report single refunds, cumulative refunds and failed refunds."""

from typing import Any

import pytest

from payouts.commissions.entries import entries_of
from payouts.commissions.worth.facts import Facts, worth_minor
from payouts.commissions.worth.refunds import RefundAmounts
from tests.cast.books import Books, at
from tests.cast.people import PERSON
from tests.tracker.sales.payloads_read import event, raw
from tracker.sales.inbox.apply_or_park import ReceiveResult, receive
from tracker.sales.reports.sale_amounts import SaleAmounts
from tracker.sales.sources.models import Source
from tracker.sales.sources.operations import create_source, get_source

SALE = SaleAmounts(total=10_000, tax=0, shipping=0)


def refunded(
    *single: tuple[str, int], failed: tuple[str, ...] = (), levels: tuple[tuple[str, int], ...] = ()
) -> int:
    """What was deducted from a commission of 10,000 at 100 %, in minor units."""
    refunds = tuple((refund_id, RefundAmounts(amount)) for refund_id, amount in single)
    facts = Facts(SALE, refunds=refunds, failed_refunds=frozenset(failed), refund_levels=levels)
    return SALE.total - worth_minor(facts, "net", 10_000)


def test_refund_reported_in_two_ways_counts_once() -> None:
    assert refunded(("r1", 1000), levels=(("ch", 1000),)) == 1000
    assert refunded(("r1", 1000), ("r2", 500), levels=(("ch", 1000), ("ch", 1500))) == 1500


def test_highest_cumulative_refund_counts() -> None:
    assert refunded(levels=(("ch", 1000), ("ch", 2500), ("ch", 1500))) == 2500
    assert refunded(("r1", 1000), levels=(("ch", 2500),)) == 2500


def test_cumulative_refunds_of_several_payments_add_up() -> None:
    assert refunded(levels=(("ch_1", 1000), ("ch_2", 500))) == 1500


def test_failed_refund_never_counts() -> None:
    assert refunded(("r1", 1000), failed=("r1",)) == 0
    assert refunded(("r1", 1000), failed=("r1",), levels=(("ch", 1000),)) == 0
    assert refunded(("r1", 1000), ("r2", 300), failed=("r1",), levels=(("ch", 1300), ("ch", 300))) == 300
    assert refunded(failed=("r1",)) == 0


def stripe_source(books: Books) -> str:
    values: dict[str, Any] = {"brand_id": books.brand_id, "kind": "stripe"}
    made: str = books.write(
        lambda s: create_source(s, at("09-01"), actor=PERSON, **values, keys=books.settings.secret_keys)[0].id
    )
    return made


def deliver(books: Books, source_id: str, value: dict[str, Any], when: str) -> ReceiveResult:
    keys, now = books.settings.secret_keys, at(when)

    def work(session: Any) -> ReceiveResult:
        source: Source = get_source(session, source_id)
        return receive(session, now, source, value["id"], raw(value), keys=keys)

    received: ReceiveResult = books.write(work)
    assert books.write(work).duplicate
    books.run_jobs(now)
    return received


def unix_time(when: str) -> int:
    return int(at(when).timestamp())


SOLD, REFUNDED = "10-01", "10-05"
PAYMENT = {"payment_intent": "pi_3ExampleOrderOne"}


def refund_messages(books: Books) -> list[dict[str, Any]]:
    """A sale of 90.00 net at 10 %. One refund of 20.00 fails; one of 22.61, a fifth of 113.05, stays."""
    failing: dict[str, Any] = PAYMENT | {"id": "re_1", "created": unix_time(REFUNDED), "amount": 2000}
    staying: dict[str, Any] = PAYMENT | {"id": "re_2", "created": unix_time(REFUNDED), "amount": 2261}
    token = books.click(books.link_id, SOLD)
    return [
        event("stripe_session_paid", at=unix_time(SOLD), client_reference_id=token),
        event("stripe_refund_created", at=unix_time(REFUNDED), key="evt_1", **failing),
        event("stripe_refund_created", at=unix_time("10-07"), key="evt_2", **staying),
        event("stripe_charge_refunded_basil", at=unix_time("10-06"), amount_refunded=4261),
        event(
            "stripe_refund_created",
            type="refund.failed",
            at=unix_time("10-08"),
            key="evt_3",
            **failing,
            status="failed",
        ),
    ]


@pytest.mark.parametrize("day", ["10-10", "11-05"], ids=["while it is held", "after its release"])
def test_a_failed_refund_reinstates_the_commission(books: Books, day: str) -> None:
    sold, refund, *_, failure = refund_messages(books)
    source_id = stripe_source(books)
    deliver(books, source_id, sold, "10-02")
    deliver(books, source_id, refund, day)
    order = sold["data"]["object"]["id"]
    commission = books.commission(order)
    assert books.balance().total_minor == 741  # 9.00 - 10 % of 20.00 x 90 / 113.05

    deliver(books, source_id, failure, day)
    assert books.balance().total_minor == 900
    kinds = books.write(lambda s: [entry.kind for entry in entries_of(s, commission.id)])
    assert "refund_failed" in kinds
    assert books.faults() == []


def test_statement_shows_the_final_refunded_amount(books: Books) -> None:
    source_id = stripe_source(books)
    for each in refund_messages(books):
        deliver(books, source_id, each, "10-20")

    [line] = books.close("2026-10", "11-01 13:00")["creators"][0]["lines"]
    assert line["refunded"] == {"minor": 2261, "currency": "EUR"}


def test_sales_outside_live_mode_earn_nothing(books: Books) -> None:
    sold = refund_messages(books)[0] | {"livemode": False}
    deliver(books, stripe_source(books), sold, "10-02")

    assert books.balance().total_minor == 0
