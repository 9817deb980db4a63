"""Each change and each hold of a commission has a code; rows older than the codes show their words."""

from typing import Any

import pytest
from sqlalchemy import insert

from config.database import read_session
from payouts.commissions.entries import entries_of
from payouts.commissions.holds.placing import hold_words, lifted_holds_of
from payouts.commissions.models import Entry
from payouts.commissions.reasons import DECISIONS
from payouts.explain.order import as_text
from payouts.statements.commands import COMMANDS
from payouts.statements.decisions.commissions import decline, hold, release
from payouts.statements.decisions.credit import keep
from payouts.statements.render.csv import as_csv
from payouts.statements.render.text import as_text as statement_text
from tests.cast.api import Terminal
from tests.cast.books import Books, add_creator, add_link, at
from tests.payouts.commissions.order_state import change_hold, open_hold, report_again
from tests.payouts.commissions.suspects import (
    OWN_PURCHASE,
    SOLD,
    creator_with_code,
    explain_order,
    set_suspicion_setting,
)
from tests.tracker.sales.attribution.former_decisions import store_as_rules_2
from tracker.ids import new_id

OLD = "in the words of an older version"


def reasons(books: Books, order: str) -> list[tuple[str, str | None, dict[str, Any] | None]]:
    """Of each entry of the order's commission: its kind, and the code and parameters of its reason."""
    with read_session(books.databases.main) as session:
        entries = entries_of(session, books.commission(order).id)
        return [(each.kind, each.reason_code, each.reason_parameters) for each in entries]


def make_hold_old(books: Books, order: str) -> None:
    """The hold becomes one that was stored before reasons had codes."""
    change_hold(books, order, reason=OLD, reason_code=None, reason_parameters=None)


def add_old_entry(books: Books, order: str) -> None:
    """Add an entry that was stored before reasons had codes."""
    commission = books.commission(order)
    with read_session(books.databases.main) as session:
        last = entries_of(session, commission.id)[-1]
    values = {"id": new_id("cen", at("10-06")), "commission_id": commission.id, "line": last.line + 1}
    values |= {"kind": "kept", "cause_id": "atr_old", "reason": OLD, "effective_at": at("10-06")}
    values |= dict.fromkeys(("amount_before_minor", "amount_after_minor"), last.amount_after_minor)
    books.write(lambda s: s.execute(insert(Entry).values(**values, created_at=at("10-06"))))


def test_reports_of_shops_are_entered_with_code_and_parameters(books: Books) -> None:
    books.sale("S1", 100_00, "10-01")
    books.refund("S1", 10_00, "10-02", "r1")
    books.refund("S1", 20_00, "10-03", "r2", reason="too small")
    books.dispute("S1", "opened", 30_00, "10-04")
    books.dispute("S1", "won", 30_00, "10-05")
    books.run_jobs(at("11-01"))
    (credited, *others) = reasons(books, "S1")
    assert credited[:2] == ("accrue", "credited")
    assert (credited[2] or {})["evidence"]["reason_code"] == "click_decides"
    assert others == [
        ("refund", "refunded", {}),
        ("refund", "refund_with_shop_words", {"words": "too small"}),
        ("dispute_opened", "dispute_opened", {"dispute": "dp-S1"}),
        ("dispute_won", "dispute_won", {"dispute": "dp-S1"}),
        ("mature", "release_after_hold", {}),
    ]
    assert books.faults() == []


def test_an_entry_shows_the_words_of_an_attribution_that_is_older_than_the_codes(books: Books) -> None:
    sold = books.sale_data("S1", 100_00, SOLD, click=books.click(books.link_id, "10-01 08:00"))
    books.report("sale.created", sold, "sale-S1", at(SOLD), with_jobs=False)
    store_as_rules_2(books.databases)
    books.run_jobs(at(SOLD))
    ((_kind, code, parameters),) = reasons(books, "S1")
    words = "The last eligible click decides, 4 hours before the sale."
    assert code == "credited"
    assert (parameters or {})["evidence"] == {
        "reason": words,
        "reason_code": None,
        "reason_parameters": None,
    }
    (explanation,) = explain_order(books, "S1")
    assert explanation["commissions"][0]["entries"][0]["why"] == words
    assert books.faults() == []


