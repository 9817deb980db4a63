"""Messages to creators about holds and changes that no person decided: why, until when, what is left."""

from datetime import datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.cast.books import Books, at
from tests.payouts.mail.cast import compose_all, messages, waiting_causes
from tracker.ids import new_id
from tracker.mail.kinds import Choice, MailKind
from tracker.mail.models import MailMessage
from tracker.mail.preferences import set_choice
from tracker.sales.orders.models import RefundFailure, Sale


@pytest.fixture
def sold(books: Books) -> Books:
    """Order 1001 of 100.00 EUR, of which the creator earns 10.00."""
    books.sale("1001", 100_00, "10-05")
    return books


def told(books: Books) -> list[MailMessage]:
    return [each for each in messages(books) if each.creator_id == books.creator_id]


def fail_refund(books: Books, now: datetime) -> None:
    """The shop has the money of refund r1 of order 1001 again."""

    def work(session: Session) -> None:
        sale = session.scalars(select(Sale).where(Sale.order_id == "1001")).one()
        ids = {"id": new_id("rff", now), "sale_id": sale.id, "refund_id": "r1", "event_id": sale.event_id}
        session.add(RefundFailure(**ids, occurred_at=now, created_at=now))

    books.write(work)
    books.run_jobs(now)


def text(message: MailMessage) -> str:
    assert message.body_text is not None
    return " ".join(message.body_text.split())


def test_a_refund_is_told_with_its_reason_and_what_is_left(sold: Books) -> None:
    sold.refund("1001", 30_00, "10-08", reason="returned by Erika Mustermann")
    compose_all(sold, at("10-08 12:09"))
    assert told(sold) == []
    compose_all(sold, at("10-08 12:10"))
    (message,) = told(sold)
    assert (message.kind, message.subject) == ("line_reversed", "One of your commissions at Teas changed")
    assert "Order …1001, €3.00 Reversed: the shop refunded the order. €7.00 are left of it." in text(message)
    assert "Erika" not in f"{message.body_text}{message.body_html}"


def test_all_that_a_run_reverses_is_one_message(books: Books) -> None:
    for number in range(25):
        books.sale(f"S{number:03}", 100_00 + number, "10-05")
    for number in range(25):
        books.refund(f"S{number:03}", 100_00 + number, "10-08", with_jobs=False)
    books.run_jobs(at("10-08 12:01"))
    compose_all(books, at("10-08 12:30"))
    (message,) = told(books)
    assert message.subject == "25 of your commissions at Teas changed"
    assert text(message).count("Nothing is left of it.") == 20
    assert "and 5 more" in text(message)


def test_what_came_to_nothing_before_the_message_is_not_told(sold: Books) -> None:
    sold.refund("1001", 30_00, "10-08 12:01", "r1")
    fail_refund(sold, at("10-08 12:03"))
    assert waiting_causes(sold) == ["line_restored", "line_reversed"]
    compose_all(sold, at("10-08 12:20"))
    assert told(sold) == []


def test_a_failed_refund_is_told_as_restored(sold: Books) -> None:
    sold.refund("1001", 30_00, "10-08", "r1")
    compose_all(sold, at("10-08 12:10"))
    fail_refund(sold, at("10-09"))
    compose_all(sold, at("10-09 12:10"))
    restored = told(sold)[-1]
    assert restored.kind == "line_restored"
    assert "Restored: the refund failed, and the shop has the money again. It is €10.00 now." in text(
        restored
    )


def test_a_dispute_says_what_comes_when_nobody_decides_it(sold: Books) -> None:
    sold.dispute("1001", "opened", 100_00, "10-08")
    compose_all(sold, at("10-08 12:10"))
    (message,) = told(sold)
    assert message.kind == "line_held"
    assert "Order …1001, €10.00 Held: the shopper disputes the payment." in text(message)
    assert "If nobody decides it until Fri 5 February 2027, 12:00 UTC, the payment provider is asked" in text(
        message
    )


def test_a_dispute_that_is_won_before_the_message_is_not_told(sold: Books) -> None:
    sold.dispute("1001", "opened", 100_00, "10-08 12:01")
    sold.dispute("1001", "won", 100_00, "10-08 12:05")
    compose_all(sold, at("10-08 12:30"))
    assert told(sold) == []


def test_a_release_after_a_hold_is_told_and_any_other_is_not(sold: Books) -> None:
    sold.sale("1002", 50_00, "10-05")
    sold.dispute("1001", "opened", 100_00, "10-08")
    sold.dispute("1001", "won", 100_00, "10-20")
    sold.run_jobs(at("11-10"))
    compose_all(sold, at("11-10 12:10"))
    (message,) = [each for each in told(sold) if each.kind == "line_released"]
    assert "Order …1001, €10.00 Released: it is no longer held." in text(message)
    assert "…1002" not in text(message)


def test_releases_can_be_switched_off_and_reversals_cannot(sold: Books) -> None:
    released, off = MailKind.LINE_RELEASED, Choice.OFF
    sold.write(lambda s: set_choice(s, at("10-01"), sold.creator_id, released, off))
    sold.dispute("1001", "opened", 100_00, "10-08")
    sold.dispute("1001", "won", 100_00, "10-20")
    sold.run_jobs(at("11-10"))
    sold.refund("1001", 30_00, "11-10")
    compose_all(sold, at("11-10 12:10"))
    assert [each.kind for each in told(sold)] == ["line_reversed"]


def test_a_message_about_releases_alone_says_how_to_switch_them_off(sold: Books) -> None:
    sold.dispute("1001", "opened", 100_00, "10-08")
    sold.dispute("1001", "won", 100_00, "10-20")
    compose_all(sold, at("10-20 12:30"))
    sold.run_jobs(at("11-10"))
    compose_all(sold, at("11-10 12:10"))
    (message,) = [each for each in told(sold) if each.kind == "line_released"]
    assert "Switch them off here:" in text(message)
