"""Whose commissions a query is about, for queries that are built once and asked with parameters."""

from sqlalchemy import ColumnElement, bindparam

from payouts.commissions.models import Commission


def of_owner(of_brand: bool, of_creator: bool = False) -> list[ColumnElement[bool]]:
    """Nothing, or the brand, or the creator, or both. To be asked with `brand_id` and `creator_id`."""
    conditions: list[ColumnElement[bool]] = []
    if of_brand:
        conditions.append(Commission.brand_id == bindparam("brand_id"))
    if of_creator:
        conditions.append(Commission.creator_id == bindparam("creator_id"))
    return conditions