def test_a_cancellation_and_a_plain_release_have_codes(books: Books) -> None:
    books.sale("S1", 100_00, "10-01")
    books.run_jobs(at("11-01"))
    cancelled = {"order_id": "S1", "occurred_at": at("11-02").isoformat()}
    books.report("order.cancelled", cancelled, "cancelled", at("11-02"))
    assert reasons(books, "S1")[1:] == [
        ("mature", "release_date", {}),
        ("cancellation", "order_cancelled", {}),
    ]
    assert books.faults() == []


@pytest.mark.parametrize("code", list(DECISIONS))
@pytest.mark.parametrize("note", ["", "see the parcel"])
def test_decisions_of_people_keep_their_words_beside_their_code(books: Books, code: str, note: str) -> None:
    note = note or ("a note" if code == "other" else "")
    books.sale("S1", 100_00, "10-01")
    books.decide(hold, "S1", "10-02", reason=str(code), note=note)
    books.decide(decline, "S1", "10-03", reason=str(code), note=note)
    parameters = {"note": note} if note else {}
    placed = open_hold(books, "S1")
    assert (placed.reason_code, placed.reason_parameters) == (code, parameters)
    assert reasons(books, "S1")[-1] == ("decline", code, parameters)
    assert placed.reason == f"{code}: {note or DECISIONS[code]}"  # type: ignore[index]
    assert books.faults() == []


def test_a_kept_credit_stores_the_note_as_a_parameter(books: Books) -> None:
    bob = add_creator(books, "bob", connected=False)
    books.sale("S1", 100_00, SOLD, click=books.click(books.link_id, "10-01 08:00"))
    books.run_jobs(at("11-01"))
    for hour, note in (("09", ""), ("10", "Anna wrote the review")):
        token = books.click(bob.link_id, f"10-01 {hour}:00")
        report_again(books, "S1", 100_00, SOLD, token, f"11-02 {hour}:00")
        books.decide(keep, "S1", f"11-02 {hour}:30", note=note)
    assert reasons(books, "S1")[-2:] == [
        ("kept", "credit_kept", {}),
        ("kept", "credit_kept_with_note", {"note": "Anna wrote the review"}),
    ]
    assert books.faults() == []


def test_a_statement_shows_codes_beside_the_words(books: Books) -> None:
    books.sale("S1", 100_00, "10-20")
    books.refund("S1", 20_00, "10-21", reason="too small")
    books.decide(hold, "S1", "10-22", reason="other", note="Please call us.")
    ((line,),) = [part["lines"] for part in books.close("2026-10", "11-01")["creators"]]
    refund = line["reasons"][1]
    assert (refund["why"], refund["reason_code"]) == ("too small", "refund_with_shop_words")
    assert refund["reason_parameters"] == {"words": "too small"}
    (held,) = line["holds"]
    assert (held["why"], held["reason_code"]) == ("other: Please call us.", "other")
    assert held["reason_parameters"] == {"note": "Please call us."}


def test_the_hold_of_a_suspicion_names_what_was_found_without_the_evidence(books: Books) -> None:
    books.sale("S1", 100_00, SOLD, **OWN_PURCHASE)
    placed = open_hold(books, "S1")
    words = "the shopper's e-mail address is the creator's own"
    found = {"reason": words, "reason_code": "own_address", "reason_parameters": {}}
    assert (placed.reason, placed.reason_code) == (words, "suspicion")
    assert placed.reason_parameters == {"suspicion": found}
    assert books.faults() == []


def test_rows_without_a_code_show_their_stored_words_everywhere(books: Books) -> None:
    books.sale("S1", 100_00, "10-05")
    books.decide(hold, "S1", "10-06", reason="under_review")
    make_hold_old(books, "S1")
    add_old_entry(books, "S1")
    (explanation,) = explain_order(books, "S1")
    (commission,) = explanation["commissions"]
    (listed,) = Terminal(books.settings, COMMANDS).ask("commission", "held")
    statement = books.close("2026-10", "11-01")
    ((line,),) = [part["lines"] for part in statement["creators"]]
    for shown in (commission["entries"][-1], *commission["holds"], *listed["holds"]):
        assert (shown["why"], shown["reason_code"], shown["reason_parameters"]) == (OLD, None, None)
    assert [line["reasons"][-1]["why"], line["holds"][0]["why"]] == [OLD, OLD]
    for text in (as_text(explanation), as_csv(statement)):
        assert text.count(OLD) == 2
    assert OLD in statement_text(statement)
    assert OLD in Terminal(books.settings, COMMANDS).run("commission", "held").stdout


