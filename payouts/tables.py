"""Imports every module with tables, so that the metadata of both databases is complete."""

import payouts.commissions.models
import payouts.jobs.models
import payouts.ledger.models
import payouts.rollups.models
import payouts.selfcheck.models
import payouts.settlement.models
import payouts.statements.models
import payouts.statements.rows.models
import payouts.transfers.models
import tracker.audit.models
import tracker.clicks.models
import tracker.mail.models
import tracker.people.accounts.models
import tracker.people.credentials.models
import tracker.people.installation.models
import tracker.people.invitations.models
import tracker.people.keys.models
import tracker.people.looks.models
import tracker.people.profile.models
import tracker.people.sessions.models
import tracker.people.sign_in.models
import tracker.programs.models
import tracker.sales.attribution.models
import tracker.sales.booking.models
import tracker.sales.inbox.models
import tracker.sales.orders.models
import tracker.sales.sources.models
import tracker.sales.suspicion.models
from config.database import Base, ClickBase

MODULES = (
    payouts.commissions.models,
    payouts.jobs.models,
    payouts.ledger.models,
    payouts.rollups.models,
    payouts.selfcheck.models,
    payouts.settlement.models,
    payouts.statements.models,
    payouts.statements.rows.models,
    payouts.transfers.models,
    tracker.audit.models,
    tracker.clicks.models,
    tracker.mail.models,
    tracker.people.accounts.models,
    tracker.people.credentials.models,
    tracker.people.installation.models,
    tracker.people.invitations.models,
    tracker.people.keys.models,
    tracker.people.looks.models,
    tracker.people.profile.models,
    tracker.people.sessions.models,
    tracker.people.sign_in.models,
    tracker.programs.models,
    tracker.sales.attribution.models,
    tracker.sales.booking.models,
    tracker.sales.inbox.models,
    tracker.sales.orders.models,
    tracker.sales.sources.models,
    tracker.sales.suspicion.models,
)

MAIN_TABLES = Base.metadata
CLICK_TABLES = ClickBase.metadata
