"""For how long refunds and lost disputes take a commission back: a term of the program (docs/money.md 3)."""

from calendar import monthrange
from datetime import datetime

from sqlalchemy.orm import Session

from payouts.commissions.models import Commission
from tracker.programs.models import Terms
from tracker.sales.attribution.models import Attribution
from tracker.sales.orders.models import Sale


def take_back_end(sold_at: datetime, terms: Terms | None) -> datetime | None:
    """The end of the time after a sale in which refunds take back; None: there is no end.

    It ends on the same day of the month, or on the last one when the month has no such day.
    """
    if terms is None or terms.take_back_months is None:
        return None
    months = sold_at.year * 12 + sold_at.month - 1 + terms.take_back_months
    year, month = months // 12, months % 12 + 1
    return sold_at.replace(year=year, month=month, day=min(sold_at.day, monthrange(year, month)[1]))


def take_back_end_of(session: Session, commission: Commission, sale: Sale) -> datetime | None:
    """As `take_back_end`, by the terms under which the commission was earned."""
    attribution = session.get_one(Attribution, commission.attribution_id)
    terms = session.get(Terms, attribution.terms_id) if attribution.terms_id is not None else None
    return take_back_end(sale.occurred_at, terms)
