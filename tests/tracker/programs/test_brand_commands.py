"""Commands for the attribution policy, and for creators who leave."""

from tests.cast.api import Terminal
from tests.cast.people import Cast

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


def test_a_creator_is_removed_for_cause(terminal: Terminal, cast: Cast) -> None:
    removal = ("creator", "remove", cast.member_id, "--brand", cast.brand_id)
    [ended] = terminal.ask(*removal, "--for-cause", "bought through their own link")
    assert (ended["id"], ended["state"]) == (cast.enrollment_id, "ended")
    assert ended["removed_at"] == ended["ended_at"]
    assert ended["removal_reason"] == "bought through their own link"
    assert ended["removal_reason_code"] == "in_own_words"
    assert ended["removal_reason_parameters"] == {"words": "bought through their own link"}
    assert "already left" in terminal.refused(*removal)
