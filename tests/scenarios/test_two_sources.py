"""Refunds reported by a shop and its provider count once; those reported only by the provider wait."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

from sqlalchemy import select

from config.database import read_session
from payouts.commissions.models import Hold
from tests.cast.shop import Shop
from tests.scenarios.catalogue import SIX_MESSAGES_TWO_SOURCES, TEN_MESSAGES_TWO_SOURCES
from tests.scenarios.random_scenarios import NET, TOTAL, expected_commission_minor
from tests.scenarios.runner import require_same_fingerprint, run_all, shuffled_with_duplicates
from tests.scenarios.two_source_scenarios import with_unreported_refund

EXPECTED_OF_SIX = {
    "standard, supported by stripe": ("anna", [2000], 0),
    "stripe, supported by standard": ("bob", [2000], 1000),
    "woocommerce, supported by stripe": ("anna", [4284, 900], 1000),
}
EXPECTED_OF_TEN = {
    "standard, supported by stripe": ("bob", [2000, 300], 0),
    "stripe, supported by woocommerce": ("anna", [4284, 900, 6121], 0),
    "woocommerce, supported by stripe": ("anna", [4284, 900], 0),
}
"""The credited creator, the amounts of the refunds, and the lost amount of a dispute."""


def parts_of(fingerprint: str) -> dict[str, list[Any]]:
    return {name: [json.loads(each) for each in found] for name, found in json.loads(fingerprint).items()}


def test_each_refund_counts_once_and_no_event_stays_parked(shop: Shop, rng: Random) -> None:
    scenarios = [(make(shop), EXPECTED_OF_SIX[name]) for name, make in SIX_MESSAGES_TWO_SOURCES.items()]
    scenarios += [(make(shop), EXPECTED_OF_TEN[name]) for name, make in TEN_MESSAGES_TWO_SOURCES.items()]
    fingerprints = run_all(
        shop, [shuffled_with_duplicates(scenario, rng, max_duplicates=5) for scenario, _ in scenarios], rng
    )
    for fingerprint, (_scenario, (owner, refunds, lost)) in zip(fingerprints, scenarios, strict=True):
        parts = parts_of(fingerprint)
        assert {event[1] for event in parts["event"]} == {"applied"}
        assert sorted(refund[2] for refund in parts["refund"]) == sorted(refunds)
        [[_order_id, enrollment_id, *_]] = parts["attribution"]
        assert enrollment_id == shop.enrollments[owner]
        [commission] = parts["commission"]
        assert commission[5] == expected_commission_minor(TOTAL, NET, [], [*refunds, *[lost] * (lost > 0)])


def test_a_refund_known_only_to_the_provider_holds_the_order_for_thirty_days(shop: Shop, rng: Random) -> None:
    scenario = with_unreported_refund(shop)
    parts = parts_of(
        require_same_fingerprint(run_all(shop, [shuffled_with_duplicates(scenario, rng, 5)] * 2, rng))
    )
    parked = {event[0] for event in parts["event"] if event[1] == "parked"}
    assert parked == {"evt_3RefundCreatedExample", "evt_again"}
    [[*_, is_released]] = parts["commission"]
    assert is_released
    with read_session(shop.databases.main) as session:
        ended = session.scalars(select(Hold).where(Hold.lift_code == "hold_ended")).all()
    assert {each.placed_by for each in ended} == {"event"}
    assert {each.lifted_at - _held_since(each, ended) for each in ended if each.lifted_at} == {
        timedelta(days=30)
    }


def _held_since(placed: Hold, holds: Sequence[Hold]) -> datetime:
    """Since when the message held the order: a commission that replaces another one takes over the end."""
    return min(each.placed_at for each in holds if each.cause_id == placed.cause_id)
