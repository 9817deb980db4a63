"""Every stored decision can be replayed from its inputs; different results are reported."""

import json
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import event, insert, select, text

from config.database import Databases, read_session
from config.settings import Settings
from tests.cast.api import Terminal
from tests.cast.people import START
from tests.cast.shop import (
    RECEIVED_AT,
    Shop,
    create_shop,
    purchase,
    sale,
    send_purchases,
    set_customer_policy,
)
from tests.tracker.sales.attribution.former_decisions import (
    allow_updates,
    store_as_rules_2,
    stored_decisions,
)
from tracker.ids import new_id
from tracker.sales.attribution import commands as replay_commands
from tracker.sales.attribution.commands import COMMANDS
from tracker.sales.attribution.models import Attribution


@pytest.fixture
def terminal(settings: Settings) -> Terminal:
    return Terminal(settings, COMMANDS)


@pytest.fixture
def decided_shop(shop: Shop) -> Shop:
    """Six decisions about four orders, with clicks, a code, a known customer and new evidence."""
    set_customer_policy(shop)
    send_purchases(shop, purchase("12-01"), purchase("11-01", click=shop.click("anna", "10-30")))
    send_purchases(shop, purchase("12-15", coupons=["ANNA10"]))
    send_purchases(shop, sale(), sale(click=shop.token("bob")))
    return shop


def execute_without_triggers(databases: Databases, statement: str, values: dict[str, Any]) -> None:
    allow_updates(databases)
    with databases.main.begin() as connection:
        connection.execute(text(statement), values)


def test_stored_decisions_are_reproduced(decided_shop: Shop, terminal: Terminal) -> None:
    assert terminal.ask("replay") == {"decisions": 6, "different": 0, "differences": []}
    assert terminal.ask("replay", "--brand", decided_shop.brand_id, "--order", "12-01")["decisions"] == 2
    output = terminal.run("replay").stdout
    assert output == "6 decisions replayed from their stored inputs; none gave another result.\n"


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("reason_code = 'no_candidate'", "reason_code"),
        ("reason_parameters = '{}'", "reason_parameters"),
        ("coupon_id = null", "coupon_id"),
        ("candidates = '[]'", "candidates"),
        ("candidates = replace(candidates, 'ANNA10', 'BOB10')", "candidates"),
        ("inputs = replace(inputs, '12-15', '12-16')", "the sale"),
        ("""inputs = replace(inputs, '"rules"\\:3', '"rules"\\:7')""", "this version knows rules 1 to 3"),
        ("""inputs = replace(inputs, '"rules"\\:3', '"rule"\\:3')""", "cannot be decided (KeyError"),
        ("""inputs = replace(inputs, 'if_involved', 'never')""", "coupon_id"),
    ],
)
def test_a_tampered_decision_is_detected(
    decided_shop: Shop, terminal: Terminal, databases: Databases, change: str, found: str
) -> None:
    changed = decided_shop.attributions("12-15")[0]
    execute_without_triggers(databases, f"update attribution set {change} where id = :id", {"id": changed.id})

    result = terminal.run("replay", "--json")
    assert result.exit_code == 3
    value = json.loads(result.stdout)
    assert (value["decisions"], value["different"]) == (6, 1)
    [difference] = value["differences"]
    assert (difference["attribution_id"], difference["order_id"]) == (changed.id, "12-15")
    assert found in difference["found"]
    assert f"{changed.id}, revision 1 of order 12-15: " in terminal.run("replay").stdout
    assert terminal.ask("replay", "--order", "11-01")["different"] == 0


def test_decisions_of_rules_version_1_are_reproduced(
    decided_shop: Shop, terminal: Terminal, databases: Databases
) -> None:
    """Rows written by version 1 among current ones."""
    [first, _second] = decided_shop.attributions()
    old_decisions = stored_decisions("decisions_by_rules_1.json")
    stored = next(each for each in old_decisions if each["decision"]["winner"] is None)
    sale_facts = first.inputs["sale"]
    row = {
        "id": new_id("atr", START),
        "sale_id": first.sale_id,
        "revision": 9,
        "reason": stored["decision"]["reason"],
        "inputs": {**stored["inputs"], "sale": sale_facts},
        "candidates": stored["decision"]["candidates"],
        "decided_at": START,
    }
    with databases.main.begin() as connection:
        connection.execute(insert(Attribution).values(**row))

    assert terminal.ask("replay") == {"decisions": 7, "different": 0, "differences": []}


