"""Of random histories: nothing is overpaid, nothing is stranded, every statement balances (docs/money.md 7).

A failed run prints its seed; `LINKLEDGER_TEST_SEED=<seed>` repeats it.
"""

import os
import random

import pytest

from config.database import read_session
from payouts.ledger.balances import creator_balances
from tests.cast.books import Books
from tests.scenarios.history_events import Histories, start
from tests.scenarios.money_histories import play

SEED_VARIABLE = "LINKLEDGER_TEST_SEED"
HISTORIES, PARTS = 20_000, 100


def seed_of(part: int = 0) -> int:
    chosen = os.environ.get(SEED_VARIABLE)
    seed = int(chosen) if chosen else random.randrange(10**9) + part
    print(f"{SEED_VARIABLE}={seed}")  # noqa: T201
    return seed


def require_all_paid(found: Histories) -> None:
    """After two years of silence all that was payable is paid, and nothing is held or under way."""
    with read_session(found.books.databases.main) as session:
        balances = creator_balances(session, found.books.brand_id, "EUR")
    for creator_id, balance in balances.items():
        assert balance.pending_minor == 0, f"{balance.pending_minor} of {creator_id} are held forever"
        assert balance.in_transit_minor == 0
        assert balance.payable_minor <= 0, f"{balance.payable_minor} of {creator_id} are stranded"
    assert found.books.faults() == []


def run(books: Books, creators: int, seed: int) -> None:
    found = start(books, random.Random(seed), creators)
    play(found)
    print(sorted(found.counted.items()))  # noqa: T201
    require_all_paid(found)
    assert found.overpaid == []


def test_nothing_is_overpaid_or_stranded_in_random_histories(books: Books) -> None:
    run(books, 12, seed_of())


@pytest.mark.nightly
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("part", range(PARTS))
def test_nothing_is_overpaid_or_stranded_in_20_000_random_histories(
    books: Books, part: int, database_kind: str
) -> None:
    """All of them on SQLite; on PostgreSQL every tenth part."""
    if database_kind == "sqlite" or part % 10 == 0:
        run(books, HISTORIES // PARTS, seed_of(part))
