"""Sixteen threads deliver the messages of the same orders at the same time, and the jobs run beside them."""

from random import Random

import pytest

from tests.scenarios.catalogue import TEN
from tests.scenarios.fingerprint import end_states
from tests.scenarios.runner import (
    FIRST_DAY,
    connect_all,
    require_one_end,
    tell,
    tell_at_once,
    with_repetitions,
)
from tests.tracker.sales.shop import Shop


def require_the_same_as_one_by_one(shop: Shop, names: list[str], count: int, chance: Random) -> None:
    tales = [TEN[name](shop) for name in names]
    orders = [with_repetitions(tale, chance, most=6) for tale in tales for _ in range(count)]
    quiet = connect_all(shop, [tale.kinds for tale in tales])
    for sources, tale in zip(quiet, tales, strict=True):
        tell(shop, sources, tale.messages, FIRST_DAY)
    at_the_same_time = tell_at_once(shop, orders)
    one_by_one = end_states(shop.databases, shop.brand_id)
    for number, sources in enumerate(quiet):
        ends = at_the_same_time[number * count : (number + 1) * count]
        require_one_end([one_by_one[sources[0]], *ends])


def test_messages_of_an_order_at_once_end_like_one_by_one(shop: Shop, chance: Random) -> None:
    names = chance.sample(list(TEN), 3)
    require_the_same_as_one_by_one(shop, names, 2, chance)


@pytest.mark.nightly
@pytest.mark.timeout(3600)
def test_messages_of_hundreds_of_orders_at_once_end_like_one_by_one(shop: Shop, chance: Random) -> None:
    require_the_same_as_one_by_one(shop, list(TEN), 30, chance)
