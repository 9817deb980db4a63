"""Lines that wait for their order are told apart from those that a person must decide about."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select, update

from config.database import read_session, transact
from tests.cast.api import Terminal
from tests.cast.shop import Shop
from tests.tracker.sales.imports.files import (
    NOW,
    REFUNDS,
    TIME,
    read,
    sale_line,
    text,
    valid_lines,
    write_file,
)
from tests.tracker.sales.imports.test_import import counts, imported
from tests.tracker.sales.inbox.test_replay import refuse_attributions
from tracker.sales.imports.booking_lines import book_lines, count_waiting_since
from tracker.sales.inbox.models import Event


def test_lines_that_were_parked_before_reasons_had_codes_wait_until_their_order_is_sold(
    terminal: Terminal, shop: Shop, tmp_path: Path
) -> None:
    """This follows from the rows, and not from the words."""
    lines = (f"{order},r{order},{TIME},{currency},10.00" for order, currency in (("1", "EUR"), ("2", "USD")))
    refunds = write_file(tmp_path, text(*lines, header=REFUNDS), "refunds.csv")
    imported(terminal, shop, refunds, "--kind", "refunds")
    sales = write_file(tmp_path, text(sale_line("2"), sale_line("2", "120.00")))
    imported(terminal, shop, sales)
    with shop.databases.main.begin() as connection:
        values: dict[str, Any] = {"reason": "other words", "reason_code": None, "reason_parameters": None}
        parked = connection.execute(update(Event).where(Event.state == "parked").values(values)).rowcount
    assert parked == 3

    for trial in ((), ("--dry-run",)):
        of_refunds = imported(terminal, shop, *trial, refunds, "--kind", "refunds")
        assert counts(of_refunds) == {"known": 1, "conflict": 1}
        assert counts(imported(terminal, shop, *trial, sales)) == {"known": 1, "conflict": 1}


def test_a_sale_that_was_parked_before_reasons_had_codes_waits_for_no_order(
    terminal: Terminal, shop: Shop, tmp_path: Path
) -> None:
    other = write_file(tmp_path, text(sale_line("2")), "other.csv")
    source_id = imported(terminal, shop, other)["source"]
    lines = valid_lines(read(text(sale_line("1"))))
    refuse_attributions(shop.databases)
    [parked] = transact(
        shop.databases.main, lambda session: book_lines(session, NOW, source_id, lines, shop.keys)
    )
    assert parked.state == "conflict"
    with shop.databases.main.begin() as connection:
        connection.execute(update(Event).values(reason_code=None, reason_parameters=None))
    assert counts(imported(terminal, shop, write_file(tmp_path, text(sale_line("1"))))) == {"conflict": 1}


def test_a_line_that_an_older_process_parked_for_another_reason_does_not_wait(
    terminal: Terminal, shop: Shop, tmp_path: Path
) -> None:
    """It runs during an upgrade, updates the words only and leaves the code of the former state."""
    refunds = write_file(tmp_path, text(f"1,r1,{TIME},EUR,10.00", header=REFUNDS), "refunds.csv")
    source_id = imported(terminal, shop, refunds, "--kind", "refunds")["source"]
    assert waiting(shop, source_id) == 1
    with read_session(shop.databases.main) as session:
        event_id = session.scalars(select(Event.id)).one()
    imported(terminal, shop, write_file(tmp_path, text(sale_line("1"))))
    left: dict[str, Any] = {"state": "parked", "reason": "Refund r1 differs.", "applied_at": None}
    left |= {"reason_code": "waiting_for_order", "reason_parameters": {"names": ["1"], "source": None}}
    with shop.databases.main.begin() as connection:
        connection.execute(update(Event).where(Event.id == event_id).values(left))
    assert counts(imported(terminal, shop, refunds, "--kind", "refunds")) == {"conflict": 1}
    assert waiting(shop, source_id) == 0


def waiting(shop: Shop, source_id: str) -> int:
    with read_session(shop.databases.main) as session:
        return count_waiting_since(session, source_id, datetime(2025, 1, 1, tzinfo=UTC))


def test_the_outcome_of_a_line_does_not_follow_from_words(
    terminal: Terminal, shop: Shop, tmp_path: Path
) -> None:
    refunds = write_file(tmp_path, text(f"1,r1,{TIME},EUR,10.00", header=REFUNDS), "refunds.csv")
    assert counts(imported(terminal, shop, refunds, "--kind", "refunds")) == {"waiting": 1}
    with shop.databases.main.begin() as connection:
        connection.execute(update(Event).values(reason="The order is not here yet."))
    again = imported(terminal, shop, refunds, "--kind", "refunds")
    assert counts(again) == {"known": 1}
