"""What tests of payout runs begin with."""

import pytest

from tests.payouts.cast import Books
from tests.payouts.payout_runs.scenes import OCTOBER, owe, run_at, seal


@pytest.fixture
def paid(books: Books) -> Books:
    """80 EUR that were paid once, as the books know."""
    owe(books, 80_00, "10-20")
    seal(books, OCTOBER)
    assert run_at(books, OCTOBER.payday).pay(books.brand_id).paid
    return books
