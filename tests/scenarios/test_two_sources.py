"""What a shop and its provider both tell counts once; what only the provider tells of waits."""

import json
from random import Random
from typing import Any

from tests.scenarios.catalogue import SIX_OF_TWO, TEN_OF_TWO
from tests.scenarios.random_scenarios import NET, TOTAL, worth
from tests.scenarios.runner import require_one_end, tell_all, with_repetitions
from tests.scenarios.two_source_scenarios import with_a_refund_untold
from tests.tracker.sales.shop import Shop

ENDS_OF_SIX = {
    "standard, supported by stripe": ("anna", [2000], 0),
    "stripe, supported by standard": ("bob", [2000], 1000),
    "woocommerce, supported by stripe": ("anna", [4284, 900], 1000),
}
ENDS_OF_TEN = {
    "standard, supported by stripe": ("bob", [2000, 300], 0),
    "stripe, supported by woocommerce": ("anna", [4284, 900, 6121], 0),
    "woocommerce, supported by stripe": ("anna", [4284, 900], 0),
}
"""Who is credited, what went back, and what of a dispute was lost."""


def read(end: str) -> dict[str, list[Any]]:
    return {name: [json.loads(each) for each in found] for name, found in json.loads(end).items()}


def test_each_refund_counts_once_and_nothing_waits(shop: Shop, chance: Random) -> None:
    tales = [(tell(shop), ENDS_OF_SIX[name]) for name, tell in SIX_OF_TWO.items()]
    tales += [(tell(shop), ENDS_OF_TEN[name]) for name, tell in TEN_OF_TWO.items()]
    ends = tell_all(shop, [with_repetitions(tale, chance, most=5) for tale, _ in tales], chance)
    for end, (_tale, (owner, refunds, lost)) in zip(ends, tales, strict=True):
        parts = read(end)
        assert {event[1] for event in parts["event"]} == {"applied"}
        assert sorted(refund[2] for refund in parts["refund"]) == sorted(refunds)
        [[_order_id, enrollment_id, *_]] = parts["credit"]
        assert enrollment_id == shop.enrollments[owner]
        [commission] = parts["commission"]
        assert commission[5] == worth(TOTAL, NET, [], [*refunds, *[lost] * (lost > 0)])


def test_a_refund_of_which_only_the_provider_tells_keeps_the_order_from_being_paid(
    shop: Shop, chance: Random
) -> None:
    tale = with_a_refund_untold(shop)
    parts = read(require_one_end(tell_all(shop, [with_repetitions(tale, chance, 5)] * 2, chance)))
    waiting = {event[0] for event in parts["event"] if event[1] == "parked"}
    assert waiting == {"evt_3RefundCreatedExample", "evt_again"}
    [[*_, is_released]] = parts["commission"]
    assert not is_released
