"""The end of a tale does not depend on the order, the number or the cut of its messages.

In the fast suite a sample by a seed that is printed; at night every order of six messages, and 2,000 of ten.
"""

import json
from dataclasses import replace
from itertools import permutations
from random import Random

import pytest

from tests.scenarios.catalogue import SIX_MESSAGES, TEN_MESSAGES
from tests.scenarios.fingerprint import fingerprints
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
from tests.tracker.sales.shop import Shop

HOUR_S = 3600


def in_random_orders(tales: list[Scenario], count: int, rng: Random) -> list[Scenario]:
    return [shuffled_with_duplicates(scenario, rng, most=5) for scenario in tales for _ in range(count)]


def test_random_orders_with_duplicates_have_the_same_fingerprint(shop: Shop, rng: Random) -> None:
    """24 orders on SQLite, eight on PostgreSQL."""
    is_quick = shop.databases.main.dialect.name == "sqlite"
    count, names = (
        (3, rng.sample(list(TEN_MESSAGES), 8)) if is_quick else (2, rng.sample(list(TEN_MESSAGES), 4))
    )
    found_fingerprints = run_all(
        shop, in_random_orders([TEN_MESSAGES[name](shop) for name in names], count, rng), rng
    )
    for start in range(0, len(found_fingerprints), count):
        require_same_fingerprint(found_fingerprints[start : start + count])


def test_sources_with_a_shared_namespace_may_each_report_parts_of_an_order(shop: Shop, rng: Random) -> None:
    """Two of our own kind tell every other message of one order."""
    told = [(number % 2, each) for number, each in enumerate(standard_ten(shop).messages)]
    namespaces = [f"shared-{number}" for number in range(2)]
    for namespace in namespaces:
        sources = connect_all(shop, [("standard",), ("standard",)], namespace)
        rng.shuffle(told)
        for number, each in told:
            send_messages(shop, sources[number], [each], FIRST_DAY)
        run_jobs(shop, FIRST_DAY)
    finish(shop)
    found_fingerprints = fingerprints(shop.databases, shop.brand_id)
    end = require_same_fingerprint([found_fingerprints[namespace] for namespace in namespaces])
    assert len(json.loads(end)["sale"]) == 1
    assert "parked" not in end


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
