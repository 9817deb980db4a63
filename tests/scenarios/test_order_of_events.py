"""The fingerprint of a scenario does not depend on order, repetition or timing of its messages.

The fast suite runs a random sample and prints its seed; the nightly suite runs all orders of six messages,
and 2,000 orders of ten messages.
"""

import json
from dataclasses import replace
from itertools import permutations
from random import Random

import pytest

from tests.cast.shop import Shop
from tests.scenarios.catalogue import SIX_MESSAGES, TEN_MESSAGES
from tests.scenarios.fingerprint import brand_fingerprints
from tests.scenarios.runner import (
    FIRST_DAY,
    connect_all,
    finish,
    require_same_fingerprint,
    run_all,
    run_jobs,
    send_messages,
    shuffled_with_duplicates,
)
from tests.scenarios.scenarios import Scenario, standard_ten

HOUR_S = 3600


def in_random_orders(scenarios: list[Scenario], count: int, rng: Random) -> list[Scenario]:
    return [
        shuffled_with_duplicates(scenario, rng, max_duplicates=5)
        for scenario in scenarios
        for _ in range(count)
    ]


def test_random_orders_with_duplicates_have_the_same_fingerprint(shop: Shop, rng: Random) -> None:
    """24 orders on SQLite, eight on PostgreSQL."""
    is_quick = shop.databases.main.dialect.name == "sqlite"
    count, names = (
        (3, rng.sample(list(TEN_MESSAGES), 8)) if is_quick else (2, rng.sample(list(TEN_MESSAGES), 4))
    )
    fingerprints = run_all(
        shop, in_random_orders([TEN_MESSAGES[name](shop) for name in names], count, rng), rng
    )
    for start in range(0, len(fingerprints), count):
        require_same_fingerprint(fingerprints[start : start + count])


def test_sources_with_a_shared_namespace_may_each_report_parts_of_an_order(shop: Shop, rng: Random) -> None:
    """Two sources of the kind `standard` alternate in sending the messages of one order."""
    messages = [(number % 2, each) for number, each in enumerate(standard_ten(shop).messages)]
    namespaces = [f"shared-{number}" for number in range(2)]
    for namespace in namespaces:
        sources = connect_all(shop, [("standard",), ("standard",)], namespace)
        rng.shuffle(messages)
        for number, each in messages:
            send_messages(shop, sources[number], [each], FIRST_DAY)
        run_jobs(shop, FIRST_DAY)
    finish(shop)
    fingerprints = brand_fingerprints(shop.databases, shop.brand_id)
    fingerprint = require_same_fingerprint([fingerprints[namespace] for namespace in namespaces])
    assert len(json.loads(fingerprint)["sale"]) == 1
    assert "parked" not in fingerprint


@pytest.mark.nightly
@pytest.mark.timeout(HOUR_S)
@pytest.mark.parametrize("name", TEN_MESSAGES)
def test_2000_orders_of_ten_messages_have_the_same_fingerprint(shop: Shop, rng: Random, name: str) -> None:
    scenario = TEN_MESSAGES[name](shop)
    require_same_fingerprint(run_all(shop, in_random_orders([scenario], 2000, rng), rng))


@pytest.mark.nightly
@pytest.mark.timeout(HOUR_S)
@pytest.mark.parametrize("name", SIX_MESSAGES)
def test_all_720_orders_of_six_messages_have_the_same_fingerprint(shop: Shop, rng: Random, name: str) -> None:
    scenario = SIX_MESSAGES[name](shop)
    orders = [replace(scenario, messages=order) for order in permutations(scenario.messages)]
    assert len(orders) == 720
    require_same_fingerprint(run_all(shop, orders, rng))
