"""The attribution rules of docs/money.md 5, one test for each."""

import json
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.sales.attribution.evidence import iso_time
from tracker.sales.attribution.inputs import RULES, Binding, CouponUse, Touch
from tracker.sales.attribution.reasons import AttributionReason, flaw_of
from tracker.sales.attribution.rules import Winner, decide
from tracker.sales.attribution.stored_decision import StoredDecision, replay_decision, stored_decision

SOLD = datetime(2026, 11, 1, 10, 0, tzinfo=UTC)
SALE = {"brand_id": "brd_1", "order_id": "1001", "occurred_at": iso_time(SOLD)}
DAY = timedelta(days=1)


def click(owner: str, before: timedelta, key: str | None = None, **changes: Any) -> Touch:
    touch = {
        "key": key or f"clk_{owner}_{before}",
        "click_id": key or f"clk_{owner}_{before}",
        "at": iso_time(SOLD - before),
        "flaw": None,
        "earns": True,
        "link_id": f"lnk_{owner}",
        "enrollment_id": f"enr_{owner}",
        "creator_id": f"crt_{owner}",
        "terms_id": "trm_1",
        "window_days": 30,
    }
    return {**touch, **changes}  # type: ignore[typeddict-item]


def code(owner: str | None, position: int = 0, **changes: Any) -> CouponUse:
    name = owner or "unowned"
    use = {
        "key": name.lower(),
        "code": name.upper(),
        "position": position,
        "flaw": None if owner else flaw_of(AttributionReason.COUPON_WITHOUT_OWNER),
        "coupon_id": f"cpn_{owner}" if owner else None,
        "enrollment_id": f"enr_{owner}" if owner else None,
        "creator_id": f"crt_{owner}" if owner else None,
        "terms_id": "trm_1" if owner else None,
    }
    return {**use, **changes}  # type: ignore[typeddict-item]


def make_binding(owner: str, at: str = "2026-09-01T10:00:00.000000Z", **changes: Any) -> Binding:
    """A customer bound to the owner by the earlier order 900."""
    binding = {
        "namespace": "shop",
        "order_id": "900",
        "at": at,
        "flaw": None,
        "link_id": f"lnk_{owner}",
        "enrollment_id": f"enr_{owner}",
        "creator_id": f"crt_{owner}",
        "terms_id": "trm_1",
    }
    return {**binding, **changes}  # type: ignore[typeddict-item]


def decided(
    touches: list[Touch],
    coupons: list[CouponUse] | None = None,
    model: str = "last",
    policy: str = "if_involved",
    binding: Binding | None = None,
    customers: tuple[str, int | None] = ("lifetime", None),
) -> StoredDecision:
    """The decision as a new row stores it."""
    bound, months = customers
    rules = {"model": model, "coupons": policy, "customers": bound, "months": months}
    decision = decide(SALE, touches, coupons or [], rules, binding)  # type: ignore[arg-type]
    return stored_decision(decision, RULES)


def winner_of(decision: StoredDecision) -> str | None:
    return decision.winner.enrollment_id.removeprefix("enr_") if decision.winner else None


@pytest.mark.parametrize(("model", "winner"), [("last", "bob"), ("first", "anna")])
def test_the_last_or_the_first_click_wins(model: str, winner: str) -> None:
    decision = decided([click("anna", 3 * DAY), click("bob", DAY)], model=model)

    assert winner_of(decision) == winner
    assert decision.reason.startswith(f"The {model} eligible click decides, ")
    assert [each["outcome"] for each in decision.candidates].count("won") == 1


def test_without_clicks_or_codes_no_creator_is_credited() -> None:
    assert decided([]).winner is None
    assert decided([]).reason == "No eligible click and no code of a creator came with the sale."


@pytest.mark.parametrize(
    ("before", "eligible"),
    [
        (30 * DAY, True),
        (30 * DAY + timedelta(microseconds=1), False),
        (timedelta(minutes=-5), True),
        (timedelta(minutes=-5, microseconds=-1), False),
    ],
)
def test_a_click_counts_from_the_window_before_to_five_minutes_after_the_sale(
    before: timedelta, eligible: bool
) -> None:
    assert (winner_of(decided([click("anna", before)])) == "anna") is eligible


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"flaw": flaw_of(AttributionReason.LINK_OF_OTHER_BRAND)}, "another brand's link"),
        ({"earns": False}, "does not count as a person's"),
        ({"window_days": 1}, "is 2 days older than the sale; the window is 1 day."),
    ],
)
def test_an_ineligible_click_loses_with_its_reason(changes: dict[str, Any], reason: str) -> None:
    decision = decided([click("anna", 2 * DAY, **changes), click("bob", 3 * DAY)])

    assert winner_of(decision) == "bob"
    assert reason in decision.candidates[1]["reason"]


@pytest.mark.parametrize(
    ("policy", "clicks", "winner"),
    [
        ("always", [], "anna"),
        ("always", ["bob"], "anna"),
        ("always", ["anna", "bob"], "anna"),
        ("if_involved", [], "anna"),
        ("if_involved", ["bob"], "bob"),
        ("if_involved", ["anna", "bob"], "anna"),
        ("never", [], None),
        ("never", ["bob"], "bob"),
        ("never", ["anna", "bob"], "bob"),
    ],
)
def test_the_coupon_policy_decides_between_code_and_clicks(
    policy: str, clicks: list[str], winner: str | None
) -> None:
    touches = [click(owner, DAY * (5 - position)) for position, owner in enumerate(clicks)]
    decision = decided(touches, [code("anna")], policy=policy)

    assert winner_of(decision) == winner
    assert all(each["reason"] for each in decision.candidates)


