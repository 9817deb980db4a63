"""What a line says only when it is shown: messages about its order that wait for a decision."""

from typing import Any

from payouts.statements.render.csv import as_csv
from payouts.statements.render.text import as_text
from tests.cast.books import Books
from tests.cast.months import OCTOBER, sell_and_release
from tests.payouts.statements.october import ask, statement


def lines_of(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {line["order"]: line for part in document["creators"] for line in part["lines"]}


def test_a_held_line_and_a_held_commission_say_which_message_waits(books: Books) -> None:
    books.sale("1001", 100_00, "10-05")
    books.sale("1002", 100_00, "10-05")
    parked = books.refund("1001", 10_00, "10-06", currency="USD").event_id
    document = books.close("2026-10", OCTOBER.closing)
    lines = lines_of(document)
    assert (lines["1001"]["waiting_messages"], lines["1002"]["waiting_messages"]) == ([parked], [])
    assert f"waits: message {parked}" in as_text(document)
    assert f"waits: message {parked}" in as_csv(document)
    (held,) = ask(books, "11-02", "commission", "held", "--brand", books.brand_id)
    assert held["waiting_messages"] == [parked]


def test_a_message_that_comes_after_the_release_is_on_the_line_until_the_seal(books: Books) -> None:
    sell_and_release(books, "1001", 100_00)
    books.end("2026-10", OCTOBER.closing)
    parked = books.refund("1001", 10_00, "11-02", currency="USD").event_id
    line = lines_of(statement(books, "show", "11-03"))["1001"]
    assert (line["status"], line["holds"], line["waiting_messages"]) == ("released", [], [parked])
    sealed = lines_of(statement(books, "approve", OCTOBER.approval))["1001"]
    assert sealed["waiting_messages"] == [parked]
