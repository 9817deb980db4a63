"""Sixteen threads send the messages of the same orders at the same time, while the jobs run."""

from random import Random

import pytest

from tests.cast.shop import Shop
from tests.scenarios.catalogue import TEN_MESSAGES
from tests.scenarios.fingerprint import brand_fingerprints
from tests.scenarios.runner import (
    FIRST_DAY,
    connect_all,
    require_same_fingerprint,
    send_concurrently,
    send_messages,
    shuffled_with_duplicates,
)


def require_same_as_sequential(shop: Shop, names: list[str], count: int, rng: Random) -> None:
    scenarios = [TEN_MESSAGES[name](shop) for name in names]
    orders = [
        shuffled_with_duplicates(scenario, rng, max_duplicates=6)
        for scenario in scenarios
        for _ in range(count)
    ]
    undisturbed_sources = connect_all(shop, [scenario.kinds for scenario in scenarios])
    for sources, scenario in zip(undisturbed_sources, scenarios, strict=True):
        send_messages(shop, sources, scenario.messages, FIRST_DAY)
    concurrent = send_concurrently(shop, orders)
    sequential = brand_fingerprints(shop.databases, shop.brand_id)
    for number, sources in enumerate(undisturbed_sources):
        own_fingerprints = concurrent[number * count : (number + 1) * count]
        require_same_fingerprint([sequential[sources[0]], *own_fingerprints])


def test_concurrent_messages_of_an_order_match_sequential_ones(shop: Shop, rng: Random) -> None:
    names = rng.sample(list(TEN_MESSAGES), 3)
    require_same_as_sequential(shop, names, 2, rng)


@pytest.mark.nightly
@pytest.mark.timeout(3600)
def test_concurrent_messages_of_hundreds_of_orders_match_sequential_ones(shop: Shop, rng: Random) -> None:
    require_same_as_sequential(shop, list(TEN_MESSAGES), 30, rng)