def test_decisions_of_rules_version_2_are_reproduced_word_for_word(
    decided_shop: Shop, terminal: Terminal, databases: Databases
) -> None:
    store_as_rules_2(databases)
    assert "bound him for ever" in decided_shop.attributions("12-01")[-1].reason
    assert terminal.ask("replay") == {"decisions": 6, "different": 0, "differences": []}

    [tampered] = decided_shop.attributions("12-15")
    change = "update attribution set reason = 'Because.' where id = :id"
    execute_without_triggers(databases, change, {"id": tampered.id})
    [difference] = json.loads(terminal.run("replay", "--json").stdout)["differences"]
    assert difference["found"] == "decided again, other than stored: reason"


def test_words_of_a_decision_by_codes_may_differ(
    decided_shop: Shop, terminal: Terminal, databases: Databases
) -> None:
    """So that a later version can improve or translate them."""
    execute_without_triggers(databases, "update attribution set reason = 'Because.'", {})
    words = "update attribution set candidates = replace(candidates, 'The code', 'Der Code')"
    execute_without_triggers(databases, words, {})
    assert "Der Code" in str(decided_shop.attributions("12-15")[0].candidates)

    assert terminal.ask("replay") == {"decisions": 6, "different": 0, "differences": []}


def test_a_decision_that_lost_its_code_is_compared_by_its_words(
    decided_shop: Shop, terminal: Terminal, databases: Databases
) -> None:
    """Migrating down removes the columns, and migrating up again adds them empty."""
    change = "update attribution set reason_code = null, reason_parameters = null"
    execute_without_triggers(databases, change, {})
    assert terminal.ask("replay") == {"decisions": 6, "different": 0, "differences": []}

    [tampered] = decided_shop.attributions("12-15")
    change = "update attribution set reason = 'Because.' where id = :id"
    execute_without_triggers(databases, change, {"id": tampered.id})
    [difference] = json.loads(terminal.run("replay", "--json").stdout)["differences"]
    assert (difference["attribution_id"], difference["found"]) == (
        tampered.id,
        "decided again, other than stored: reason",
    )


def test_new_evidence_for_a_version_1_decision_uses_the_current_rules(
    shop: Shop, databases: Databases
) -> None:
    shop.send("sale.created", sale(click=shop.token("anna", "2025-10-20T10:00:00+00:00")))
    known = shop.attributions()[0].inputs
    policy = {"model": "last", "coupons": "if_involved"}
    former = {**known, "rules": 1, "policy": policy}
    del former["binding"]
    execute_without_triggers(
        databases, "update attribution set inputs = :inputs", {"inputs": json.dumps(former)}
    )

    shop.send("sale.created", sale(click=shop.token("bob")))
    assert [each.inputs["rules"] for each in shop.attributions()] == [1, 3]
    assert shop.attributions()[1].enrollment_id == shop.enrollments["bob"]


def test_replay_can_be_limited_to_one_brand(
    decided_shop: Shop, terminal: Terminal, settings: Settings, databases: Databases
) -> None:
    other = create_shop(settings, databases, "Bikes", coupon=None)
    other.send("sale.created", sale())
    assert terminal.ask("replay", "--brand", other.brand_id)["decisions"] == 1
    assert terminal.ask("replay")["decisions"] == 7
    assert "No sale of order 'nothing'" in terminal.run("replay", "--order", "nothing").stderr


def test_decisions_are_replayed_page_by_page(
    decided_shop: Shop, terminal: Terminal, databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(7):
        shop_time = datetime.fromisoformat(f"2025-11-02T10:00:0{number}+00:00")
        decided_shop.send("sale.created", sale(order_id=f"page-{number}"), now=max(shop_time, RECEIVED_AT))
    monkeypatch.setattr(replay_commands, "PAGE_SIZE", 3)
    pages: list[int] = []

    def counted(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        pages.append("attribution.candidates" in statement)

    event.listen(type(databases.main), "before_cursor_execute", counted)
    try:
        assert terminal.ask("replay")["decisions"] == 13
    finally:
        event.remove(type(databases.main), "before_cursor_execute", counted)
    assert sum(pages) == 5
    with read_session(databases.main) as session:
        assert len(session.scalars(select(Attribution.id)).all()) == 13
