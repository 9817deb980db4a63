"""One creator's balance, for tests; the product always needs those of all creators."""

from sqlalchemy.orm import Session

from payouts.ledger.balances import CreatorBalance, creator_balances


def creator_balance(session: Session, brand_id: str, creator_id: str, currency: str) -> CreatorBalance:
    return creator_balances(session, brand_id, currency).get(creator_id, CreatorBalance())
