"""Whose commissions a query is about, for queries that are built once and asked with parameters."""

from sqlalchemy import ColumnElement, bindparam

from payouts.commissions.models import Commission


def owner_conditions(for_brand: bool, for_creator: bool = False) -> list[ColumnElement[bool]]:
    """Nothing, or the brand, or the creator, or both. To be asked with `brand_id` and `creator_id`."""
    conditions: list[ColumnElement[bool]] = []
    if for_brand:
        conditions.append(Commission.brand_id == bindparam("brand_id"))
    if for_creator:
        conditions.append(Commission.creator_id == bindparam("creator_id"))
    return conditions
