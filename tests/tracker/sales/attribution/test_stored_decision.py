"""Stored decisions are reproduced: those of rules 1 and 2 word for word, later ones by their codes."""

import json
from typing import Any

import pytest

from tests.tracker.sales.attribution.former_decisions import inputs_of_rules_2, stored_decisions
from tracker.sales.attribution.inputs import upgraded
from tracker.sales.attribution.reasons import AttributionReason
from tracker.sales.attribution.stored_decision import StoredDecision, compared_candidates, replay_decision

IN_WORDS = [
    *stored_decisions("decisions_by_rules_1.json"),
    *stored_decisions("further_decisions_by_rules_1.json"),
    *stored_decisions("decisions_by_rules_2.json"),
]
ELSEWHERE = AttributionReason.COUPON_DECIDES_OWNER_CLICKED_ELSEWHERE
BY_CODES = stored_decisions("decisions_by_rules_3.json")


def winner_json(decision: StoredDecision) -> dict[str, Any] | None:
    return vars(decision.winner) if decision.winner else None


@pytest.mark.parametrize("stored", IN_WORDS, ids=lambda stored: stored["decision"]["reason"])
def test_decisions_of_rules_1_and_2_are_reproduced_word_for_word(stored: Any) -> None:
    again = replay_decision(stored["inputs"])

    assert (again.reason_code, again.reason_parameters) == (None, None)
    found = {"winner": winner_json(again), "reason": again.reason, "candidates": again.candidates}
    assert json.dumps(found) == json.dumps(stored["decision"])


@pytest.mark.parametrize("stored", BY_CODES, ids=lambda stored: stored["decision"]["reason_code"])
def test_decisions_of_rules_3_are_reproduced_by_codes_and_parameters(stored: Any) -> None:
    """Their words may have been improved since, and are not compared."""
    again, decision = replay_decision(stored["inputs"]), stored["decision"]

    assert winner_json(again) == decision["winner"]
    assert (again.reason_code, again.reason_parameters) == (
        decision["reason_code"],
        decision["reason_parameters"],
    )
    assert compared_candidates(again.candidates, 3) == compared_candidates(decision["candidates"], 3)


def test_the_stored_decisions_of_rules_3_contain_every_code() -> None:
    decisions = [each["decision"] for each in BY_CODES]
    candidates = [each for decision in decisions for each in decision["candidates"]]
    stored = {each["reason_code"] for each in [*decisions, *candidates]}

    assert stored == {each.value for each in AttributionReason}


def test_known_customers_are_called_him_by_rules_1_and_2_only() -> None:
    former = next(each for each in IN_WORDS if "bound him for ever" in each["decision"]["reason"])
    again = replay_decision(dict(upgraded(former["inputs"])))

    assert again.reason == former["decision"]["reason"].replace("him for ever", "the customer forever")
    assert again.reason_code == "binding_decides"


def test_a_code_whose_owner_clicked_in_another_program_is_not_called_uncontested() -> None:
    """Rules 1 and 2 said that no other creator is involved; somebody else may have an eligible click."""
    stored = next(each for each in BY_CODES if each["decision"]["reason_code"] == ELSEWHERE)
    current = replay_decision(stored["inputs"])
    former = replay_decision(inputs_of_rules_2(stored["inputs"]))

    assert former.reason == "The code ANNA decides: no other creator is involved."
    assert current.reason.endswith("its owner also has an eligible click, in another program.")


def test_a_flaw_that_rules_2_stored_as_a_sentence_stays_that_sentence() -> None:
    sentence = "Whatever a flaw was called at that time."
    stored = next(each["inputs"] for each in IN_WORDS if each["inputs"]["coupons"])
    flawed = {**stored, "coupons": [{**stored["coupons"][0], "flaw": sentence}]}
    current = replay_decision(dict(upgraded(flawed))).candidates[-1]

    assert replay_decision(flawed).candidates[-1]["reason"] == sentence
    assert current["reason"] == sentence
    assert (current["reason_code"], current["reason_parameters"]) == ("stored_words", {"words": sentence})


def test_inputs_of_future_rules_are_rejected() -> None:
    with pytest.raises(ValueError, match="rules 4"):
        replay_decision({"rules": 4})
