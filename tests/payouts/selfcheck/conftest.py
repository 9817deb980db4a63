"""A finished payout run, shared with the tests of payout runs."""

from tests.payouts.transfers.runs.conftest import database_seed as database_seed
from tests.payouts.transfers.runs.conftest import paid as paid
from tests.payouts.transfers.runs.conftest import sealed as sealed
