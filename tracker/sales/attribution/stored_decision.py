"""A decision in the form in which its row stores it, and decided again from its stored inputs. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tracker.reasons import Reason
from tracker.sales.attribution.inputs import upgraded
from tracker.sales.attribution.reasons import FORMER_TEXTS, TEXTS
from tracker.sales.attribution.rules import Decision, Winner, decide

RULES_IN_WORDS = (1, 2)
"""Decisions of these rules are stored in words only."""


@dataclass(frozen=True)
class StoredDecision:
    """Each candidate has kind, outcome, reason and facts; the code and its parameters from rules 3 on."""

    winner: Winner | None
    reason: str
    reason_code: str | None
    reason_parameters: dict[str, Any] | None
    candidates: list[dict[str, Any]]


def replay_decision(stored: dict[str, Any]) -> StoredDecision:
    """Decide again from stored inputs. Raises ValueError for a version of the rules that is not supported."""
    inputs = upgraded(stored)
    decision = decide(
        inputs["sale"], inputs["touches"], inputs["coupons"], inputs["policy"], inputs["binding"]
    )
    return stored_decision(decision, stored["rules"])


def stored_decision(decision: Decision, rules: int) -> StoredDecision:
    """The decision as these rules store it."""
    reason_json = _words_json if rules in RULES_IN_WORDS else TEXTS.columns
    own = reason_json(decision.reason)
    candidates = [
        {"kind": each.kind, "outcome": each.outcome, **reason_json(each.reason), **each.facts}
        for each in decision.candidates
    ]
    return StoredDecision(
        decision.winner, own["reason"], own.get("reason_code"), own.get("reason_parameters"), candidates
    )


def compared_candidates(candidates: Sequence[dict[str, Any]], rules: int) -> list[dict[str, Any]]:
    """What a replay must reproduce of stored candidates. Words count only where there is no code."""
    if rules in RULES_IN_WORDS:
        return list(candidates)
    return [{name: value for name, value in each.items() if name != "reason"} for each in candidates]


def _words_json(reason: Reason) -> dict[str, Any]:
    return {"reason": FORMER_TEXTS.words(reason)}
