"""Conditions on commissions and their open holds, such that queries start where there are few rows."""

from sqlalchemy import ColumnElement, exists, func

from payouts.commissions.models import Commission, Hold


def is_held() -> ColumnElement[bool]:
    """Whether a commission has an open hold, for queries that start from few commissions."""
    return exists().where(Hold.commission_id == Commission.id, Hold.lifted_at.is_(None))


def of_open_hold() -> ColumnElement[bool]:
    """The join of a hold with its commission, for queries that start from the open holds.

    SQLite has no index for the expression, so it cannot start from the commissions, which are all history.
    """
    return Commission.id == func.coalesce(Hold.commission_id, "")
