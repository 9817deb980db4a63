"""Rows of rules 1 and 2 among current ones, as an older version of Linkledger left them."""

import json
from pathlib import Path
from typing import Any

from sqlalchemy import select, text, update

from config.database import Databases
from tracker.sales.attribution.models import Attribution
from tracker.sales.attribution.reasons import FORMER_TEXTS, reason_of
from tracker.sales.attribution.stored_decision import replay_decision


def stored_decisions(file: str) -> Any:
    """Stored inputs, each with the decision that was stored with them."""
    return json.loads((Path(__file__).parent / file).read_text())


def allow_updates(databases: Databases) -> None:
    """Drop the triggers that protect attributions, as anyone with full access to the database can."""
    with databases.main.begin() as connection:
        if databases.main.dialect.name == "sqlite":
            connection.execute(text("drop trigger if exists attribution_refuses_update"))
        else:
            connection.execute(text("alter table attribution disable trigger attribution_stays"))


def store_as_rules_2(databases: Databases) -> None:
    """Rewrite every attribution as rules 2 would have stored it: flaws and reasons are sentences."""
    allow_updates(databases)
    with databases.main.begin() as connection:
        for identifier, inputs in connection.execute(select(Attribution.id, Attribution.inputs)).all():
            former = inputs_of_rules_2(inputs)
            decision = replay_decision(former)
            values = {"inputs": former, "reason": decision.reason, "candidates": decision.candidates}
            change = update(Attribution).where(Attribution.id == identifier).values(values)
            connection.execute(change.values(reason_code=None, reason_parameters=None))


def inputs_of_rules_2(inputs: dict[str, Any]) -> dict[str, Any]:
    def in_words(evidence: dict[str, Any]) -> dict[str, Any]:
        flaw = evidence["flaw"]
        return {**evidence, "flaw": None if flaw is None else FORMER_TEXTS.words(reason_of(flaw))}

    return {
        **inputs,
        "rules": 2,
        "touches": [in_words(touch) for touch in inputs["touches"]],
        "coupons": [in_words(coupon) for coupon in inputs["coupons"]],
        "binding": None if inputs["binding"] is None else in_words(inputs["binding"]),
    }
