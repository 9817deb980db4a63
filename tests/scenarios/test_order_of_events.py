"""The end of a tale does not depend on the order, the number or the cut of its messages.

In the fast suite a sample by a seed that is printed; at night every order of six messages, and 2,000 of ten.
"""

import json
from dataclasses import replace
from itertools import permutations
from random import Random

import pytest

from tests.scenarios.catalogue import SIX, TEN
from tests.scenarios.fingerprint import end_states
from tests.scenarios.runner import (
    FIRST_DAY,
    connect_all,
    finish,
    require_one_end,
    run_jobs,
    tell,
    tell_all,
    with_repetitions,
)
from tests.scenarios.scenarios import Tale, standard_ten
from tests.tracker.sales.shop import Shop

HOUR_S = 3600


def in_random_orders(tales: list[Tale], count: int, chance: Random) -> list[Tale]:
    return [with_repetitions(tale, chance, most=5) for tale in tales for _ in range(count)]


def test_ten_messages_in_random_orders_and_twice_end_in_the_same_state(shop: Shop, chance: Random) -> None:
    """24 orders on SQLite, eight on PostgreSQL."""
    is_quick = shop.databases.main.dialect.name == "sqlite"
    count, names = (3, chance.sample(list(TEN), 8)) if is_quick else (2, chance.sample(list(TEN), 4))
    ends = tell_all(shop, in_random_orders([TEN[name](shop) for name in names], count, chance), chance)
    for start in range(0, len(ends), count):
        require_one_end(ends[start : start + count])


def test_sources_that_share_a_namespace_may_tell_parts_of_an_order_each(shop: Shop, chance: Random) -> None:
    """Two of our own kind tell every other message of one order."""
    told = [(number % 2, each) for number, each in enumerate(standard_ten(shop).messages)]
    namespaces = [f"shared-{number}" for number in range(2)]
    for namespace in namespaces:
        sources = connect_all(shop, [("standard",), ("standard",)], namespace)
        chance.shuffle(told)
        for number, each in told:
            tell(shop, sources[number], [each], FIRST_DAY)
        run_jobs(shop, FIRST_DAY)
    finish(shop)
    ends = end_states(shop.databases, shop.brand_id)
    end = require_one_end([ends[namespace] for namespace in namespaces])
    assert len(json.loads(end)["sale"]) == 1
    assert "parked" not in end


@pytest.mark.nightly
@pytest.mark.timeout(HOUR_S)
@pytest.mark.parametrize("name", TEN)
def test_ten_messages_in_2000_orders_end_in_the_same_state(shop: Shop, chance: Random, name: str) -> None:
    tale = TEN[name](shop)
    require_one_end(tell_all(shop, in_random_orders([tale], 2000, chance), chance))


@pytest.mark.nightly
@pytest.mark.timeout(HOUR_S)
@pytest.mark.parametrize("name", SIX)
def test_all_720_orders_of_six_messages_end_in_the_same_state(shop: Shop, chance: Random, name: str) -> None:
    tale = SIX[name](shop)
    orders = [replace(tale, messages=order) for order in permutations(tale.messages)]
    assert len(orders) == 720
    require_one_end(tell_all(shop, orders, chance))