def test_an_ineligible_click_does_not_involve_its_creator() -> None:
    touches = [click("anna", DAY, earns=False), click("bob", 2 * DAY)]

    assert winner_of(decided(touches, [code("anna")])) == "bob"


def test_the_first_listed_code_with_an_owner_counts() -> None:
    decision = decided([], [code("bob", 2), code(None, 0), code("anna", 1)])

    assert winner_of(decision) == "anna"
    assert [each["outcome"] for each in decision.candidates] == ["lost", "won", "lost"]


def test_an_ended_code_is_skipped_for_the_next() -> None:
    ended = code("anna", 0, flaw=flaw_of(AttributionReason.COUPON_ENDED))

    assert winner_of(decided([], [ended, code("bob", 1)])) == "bob"


def test_an_eligible_click_of_the_winning_codes_owner_is_credited_with_it() -> None:
    decision = decided([click("anna", 2 * DAY), click("bob", DAY)], [code("anna")])

    assert decision.winner == Winner("enr_anna", "trm_1", "lnk_anna", f"clk_anna_{2 * DAY}", "cpn_anna")
    assert {each["outcome"] for each in decision.candidates} == {"supports", "lost", "won"}


def test_a_click_in_another_program_involves_its_creator_but_is_not_credited() -> None:
    other_program = click("anna", DAY, enrollment_id="enr_anna_2", terms_id="trm_2")
    decision = decided([other_program, click("bob", DAY)], [code("anna")])

    assert decision.winner == Winner("enr_anna", "trm_1", None, None, "cpn_anna")


def test_clicks_of_the_same_moment_are_decided_by_their_ids() -> None:
    touches = [click("anna", DAY, key="clk_a"), click("bob", DAY, key="clk_b")]

    assert {winner_of(decided(list(order))) for order in permutations(touches)} == {"bob"}
    assert {winner_of(decided(list(order), model="first")) for order in permutations(touches)} == {"anna"}


OWNERS = st.sampled_from(["anna", "bob", "cleo"])
CLICKS = st.builds(
    lambda owner, minutes, earns, number: click(
        owner, timedelta(minutes=minutes), key=f"clk_{number:03}", earns=earns
    ),
    OWNERS,
    st.integers(-10, 45_000),
    st.booleans(),
    st.integers(0, 999),
)
CODES = st.builds(lambda owner, position: code(owner, position), OWNERS | st.none(), st.integers(0, 3))
BINDINGS = st.builds(
    lambda owner, months, flaw: make_binding(owner, f"2025-{months:02}-01T10:00:00.000000Z", flaw=flaw),
    OWNERS,
    st.integers(1, 12),
    st.sampled_from([None, None, flaw_of(AttributionReason.CREATOR_LEFT)]),
)
CASES = st.tuples(
    st.lists(CLICKS, max_size=6, unique_by=lambda touch: touch["key"]),
    st.lists(CODES, max_size=3, unique_by=lambda use: use["key"]),
    st.sampled_from(["last", "first"]),
    st.sampled_from(["always", "if_involved", "never"]),
    st.none() | BINDINGS,
    st.sampled_from([("first_sale", None), ("months", 12), ("months", 15), ("lifetime", None)]),
)


@given(CASES, st.randoms())
def test_the_decision_does_not_depend_on_the_order_of_its_inputs(case: Any, random: Any) -> None:
    touches, coupons, *others = case
    shuffled, shuffled_codes = list(touches), list(coupons)
    random.shuffle(shuffled)
    random.shuffle(shuffled_codes)

    assert decided(shuffled, shuffled_codes, *others) == decided(touches, coupons, *others)


@given(CASES)
def test_replaying_stored_inputs_gives_the_same_decision(case: Any) -> None:
    touches, coupons, model, policy, binding, (customers, months) = case
    inputs = {
        "rules": RULES,
        "sale": SALE,
        "touches": touches,
        "coupons": coupons,
        "binding": binding,
        "policy": {"model": model, "coupons": policy, "customers": customers, "months": months},
    }

    assert replay_decision(json.loads(json.dumps(inputs))) == decided(*case)


@given(CASES)
def test_there_is_at_most_one_winner_and_every_candidate_has_a_reason(case: Any) -> None:
    touches, coupons, _model, _policy, binding, _customers = case
    decision = decided(*case)

    won = [each for each in decision.candidates if each["outcome"] == "won"]
    assert len(won) == (1 if decision.winner else 0)
    assert len(decision.candidates) == len(touches) + len(coupons) + (binding is not None)
    assert all(each["reason"] for each in decision.candidates)
    assert decision.reason


@given(CASES)
def test_a_known_customer_never_overrides_a_click_or_a_code(case: Any) -> None:
    *evidence, _binding, _customers = case
    without = decided(*evidence)

    assert without.winner is None or decided(*case).winner == without.winner
