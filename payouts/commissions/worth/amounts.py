"""What commissions are worth, as a part of a query that lists them."""

from sqlalchemy import ScalarSelect, select

from payouts.commissions.models import Commission, Entry


def amount_left() -> ScalarSelect[int]:
    """The amount after the last entry of the query's commission, in minor units."""
    last = select(Entry.amount_after_minor).where(Entry.commission_id == Commission.id)
    return last.order_by(Entry.line.desc()).limit(1).correlate(Commission).scalar_subquery()
