"""Every table of the product, imported once so that the two sets of metadata are whole."""

import payouts.commissions.models
import payouts.jobs.models
import payouts.ledger.models
import payouts.settlement.models
import payouts.statements.models
import tracker.clicks.models
import tracker.people.accounts.models
import tracker.programs.models
import tracker.sales.booking.models
import tracker.sales.orders.models
import tracker.sales.orders.reference_models
import tracker.sales.suspicion.models
from config.database import Base, ClickBase

MODULES = (
    payouts.commissions.models,
    payouts.jobs.models,
    payouts.ledger.models,
    payouts.statements.models,
    payouts.settlement.models,
    tracker.clicks.models,
    tracker.people.accounts.models,
    tracker.programs.models,
    tracker.sales.orders.models,
    tracker.sales.orders.reference_models,
    tracker.sales.booking.models,
    tracker.sales.suspicion.models,
)

MAIN_TABLES = Base.metadata
CLICK_TABLES = ClickBase.metadata
