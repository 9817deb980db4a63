"""Random scenarios: every order of messages gives the same fingerprint, and the commission of the rules."""

import json
from collections.abc import Callable
from itertools import count
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from config.database import Databases
from config.settings import Settings
from tests.cast.shop import Shop
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

SCENARIOS = 4
WITHOUT_SHRINKING = settings(
    # Finding a smaller failing scenario is not worth the minutes that it takes.
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=(
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ),
)


Runner = Callable[[Shop, list[Scenario], Random], list[str]]


def run_in_threads(shop: Shop, orders: list[Scenario], _rng: Random) -> list[str]:
    return send_concurrently(shop, orders)


def require_expected_fingerprints(
    shop: Shop, scenarios: list[Expected], rng: Random, run: Runner, count: int
) -> None:
    """Run each scenario in `count` random orders and compare with the expected commission."""
    orders = [
        shuffled_with_duplicates(each.scenario, rng, max_duplicates=3)
        for each in scenarios
        for _ in range(count)
    ]
    fingerprints = run(shop, orders, rng)
    for number, expected in enumerate(scenarios):
        fingerprint = json.loads(
            require_same_fingerprint(fingerprints[number * count : (number + 1) * count])
        )
        [commission] = map(json.loads, fingerprint["commission"])
        assert commission[5] == expected.commission_minor, expected


def check_examples(
    max_examples: int, orders: int, settings_: Settings, databases: Databases, run: Runner
) -> None:
    numbers = count()

    @settings(WITHOUT_SHRINKING, max_examples=max_examples)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        shop = create_shop_without_suspicion(settings_, databases, f"Shop {next(numbers)}")
        any_scenario = shop_scenarios(shop) | payment_scenarios(shop) | shop_and_provider_scenarios(shop)
        scenarios = st.lists(any_scenario, min_size=SCENARIOS, max_size=SCENARIOS)
        rng = data.draw(st.randoms(use_true_random=False))
        require_expected_fingerprints(shop, data.draw(scenarios), rng, run, orders)

    check()


@pytest.mark.parametrize("run", [run_all, run_in_threads])
def test_random_scenarios_in_any_order_match_the_money_rules(
    settings: Settings, databases: Databases, run: Runner
) -> None:
    check_examples(2, 2, settings, databases, run)  # Hypothesis begins with the simplest examples


@pytest.mark.nightly
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("run", [run_all, run_in_threads])
def test_hundreds_of_random_scenarios_in_any_order_match_the_money_rules(
    settings: Settings, databases: Databases, run: Runner
) -> None:
    check_examples(100, 3, settings, databases, run)
