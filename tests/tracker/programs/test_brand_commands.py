"""Commands for the attribution policy, and for creators who come back."""

from datetime import datetime

from config.database import Databases, transact
from tests.cast.api import Terminal
from tests.cast.people import PERSON, Cast
from tracker.programs.leaving import remove_creator

BRAND = ("brand", "create", "Teas", "--currency", "EUR", "--timezone", "Europe/Berlin")


def test_the_policy_is_shown_and_changed_in_versions(terminal: Terminal) -> None:
    made = terminal.ask(*BRAND, "--customer-policy", "months", "--customer-months", "12")
    assert (made["customer_policy"], made["customer_months"]) == ("months", 12)

    second = terminal.ask("brand", "change-policy", made["id"], "--customer-policy", "lifetime")
    assert (second["version"], second["customer_policy"], second["customer_months"]) == (2, "lifetime", None)
    assert terminal.ask("brand", "show", made["id"])["customer_policy"] == "lifetime"
    assert terminal.ask("brand", "policy", made["id"])[1] == second
    lines = terminal.run("brand", "policy", made["id"]).stdout.splitlines()
    assert "customers are bound for 12 months" in lines[0]
    assert "customers are bound forever" in lines[1]


def test_a_cut_needs_notice_and_the_months_policy_needs_a_number(terminal: Terminal) -> None:
    brand_id = terminal.ask(*BRAND)["id"]
    assert "1 to 120" in terminal.refused("brand", "change-policy", brand_id, "--customer-policy", "months")
    cut = terminal.ask("brand", "change-policy", brand_id, "--coupon-policy", "never")
    in_force = terminal.ask("brand", "show", brand_id)
    assert cut["effective_at"] > in_force["created_at"]
    assert in_force["coupon_policy"] == "if_involved"


def test_a_removed_creator_comes_back_with_a_new_code(
    terminal: Terminal, cast: Cast, databases: Databases, now: datetime
) -> None:
    ids = {"brand_id": cast.brand_id, "creator_id": cast.member_id}
    transact(databases.main, lambda s: remove_creator(s, now, actor=PERSON, **ids, cause="fraud"))
    readmission = ("creator", "readmit", cast.member_id, "--brand", cast.brand_id)
    in_program = (*readmission, "--program", cast.program_id)
    assert "--program" in terminal.refused(*readmission, "--coupon", "NEW10")
    assert "Choose a new code" in terminal.refused(*in_program, "--coupon", "anna10")
    [active] = terminal.ask(*in_program, "--coupon", "NEW10")
    assert (active["id"], active["state"]) == (cast.enrollment_id, "active")
    assert (active["removal_reason"], active["readmitted_at"] > active["removed_at"]) == ("fraud", True)
    assert "takes part already" in terminal.refused(*readmission)
    assert "does not take part" in terminal.refused("creator", "readmit", cast.stranger_id, *readmission[3:])
