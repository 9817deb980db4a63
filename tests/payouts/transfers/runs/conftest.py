"""What tests of payout runs begin with."""

import pytest

from tests.harness.databases.snapshots import database_seed_for
from tests.payouts.cast import DEFAULT_SEED, Books
from tests.payouts.transfers.runs.scenes import PAID, SEALED

database_seed = database_seed_for(paid=PAID, sealed=SEALED, books=DEFAULT_SEED)


@pytest.fixture
def sealed(books: Books) -> Books:
    """80 EUR that the statement of October authorises, and no run has looked at."""
    return books


@pytest.fixture
def paid(books: Books) -> Books:
    """80 EUR that were paid once, as the books know."""
    return books
