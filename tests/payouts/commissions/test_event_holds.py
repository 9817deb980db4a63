"""A parked or conflicting message holds its order's commission until it is applied or dismissed."""

from typing import Any

import pytest
from sqlalchemy.orm import Session

from payouts.commissions.holds.placing import holds_of
from payouts.statements.decisions.commissions import release
from tests.cast.books import Books, at
from tests.cast.people import PERSON
from tests.payouts.commissions.order_state import ZERO_BALANCES, balances_of, holds
from tracker.errors import NotFound
from tracker.sales.inbox.apply_or_park import ReceiveResult, dismiss, replay, unapplied_ids


def authorise_october(books: Books) -> None:
    books.end("2026-10", "11-01 00:05")
    books.approve("2026-09", "11-08")
    books.approve("2026-10", "11-08")


def refund_under_the_sales_id(books: Books, when: str) -> ReceiveResult:
    data: dict[str, Any] = {"order_id": "S1", "refund_id": "r1", "occurred_at": at(when).isoformat()}
    more = {"currency": "EUR", "amount": 1000_00}
    return books.report("refund.created", data | more, "sale-S1", at(when), with_jobs=False)


def dismiss_event(books: Books, received: ReceiveResult) -> None:
    books.write(lambda s: dismiss(s, received.event_id, reason="a mistake"))


def replay_event(books: Books, received: ReceiveResult, when: str) -> None:
    keys = books.settings.secret_keys
    books.write(lambda s: replay(s, at(when), received.event_id, keys=keys))


def test_commission_is_not_released_while_a_parked_event_names_its_order(books: Books) -> None:
    books.sale("S1", 100_00, "10-01")
    books.refund("S1", 10_00, "10-05", currency="USD")
    books.run_jobs(at("11-20"))
    assert balances_of(books) == (10_00, 0, 0)
    books.write(lambda s: dismiss(s, *unapplied_ids(s), reason="a mistake"))
    books.run_jobs(at("11-21"))
    assert balances_of(books) == (0, 10_00, 0)


def test_refund_with_the_message_id_of_its_sale_blocks_the_release(books: Books) -> None:
    books.sale("S1", 1000_00, "09-05")
    conflict = refund_under_the_sales_id(books, "09-10")
    assert conflict.state == "conflict"
    authorise_october(books)
    assert not books.pay("11-09").paid
    assert balances_of(books) == (100_00, 0, 0)

    replay_event(books, conflict, "11-10")
    books.run_jobs(at("11-10"))
    assert (balances_of(books), books.faults()) == (ZERO_BALANCES, [])


@pytest.mark.parametrize("with_jobs", [True, False])
def test_a_refund_that_cannot_be_applied_holds_a_released_commission(books: Books, with_jobs: bool) -> None:
    books.sale("S1", 1000_00, "09-05")
    books.sale("S2", 2000_00, "09-05")
    authorise_october(books)
    parked = books.refund("S1", 1000_00, "11-08 18:00", currency="USD", with_jobs=with_jobs)
    assert parked.state == "parked"

    assert books.pay("11-09").paid
    assert balances_of(books) == (100_00, 0, 0)
    assert holds(books, "S1") == [f"a message about this order waits for a decision: {parked.event_id}"]
    assert books.faults() == []

    dismiss_event(books, parked)
    books.run_jobs(at("11-10"))
    assert (balances_of(books), holds(books, "S1")) == ((0, 100_00, 0), [])
    books.end("2026-11", "12-01 00:05")
    books.approve("2026-11", "12-08")
    assert books.pay("12-09").paid
    assert (balances_of(books), books.faults()) == (ZERO_BALANCES, [])


def test_only_the_remainder_is_paid_after_the_refund_is_applied(books: Books) -> None:
    books.sale("S1", 1000_00, "09-05")
    authorise_october(books)
    conflict = refund_under_the_sales_id(books, "11-08 18:00")
    assert not books.pay("11-09").paid
    replay_event(books, conflict, "11-10")
    books.run_jobs(at("11-10"))
    assert (balances_of(books), holds(books, "S1"), books.faults()) == (ZERO_BALANCES, [], [])


def test_event_hold_ends_only_with_its_event(books: Books) -> None:
    books.sale("S1", 1000_00, "09-05")
    authorise_october(books)
    parked = books.refund("S1", 1000_00, "11-08 18:00", currency="USD")
    commission_id = books.commission("S1").id

    def try_to_release(session: Session) -> None:
        with pytest.raises(NotFound, match=parked.event_id):
            release(session, at("11-09"), commission_id, actor=PERSON)
        assert len(holds_of(session, commission_id)) == 1

    books.write(try_to_release)


def test_a_parked_refund_does_not_change_a_paid_commission(books: Books) -> None:
    books.sale("S1", 1000_00, "09-05")
    authorise_october(books)
    assert books.pay("11-09").paid
    parked = books.refund("S1", 1000_00, "11-12", currency="USD")
    assert balances_of(books) == ZERO_BALANCES
    dismiss_event(books, parked)
    books.run_jobs(at("11-13"))
    assert (balances_of(books), holds(books, "S1"), books.faults()) == (ZERO_BALANCES, [], [])
