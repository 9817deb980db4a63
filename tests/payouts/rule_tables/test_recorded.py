"""What people do with money by commands stands in the audit, with who did it and through which command."""

from collections import Counter

from tests.payouts.rule_tables.command_line import ANY_TIME, OCTOBER, CommandLine


def recorded(terminal: CommandLine) -> Counter[tuple[str, str]]:
    """How often each command was recorded, with the action."""
    found = terminal.of_brand(ANY_TIME, "audit", "list", "--actor", "cli", "--limit", "1000")
    return Counter((each["actor"]["entry_point"], each["action"]) for each in found)


def test_decisions_closing_approval_and_payouts_are_recorded(terminal: CommandLine) -> None:
    before = recorded(terminal)
    terminal.sale("S1", 1000_00, "10-01")
    terminal.close(OCTOBER)
    terminal.decide("11-03 10:00", "hold", "S1", "--reason", "under_review")
    terminal.decide("11-03 10:30", "extend", "S1", "--until", "2027-01-15", "--note", "asked")
    terminal.decide("11-03 11:00", "release", "S1")
    declined = terminal.decide("11-03 12:00", "decline", "S1", "--reason", "breach")
    terminal.ask("11-03 13:00", "commission", "undo", declined)
    adjustment = ("--period", "2026-10", "--creator", terminal.cast.anna, "--reason", "thanks")
    terminal.of_brand("11-04", "statement", "bonus", *adjustment, "--amount-minor", "500")
    terminal.of_brand("11-04", "statement", "deduction", *adjustment, "--amount-minor", "200")
    terminal.seal(OCTOBER)
    terminal.seal(OCTOBER)
    terminal.of_brand(OCTOBER.payday, "payout", "run")
    booking = ("--creator", terminal.cast.bob, "--amount-minor", "100", "--reason", "video", "--key", "k1")
    for _ in range(2):
        terminal.of_brand("11-10", "ledger", "book", "bonus", *booking)
    assert recorded(terminal) - before == Counter(
        {
            ("sale import", "sale.import"): 1,
            ("sale import", "source.create"): 1,
            ("statement close", "statement.close"): 1,
            ("commission hold", "commission.hold"): 1,
            ("commission extend", "commission.extend"): 1,
            ("commission release", "commission.release"): 1,
            ("commission decline", "commission.decline"): 1,
            ("commission undo", "decision.undo"): 1,
            ("statement bonus", "statement.bonus"): 1,
            ("statement deduction", "statement.deduction"): 1,
            ("statement approve", "statement.approve"): 1,
            ("payout run", "payout.run"): 1,
            ("ledger book", "ledger.book"): 1,
        }
    )
    assert terminal.ask(ANY_TIME, "audit", "verify")["ok"]


def test_changed_rules_of_a_brand_are_recorded_with_the_former_ones(terminal: CommandLine) -> None:
    terminal.ask(
        "10-05", "brand", "edit", terminal.cast.brand, "--review-days", "9", "--minimum-minor", "700"
    )
    found = {
        each["action"]: each for each in terminal.of_brand(ANY_TIME, "audit", "list", "--since", "2026-10-05")
    }
    assert found["brand.edit"]["after"]["review_days"] == 9
    assert found["brand.edit"]["before"]["review_days"] != 9
    assert found["brand.minimum_set"]["after"] == {"minimum": {"minor": 700, "currency": "EUR"}}


def test_comparisons_and_connected_payees_are_recorded(terminal: CommandLine) -> None:
    terminal.ask("11-10", "payout", "reconcile")
    found = terminal.ask(ANY_TIME, "audit", "list", "--actor", "cli", "--limit", "1000")
    counted = Counter((each["actor"]["entry_point"], each["action"], each["brand"]) for each in found)
    assert counted["payout reconcile", "payout.reconcile", None] == 1
    assert counted["payee connect", "payee.connect", terminal.cast.brand] == 2
