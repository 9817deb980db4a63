"""What a creator's home shows: balances at each brand, and what comes next."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from payouts.commissions.models import Commission
from payouts.ledger.calendar import payday_of
from payouts.rollups.balances import balances_of_creator
from tracker.money import Money
from tracker.people.accounts.models import Brand
from tracker.people.accounts.rules_versions import load_rules


@dataclass(frozen=True)
class BalanceAtBrand:
    """Sums of postings; never added up across brands or currencies. `available` is below 0 for a debt.

    `next_payday`: when the present period is paid. `next_release_at`: when the first of the held commissions
    is released, unless a hold lasts longer; None when nothing is held.
    """

    brand_id: str
    brand_name: str
    available: Money
    held: Money
    on_its_way: Money
    next_payday: datetime
    next_release_at: datetime | None


def creator_home(session: Session, now: datetime, creator_id: str) -> list[BalanceAtBrand]:
    """One row for each brand and currency in which the creator has accounts, by the brand's name."""
    balances = balances_of_creator(session, creator_id)
    names = _brand_names(session, {each.brand_id for each in balances})
    rows = sorted({(names[each.brand_id], each.brand_id, each.currency) for each in balances})
    by_account = {(each.brand_id, each.currency, each.kind): minor for each, minor in balances.items()}

    def money(brand_id: str, currency: str, kind: str) -> Money:
        return Money(by_account.get((brand_id, currency, kind), 0), currency)

    return [
        BalanceAtBrand(
            brand_id,
            name,
            money(brand_id, currency, "payable"),
            money(brand_id, currency, "pending"),
            money(brand_id, currency, "in_transit"),
            payday_of(load_rules(session, brand_id), now),
            next_release(session, creator_id, brand_id, currency),
        )
        for name, brand_id, currency in rows
    ]


def next_release(session: Session, creator_id: str, brand_id: str, currency: str) -> datetime | None:
    """The earliest release date of the creator's held commissions at a brand."""
    own = (Commission.creator_id == creator_id, Commission.brand_id == brand_id)
    held = (Commission.live, Commission.matured_at.is_(None), Commission.currency == currency)
    earliest = select(Commission.release_at).where(*own, *held).order_by(Commission.release_at).limit(1)
    return session.scalar(earliest)


def _brand_names(session: Session, brand_ids: set[str]) -> dict[str, str]:
    rows = session.execute(select(Brand.id, Brand.name).where(Brand.id.in_(brand_ids)))
    return dict(rows.all())
