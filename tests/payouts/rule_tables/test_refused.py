"""What makes no sense is refused with a message that says what is wrong, and changes nothing."""

import pytest

from tests.harness.databases.snapshots import database_seed_for
from tests.payouts.rule_tables.command_line import NOVEMBER, OCTOBER, CommandLine
from tests.payouts.rule_tables.opening import NEW_BRAND, seed_after

BREACH = ("--reason", "breach")


def close_october(terminal: CommandLine) -> None:
    """In the draft of October: 100 of S1 and 80 of S2 released, 40 of S3 held until 19 November."""
    terminal.sale("S1", 1000_00, "10-01")
    terminal.sale("S2", 800_00, "10-01")
    terminal.sale("S3", 400_00, "10-20")
    terminal.close(OCTOBER)


database_seed = database_seed_for(draft=seed_after(close_october), terminal=NEW_BRAND)


@pytest.fixture
def draft(terminal: CommandLine) -> CommandLine:
    return terminal


def about(terminal: CommandLine, what: str, order: str, *options: str) -> tuple[str, ...]:
    return ("commission", what, str(terminal.commission(order)["id"]), *options)


def test_a_line_that_was_paid_is_neither_held_nor_released_nor_declined_on_its_statement(
    draft: CommandLine,
) -> None:
    draft.seal(OCTOBER)
    draft.work(OCTOBER.payday)
    on_october = about(draft, "decline", "S1", *BREACH, "--evidence", "video", "--period", "2026-10")
    with draft.nothing_changes():
        assert "nothing of it can be held" in draft.refused("11-10", *about(draft, "hold", "S1", *BREACH))
        assert "No hold of" in draft.refused("11-10", *about(draft, "release", "S1"))
        assert "--evidence" in draft.refused("11-10", *about(draft, "decline", "S1", *BREACH))
        assert "is sealed: no decision changes it" in draft.refused("11-10", *on_october)
    draft.assert_consistent("11-10")


def test_a_line_that_was_released_is_not_released_again_or_held_longer(draft: CommandLine) -> None:
    draft.decide("11-03 10:00", "hold", "S1", *BREACH)
    draft.decide("11-03 11:00", "release", "S1")
    longer = about(draft, "extend", "S1", "--until", "2026-12-01", "--note", "holiday")
    with draft.nothing_changes():
        assert "No hold of" in draft.refused("11-03 12:00", *about(draft, "release", "S1"))
        assert "no review hold" in draft.refused("11-03 12:00", *longer)


def test_a_line_that_another_creators_line_replaced_is_not_decided_about(terminal: CommandLine) -> None:
    token = terminal.token_of_click("bob", "10-05 11:00")
    terminal.sale("S1", 1000_00, "10-05")
    terminal.work("10-05 13:00")
    replaced = terminal.commission("S1")["id"]
    terminal.sale("S1", 1000_00, "10-05", told="10-06", click=token)
    terminal.work("10-06 13:00")
    terminal.close(OCTOBER)
    assert terminal.commission("S1")["creator"]["name"] == "Bob"
    with terminal.nothing_changes():
        for what in (("hold", replaced, *BREACH), ("decline", replaced, *BREACH), ("release", replaced)):
            assert "replaced" in terminal.refused("11-03", "commission", *what)


def test_a_line_of_another_brand_is_not_decided_about(draft: CommandLine) -> None:
    mugs = draft.ask("11-01", "brand", "create", "Mugs", "--currency", "EUR", "--timezone", "UTC")["id"]
    with draft.nothing_changes():
        for what in ("hold", "decline"):
            of_mugs = about(draft, what, "S1", *BREACH, "--brand", mugs)
            assert "belongs to another brand" in draft.refused("11-03", *of_mugs)


def test_a_line_in_another_draft_is_decided_about_only_there(draft: CommandLine) -> None:
    draft.sale("S4", 100_00, "11-10")
    draft.close(NOVEMBER)
    with draft.nothing_changes():
        for order, period, own in (("S1", "2026-11", "2026-10"), ("S4", "2026-10", "2026-11")):
            for what in ("hold", "decline"):
                decision = about(draft, what, order, *BREACH, "--period", period)
                said = draft.refused("12-01 01:00", *decision)
                assert f"is not in the draft of {period}. It is in the draft of {own}." in said


def test_of_two_people_who_decline_a_line_at_once_one_is_refused(draft: CommandLine) -> None:
    decline = about(draft, "decline", "S1", *BREACH)
    (done, _), (refused, said) = draft.at_once("11-03", decline, decline)
    assert (done, refused) == (0, 2)
    assert "was declined before" in said
    assert draft.balances() == (40_00, 80_00)
    draft.assert_consistent("11-03 13:00")


