"""Restricts a query to a brand or a creator, for queries that are built once and run with parameters."""

from sqlalchemy import ColumnElement, bindparam

from payouts.commissions.models import Commission


def owner_conditions(for_brand: bool, for_creator: bool = False) -> list[ColumnElement[bool]]:
    """Conditions on the brand, the creator, both or neither. Parameters: `brand_id`, `creator_id`."""
    conditions: list[ColumnElement[bool]] = []
    if for_brand:
        conditions.append(Commission.brand_id == bindparam("brand_id"))
    if for_creator:
        conditions.append(Commission.creator_id == bindparam("creator_id"))
    return conditions
