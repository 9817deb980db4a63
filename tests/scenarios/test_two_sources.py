"""What a shop and its provider both tell counts once; what only the provider tells of waits."""

import json
from random import Random
from typing import Any

from tests.scenarios.catalogue import SIX_MESSAGES_TWO_SOURCES, TEN_MESSAGES_TWO_SOURCES
from tests.scenarios.random_scenarios import NET, TOTAL, expected_commission_minor
from tests.scenarios.runner import require_same_fingerprint, run_all, shuffled_with_duplicates
from tests.scenarios.two_source_scenarios import with_unreported_refund
from tests.tracker.sales.shop import Shop

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
"""Who is credited, what went back, and what of a dispute was lost."""


def read(end: str) -> dict[str, list[Any]]:
    return {name: [json.loads(each) for each in found] for name, found in json.loads(end).items()}


def test_each_refund_counts_once_and_no_event_stays_parked(shop: Shop, rng: Random) -> None:
    tales = [(make(shop), EXPECTED_OF_SIX[name]) for name, make in SIX_MESSAGES_TWO_SOURCES.items()]
    tales += [(make(shop), EXPECTED_OF_TEN[name]) for name, make in TEN_MESSAGES_TWO_SOURCES.items()]
    found_fingerprints = run_all(
        shop, [shuffled_with_duplicates(scenario, rng, most=5) for scenario, _ in tales], rng
    )
    for end, (_scenario, (owner, refunds, lost)) in zip(found_fingerprints, tales, strict=True):
        parts = read(end)
        assert {event[1] for event in parts["event"]} == {"applied"}
        assert sorted(refund[2] for refund in parts["refund"]) == sorted(refunds)
        [[_order_id, enrollment_id, *_]] = parts["credit"]
        assert enrollment_id == shop.enrollments[owner]
        [commission] = parts["commission"]
        assert commission[5] == expected_commission_minor(TOTAL, NET, [], [*refunds, *[lost] * (lost > 0)])


def test_a_refund_known_only_to_the_provider_holds_the_order(shop: Shop, rng: Random) -> None:
    scenario = with_unreported_refund(shop)
    parts = read(
        require_same_fingerprint(run_all(shop, [shuffled_with_duplicates(scenario, rng, 5)] * 2, rng))
    )
    waiting = {event[0] for event in parts["event"] if event[1] == "parked"}
    assert waiting == {"evt_3RefundCreatedExample", "evt_again"}
    [[*_, is_released]] = parts["commission"]
    assert not is_released
