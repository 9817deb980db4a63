"""A payout run that is over, as tests of payout runs have it."""

from tests.payouts.transfers.runs.conftest import database_seed as database_seed
from tests.payouts.transfers.runs.conftest import paid as paid
from tests.payouts.transfers.runs.conftest import sealed as sealed
