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
from tests.scenarios.random_scenarios import (
    Expected,
    payment_scenarios,
    shop_and_provider_scenarios,
    shop_scenarios,
)
from tests.scenarios.runner import (
    create_shop_without_suspicion,
    require_same_fingerprint,
    run_all,
    send_concurrently,
    shuffled_with_duplicates,
)
from tests.scenarios.scenarios import Scenario
from tests.tracker.sales.shop import Shop

SCENARIOS = 4
WITHOUT_SHRINKING = settings(
    # A smaller tale than the first that fails is not worth the minutes that it takes to look for it.
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=(
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ),
)


Runner = Callable[[Shop, list[Scenario], Random], list[str]]


def run_at_once(shop: Shop, orders: list[Scenario], _chance: Random) -> list[str]:
    return send_concurrently(shop, orders)


def require_expected_fingerprints(
    shop: Shop, tales: list[Expected], rng: Random, telling: Runner, count: int
) -> None:
    """Each tale is told in so many orders."""
    orders = [shuffled_with_duplicates(each.scenario, rng, most=3) for each in tales for _ in range(count)]
    found_fingerprints = telling(shop, orders, rng)
    for number, expected in enumerate(tales):
        end = json.loads(require_same_fingerprint(found_fingerprints[number * count : (number + 1) * count]))
        [commission] = map(json.loads, end["commission"])
        assert commission[5] == expected.commission_minor, expected


def examples(times: int, orders: int, settings_: Settings, databases: Databases, telling: Runner) -> None:
    numbers = count()

    @settings(WITHOUT_SHRINKING, max_examples=times)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        shop = create_shop_without_suspicion(settings_, databases, f"Shop {next(numbers)}")
        any_scenario = shop_scenarios(shop) | payment_scenarios(shop) | shop_and_provider_scenarios(shop)
        tales = st.lists(any_scenario, min_size=SCENARIOS, max_size=SCENARIOS)
        rng = data.draw(st.randoms(use_true_random=False))
        require_expected_fingerprints(shop, data.draw(tales), rng, telling, orders)

    check()


@pytest.mark.parametrize("telling", [run_all, run_at_once])
def test_random_scenarios_in_any_order_match_the_money_rules(
    settings: Settings, databases: Databases, telling: Runner
) -> None:
    examples(2, 2, settings, databases, telling)  # what Hypothesis tries first is the simplest there is


@pytest.mark.nightly
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("telling", [run_all, run_at_once])
def test_hundreds_of_random_scenarios_in_any_order_match_the_money_rules(
    settings: Settings, databases: Databases, telling: Runner
) -> None:
    examples(100, 3, settings, databases, telling)
