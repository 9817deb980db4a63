"""What tests of payout runs begin with."""

import pytest

from tests.cast.books import Books
from tests.cast.months import DEFAULT_SEED, PAID, SEALED
from tests.harness.databases.snapshots import database_seed_for

database_seed = database_seed_for(paid=PAID, sealed=SEALED, books=DEFAULT_SEED)


@pytest.fixture
def sealed(books: Books) -> Books:
    """80 EUR that the statement of October authorises, and no run has looked at."""
    return books


@pytest.fixture
def paid(books: Books) -> Books:
    """80 EUR that were paid once, as the books know."""
    return books
