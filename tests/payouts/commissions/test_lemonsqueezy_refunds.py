"""What a subscription at Lemon Squeezy earns: its first payment is reported twice, refunds are cumulative."""

from typing import Any

import pytest

from tests.cast.books import Books, at
from tests.cast.people import PERSON
from tests.tracker.sales.payloads_read import lemon, raw
from tracker.sales.inbox.apply_or_park import ReceiveResult, dismiss, receive
from tracker.sales.sources.operations import create_source, get_source

SOLD, RENEWED = "10-01", "10-08"
EARNED, EARNED_AFTER_REFUND = 900, 732
"""10 % of 90.00 net; after 20.00 of 107.10 were refunded, 1.68 less."""


class Store:
    """A store at Lemon Squeezy, whose subscription was sold by a creator's link."""

    def __init__(self, books: Books) -> None:
        self.books, self.keys = books, books.settings.secret_keys
        values: dict[str, Any] = {"brand_id": books.brand_id, "kind": "lemonsqueezy", "keys": self.keys}
        self.source_id = books.write(lambda s: create_source(s, at("09-01"), actor=PERSON, **values)[0].id)
        self.custom = {"ll": books.click(books.link_id, SOLD)}

    def send(self, name: str, sold: str = SOLD, **changes: Any) -> ReceiveResult:
        """Deliver a message about something sold on that day, and let the jobs run."""
        changes = {"created_at": at(sold).isoformat(), **changes}
        body, now = raw(lemon(name, custom=self.custom, **changes)), at("10-09")

        def work(session: Any) -> ReceiveResult:
            source = get_source(session, self.source_id)
            return receive(session, now, source, f"{name} {changes}", body, keys=self.keys)

        received: ReceiveResult = self.books.write(work)
        self.books.run_jobs(now)
        return received

    @property
    def earned_minor(self) -> int:
        assert self.books.faults() == []
        return self.books.balance().total_minor


REFUND: dict[str, Any] = {"refunded_amount": 2000, "updated_at": at("10-05").isoformat()}
REFUND_MESSAGES = ("order_refunded_in_part", "payment_initial_refunded")


def test_the_first_payment_is_one_sale_and_each_renewal_another(books: Books) -> None:
    store = Store(books)
    for name in ("payment_initial", "order_created", "subscription_created"):
        assert store.send(name).state == "applied"
    assert store.earned_minor == EARNED
    for name in ("subscription_payment_success", "subscription_payment_recovered"):
        assert store.send("payment_renewal", RENEWED, event_name=name).state == "applied"
    assert store.earned_minor == 2 * EARNED


@pytest.mark.parametrize("messages", [REFUND_MESSAGES, REFUND_MESSAGES[::-1], *zip(REFUND_MESSAGES)])
def test_a_refund_of_the_first_payment_counts_once(books: Books, messages: tuple[str, ...]) -> None:
    store = Store(books)
    store.send("order_created")
    for name in messages:
        assert store.send(name, **REFUND).state == "applied"
    assert store.earned_minor == EARNED_AFTER_REFUND


def test_a_refund_of_the_first_payment_waits_for_its_order(books: Books) -> None:
    store = Store(books)
    received = store.send("payment_initial_refunded", **REFUND)
    assert (received.state, received.reason) == (
        "parked",
        "waiting for order 104e18a2-0000-4000-8000-a6c1dcbe1c10",
    )
    store.send("order_created")
    assert store.earned_minor == EARNED_AFTER_REFUND


def test_a_refund_that_names_only_the_subscription_waits_for_its_link(books: Books) -> None:
    store = Store(books)
    store.send("order_created")
    assert store.send("payment_initial_refunded", urls={}, **REFUND).state == "parked"
    assert store.earned_minor == EARNED
    assert store.send("subscription_created").state == "applied"
    assert store.earned_minor == EARNED_AFTER_REFUND


def test_each_further_refund_says_how_much_was_refunded_so_far(books: Books) -> None:
    store = Store(books)
    store.send("order_refunded_in_part", **REFUND)
    assert store.earned_minor == EARNED_AFTER_REFUND
    store.send("order_refunded", refunded_at=at("10-07").isoformat())
    store.send("order_refunded_in_part", **REFUND | {"updated_at": at("10-06").isoformat()})
    assert store.earned_minor == 0


@pytest.mark.parametrize("name", ["order_refunded_in_part", "payment_initial_refunded"])
def test_a_refund_without_an_amount_holds_the_commission(books: Books, name: str) -> None:
    store = Store(books)
    store.send("order_created")
    refund = store.send(name, refunded_amount=None)
    assert (refund.state, refund.reason_code) == ("parked", "invalid_field")
    books.run_jobs(at("11-20"))
    assert books.balance().payable_minor == 0
    books.write(lambda s: dismiss(s, refund.event_id, reason="reported by hand"))
    books.run_jobs(at("11-21"))
    assert books.balance().payable_minor == EARNED


def test_a_sale_that_was_reported_with_its_refund_earns_what_is_left(books: Books) -> None:
    store = Store(books)
    store.send("order_created", status="partial_refund", **REFUND)
    assert store.earned_minor == EARNED_AFTER_REFUND


def test_a_refund_of_a_renewal_changes_nothing_of_the_first_payment(books: Books) -> None:
    store = Store(books)
    store.send("order_created")
    store.send("payment_renewal_refunded", RENEWED, refunded_at=at(RENEWED).isoformat())
    assert store.earned_minor == EARNED


def test_what_was_sold_in_test_mode_earns_nothing(books: Books) -> None:
    store = Store(books)
    body = lemon("order_created", custom=store.custom, created_at=at(SOLD).isoformat())
    body["meta"]["test_mode"] = True
    books.write(
        lambda s: receive(s, at("10-09"), get_source(s, store.source_id), "test", raw(body), keys=store.keys)
    )
    books.run_jobs(at("10-09"))
    assert store.earned_minor == 0
