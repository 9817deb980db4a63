"""The demo's payouts as the payment provider reports them; in the demo the provider is the sandbox."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select

from config.database import Databases, read_session
from config.settings import Settings
from payouts.settlement.models import Attempt
from payouts.transfers.rail import open_rail
from payouts.transfers.stripe.shapes import StripeTransfer

SEARCH_FROM = datetime(2020, 1, 1, tzinfo=UTC)
"""Earlier than any transfer: the sandbox uses its own clock, not the demo's time."""


@dataclass(frozen=True)
class RailTransfers:
    """Transfers by payout id, and the available balance as the rail's integer."""

    transfers: dict[str, list[StripeTransfer]]
    available: int


def fetch_rail_transfers(databases: Databases, settings: Settings, currency: str = "EUR") -> RailTransfers:
    """Read from the rail now, over HTTP with the real SDK. Raises RailError."""
    with read_session(databases.main) as session:
        attempts = session.execute(select(Attempt.payout_id, Attempt.parameters))
        parameters_by_payout: dict[str, dict[str, Any]] = dict(attempts.all())
    with open_rail(settings) as rail:
        found = {
            payout_id: rail.find_transfers(
                parameters["transfer_group"], parameters["destination"], SEARCH_FROM
            )
            for payout_id, parameters in parameters_by_payout.items()
        }
        return RailTransfers(found, rail.available_balance(currency))