def test_of_two_people_who_release_and_decline_a_held_line_at_once_both_are_heard(draft: CommandLine) -> None:
    draft.decide("11-02", "hold", "S1", *BREACH)
    decline, release = about(draft, "decline", "S1", *BREACH), about(draft, "release", "S1")
    assert [code for code, _ in draft.at_once("11-03", decline, release)] == [0, 0]
    assert draft.balances() == (40_00, 80_00)
    draft.assert_consistent("11-03 13:00")


def test_of_two_people_who_undo_a_decision_at_once_one_is_refused(draft: CommandLine) -> None:
    undo = ("commission", "undo", draft.decide("11-02", "decline", "S1", *BREACH))
    (done, _), (refused, said) = draft.at_once("11-03", undo, undo)
    assert (done, refused) == (0, 2)
    assert "was undone before" in said
    assert draft.balances() == (40_00, 180_00)
    draft.assert_consistent("11-03 13:00")


def test_a_decision_is_undone_once_and_not_after_the_approval(draft: CommandLine) -> None:
    undone, kept = (draft.decide("11-02", "decline", order, *BREACH) for order in ("S1", "S2"))
    undoing = draft.ask("11-03", "commission", "undo", undone)["decision"]
    with draft.nothing_changes():
        assert "was undone before" in draft.refused("11-03", "commission", "undo", undone)
        assert "cannot be undone" in draft.refused("11-03", "commission", "undo", undoing)
    draft.seal(OCTOBER)
    with draft.nothing_changes():
        assert "cannot be undone any more" in draft.refused("11-08", "commission", "undo", kept)


def test_a_hold_ends_from_today_to_60_days_later(draft: CommandLine) -> None:
    with draft.nothing_changes():
        for until in ("2026-11-02", "2027-01-03", "9999-12-31"):
            said = draft.refused("11-03", *about(draft, "hold", "S1", *BREACH, "--until", until))
            assert f"a day from 2026-11-03 to 2027-01-02, not on {until}" in said
        assert "soon" in draft.refused("11-03", *about(draft, "hold", "S1", *BREACH, "--until", "soon"))


def test_a_deduction_larger_than_what_is_payable_is_refused(draft: CommandLine) -> None:
    on_october = ("--period", "2026-10", "--creator", draft.cast.anna, "--reason", "samples")
    deduction = ("statement", "deduction", "--brand", draft.cast.brand, *on_october, "--amount-minor")
    with draft.nothing_changes():
        said = draft.refused("11-03", *deduction, "18001")
        assert "180.00 EUR is payable" in said
        assert "ledger book deduction" in said
        for amount in ("99999999999", "9" * 30, "0", "-1", "1.5"):
            draft.refused("11-03", *deduction, amount)


def test_what_was_taken_back_is_not_sent_again_and_what_was_sent_again_is_not_taken_back(
    draft: CommandLine,
) -> None:
    draft.seal(OCTOBER)
    draft.work(OCTOBER.payday)
    draft.take_back_at_the_provider("11-10", 100_00)
    draft.take_back_at_the_provider("11-11", 80_00)
    draft.work("11-11 13:00")
    first, second = (each["reversal"] for each in draft.of_brand("11-12", "payout", "returned", "list"))
    take_back, send_again = ("payout", "returned", "taken-back"), ("payout", "returned", "send-again")
    draft.ask("11-12", *take_back, first, "--deduct-rest")
    draft.ask("11-12", *send_again, second)
    with draft.nothing_changes():
        for again in ((*send_again, first), (*take_back, first, "--deduct-rest")):
            assert "'taken back' was decided at 2026-11-12T12:00:00Z" in draft.refused("11-13", *again)
        for again in ((*take_back, second, "--deduct-rest"), (*send_again, second)):
            assert "'send again' was decided at 2026-11-12T12:00:00Z" in draft.refused("11-13", *again)


def test_statements_are_approved_in_order_of_their_periods(draft: CommandLine) -> None:
    approve = ("statement", "approve", "--brand", draft.cast.brand, "--period")
    with draft.nothing_changes():
        assert "There is no period 2026-11" in draft.refused("11-03", *approve, "2026-11")
    draft.close(NOVEMBER)
    with draft.nothing_changes():
        said = draft.refused("12-01 00:20", *approve, "2026-11", exit_code=1)
    assert "Approve the statement of 2026-10 first" in said
    draft.ask("12-01 00:30", *approve, "2026-10")
    draft.ask("12-01 00:40", *approve, "2026-11")
    assert {each["state"] for each in draft.of_brand("12-01", "statement", "list")} == {"sealed"}
    draft.assert_consistent("12-01 00:50")
