"""Random operations in random order: the books are consistent after every step (docs/money.md)."""

import os
import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.harness.databases.memory_disk import memory_disk
from tests.payouts.ledger.machine import BooksMachine
from tests.payouts.ledger.town import SetupFactory, brand_setup_factory

SEED_VARIABLE = "LINKLEDGER_TEST_SEED"
"""Set it to the number that a failed run printed, to repeat its scenarios."""


@pytest.fixture
def new_setup(database_kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SetupFactory]:
    on_sqlite = database_kind == "sqlite"
    template = request.getfixturevalue("sqlite_template" if on_sqlite else "postgres_template")
    server = None if on_sqlite else request.getfixturevalue("postgres_server")
    with (
        tempfile.TemporaryDirectory(prefix="linkledger-", dir=memory_disk() or tmp_path) as folder,
        brand_setup_factory(Path(folder), template, server) as made,
    ):
        yield made


def run_scenarios(
    new_setup: SetupFactory, examples: int, steps: int, *, with_shrinking: bool = False
) -> None:
    """Run random scenarios. Without shrinking a failure is reported as it is: shrinking takes minutes."""
    number = int(os.environ.get(SEED_VARIABLE) or random.randrange(10**9))
    print(f"{SEED_VARIABLE}={number}")  # noqa: T201

    @seed(number)
    class Machine(BooksMachine):
        pass

    Machine.new_setup = staticmethod(new_setup)
    profile = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink) if with_shrinking else (Phase.generate,),
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Machine, settings=profile)


def test_books_stay_consistent_under_random_operations(new_setup: SetupFactory, database_kind: str) -> None:
    run_scenarios(new_setup, examples=6 if database_kind == "sqlite" else 2, steps=20)


@pytest.mark.nightly
@pytest.mark.timeout(3600)
def test_books_stay_consistent_under_long_random_operations(
    new_setup: SetupFactory, database_kind: str
) -> None:
    run_scenarios(new_setup, examples=120 if database_kind == "sqlite" else 40, steps=50, with_shrinking=True)
