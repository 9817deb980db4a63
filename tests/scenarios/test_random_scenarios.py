"""Whatever happens to an order: each order of its messages ends the same, and as the rules say."""

import json
from collections.abc import Callable
from itertools import count
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from config.database import Databases
from config.settings import Settings
from tests.scenarios.random_scenarios import Expected, of_a_payment, of_a_shop, of_a_shop_and_its_provider
from tests.scenarios.runner import (
    open_unsuspicious_shop,
    require_one_end,
    tell_all,
    tell_at_once,
    with_repetitions,
)
from tests.scenarios.scenarios import Tale
from tests.tracker.sales.shop import Shop

TALES = 4
ONCE_AT_A_TIME = settings(
    # A smaller tale than the first that fails is not worth the minutes that it takes to look for it.
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=(
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ),
)


Telling = Callable[[Shop, list[Tale], Random], list[str]]


def run_concurrently(shop: Shop, orders: list[Tale], _chance: Random) -> list[str]:
    return tell_at_once(shop, orders)


def require_expected_ends(
    shop: Shop, tales: list[Expected], chance: Random, telling: Telling, count: int
) -> None:
    """Each tale is told in so many orders."""
    orders = [with_repetitions(each.tale, chance, most=3) for each in tales for _ in range(count)]
    ends = telling(shop, orders, chance)
    for number, expected in enumerate(tales):
        end = json.loads(require_one_end(ends[number * count : (number + 1) * count]))
        [commission] = map(json.loads, end["commission"])
        assert commission[5] == expected.commission_minor, expected


def examples(times: int, orders: int, settings_: Settings, databases: Databases, telling: Telling) -> None:
    numbers = count()

    @settings(ONCE_AT_A_TIME, max_examples=times)
    @given(st.data())
    def holds(data: st.DataObject) -> None:
        shop = open_unsuspicious_shop(settings_, databases, f"Shop {next(numbers)}")
        any_tale = of_a_shop(shop) | of_a_payment(shop) | of_a_shop_and_its_provider(shop)
        tales = st.lists(any_tale, min_size=TALES, max_size=TALES)
        chance = data.draw(st.randoms(use_true_random=False))
        require_expected_ends(shop, data.draw(tales), chance, telling, orders)

    holds()


@pytest.mark.parametrize("telling", [tell_all, run_concurrently])
def test_any_order_of_random_tales_ends_as_the_rules_say(
    settings: Settings, databases: Databases, telling: Telling
) -> None:
    examples(2, 2, settings, databases, telling)  # what Hypothesis tries first is the simplest there is


@pytest.mark.nightly
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("telling", [tell_all, run_concurrently])
def test_any_order_of_hundreds_of_random_tales_ends_as_the_rules_say(
    settings: Settings, databases: Databases, telling: Telling
) -> None:
    examples(100, 3, settings, databases, telling)