def test_rows_with_a_code_show_its_words_whatever_is_stored(books: Books) -> None:
    """So the words can be corrected and translated."""
    books.sale("S1", 100_00, "10-05")
    books.decide(hold, "S1", "10-06", reason="under_review")
    change_hold(books, "S1", reason="earlier wording")
    (explanation,) = explain_order(books, "S1")
    (shown,) = explanation["commissions"][0]["holds"]
    assert shown["why"] == hold_words(open_hold(books, "S1")) == "under_review: the brand is looking into it"


@pytest.mark.parametrize("is_old", [False, True])
def test_a_carried_over_hold_keeps_its_reason(books: Books, is_old: bool) -> None:
    bob = add_creator(books, "bob", connected=False)
    books.sale("S1", 100_00, SOLD, click=books.click(books.link_id, "10-01 08:00"))
    books.decide(hold, "S1", "10-02", reason="under_review")
    placed = open_hold(books, "S1")
    if is_old:
        make_hold_old(books, "S1")
    report_again(books, "S1", 100_00, SOLD, books.click(bob.link_id, "10-01 09:00"), "10-03")
    copy = open_hold(books, "S1")
    assert (copy.placed_by, copy.cause_id) == ("carried_over", placed.id)
    expected = ("earlier_words", {"words": OLD}) if is_old else (placed.reason_code, placed.reason_parameters)
    assert (copy.reason_code, copy.reason_parameters) == expected
    assert hold_words(copy) == (OLD if is_old else placed.reason)
    books.decide(release, "S1", "10-04")


def test_the_hold_after_a_declined_sale_contains_the_reason_of_the_decline(books: Books) -> None:
    better = add_link(books, "better", rate_bp=1200)
    books.sale("S1", 100_00, SOLD, click=books.click(books.link_id, "10-01 08:00"))
    books.decide(decline, "S1", "10-02", reason="breach", note="forged clicks")
    report_again(books, "S1", 100_00, SOLD, books.click(better, "10-01 09:00"), "10-03")
    placed = open_hold(books, "S1")
    assert (placed.placed_by, placed.reason_code) == ("carried_over", "declined_before")
    decision = (placed.reason_parameters or {})["decision"]
    assert (decision["reason_code"], decision["reason_parameters"]) == ("breach", {"note": "forged clicks"})
    assert placed.reason == "the sale was declined before new evidence came: breach: forged clicks"
    assert books.faults() == []


def test_a_rule_that_lifts_a_hold_says_so_by_a_code(books: Books) -> None:
    set_suspicion_setting(books, "coupon_without_click", "hold")
    bob = creator_with_code(books, linked=True)
    books.sale("S1", 100_00, SOLD, click=None, coupons=["BOB10"])
    assert open_hold(books, "S1").placed_by == "rule"
    token = books.click(bob.link_id, "10-01 08:00")
    report_again(books, "S1", 100_00, SOLD, token, "10-03", coupons=["BOB10"])
    with read_session(books.databases.main) as session:
        (lifted,) = lifted_holds_of(session, books.commission("S1").id)
    assert (lifted.lift_code, lifted.lift_note) == ("evidence_came", "new evidence came with the sale")
    (explanation,) = explain_order(books, "S1")
    (shown,) = explanation["commissions"][0]["lifted_holds"]
    assert (shown["note"], shown["lift_code"]) == (lifted.lift_note, "evidence_came")
    books.decide(hold, "S1", "10-04", reason="under_review")
    books.decide(release, "S1", "10-05", note="called the shopper")
    (explanation,) = explain_order(books, "S1")
    notes = [(each["note"], each["lift_code"]) for each in explanation["commissions"][0]["lifted_holds"]]
    assert notes[-1] == ("called the shopper", None)
