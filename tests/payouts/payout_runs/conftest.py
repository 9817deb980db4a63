"""What tests of payout runs begin with."""

import pytest

from tests.payouts.cast import CAST, Books, after
from tests.payouts.payout_runs.scenes import OCTOBER, owe, run_at, seal
from tests.stages import Opening, opening_for


def pay_october(books: Books) -> None:
    owe(books, 80_00, "10-20")
    seal(books, OCTOBER)
    assert run_at(books, OCTOBER.payday).pay(books.brand_id).paid


PAID = after(pay_october)


@pytest.fixture
def opening(request: pytest.FixtureRequest) -> Opening | None:
    return opening_for(request, paid=PAID, books=CAST)


@pytest.fixture
def paid(books: Books) -> Books:
    """80 EUR that were paid once, as the books know."""
    return books
