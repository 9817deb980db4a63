"""The last check before money is reserved or sent: it is owed, and no entry of it was settled before."""

from datetime import datetime

from sqlalchemy.orm import Session

from payouts.ledger.balances import account_balance_minor
from payouts.ledger.rules import account_id
from payouts.settlement.freezes import place_freeze
from payouts.settlement.open_entries import EntrySums, entry_sums
from payouts.settlement.reasons import FreezeReason
from payouts.transfers.planning.rules import Selection
from tracker.money import Money
from tracker.reasons import Reason


def freeze_unless_sound(
    session: Session,
    now: datetime,
    *,
    brand_id: str,
    creator_id: str,
    selection: Selection,
    reserved_minor: int = 0,
) -> bool:
    """Whether a payout of the selection agrees with the books; if not, payouts are frozen.

    `reserved_minor` is what the payout has already taken out of `payable`.
    """
    account = account_id(brand_id, "payable", selection.currency, creator_id)
    owner = {"brand": brand_id, "creator": creator_id}
    fault = _entry_fault(session, account, selection.currency, owner) or _amount_fault(
        account_balance_minor(session, account) + reserved_minor, selection, owner
    )
    if fault is not None:
        place_freeze(session, now, reason=fault, compare_from=now)
    return fault is None


def _entry_fault(session: Session, account: str, currency: str, owner: dict[str, str]) -> Reason | None:
    """Open entries + items of sent payouts, less their remainders, are all entries."""
    sums = entry_sums(session, [account]).get(account, EntrySums())
    if sums.agree:
        return None
    figures = {"every": sums.every, "open": sums.open, "sent": sums.sent, "carried": sums.carried}
    return Reason(FreezeReason.ENTRIES_DISAGREE, owner | figures | {"currency": currency})


def _amount_fault(balance_minor: int, selection: Selection, owner: dict[str, str]) -> Reason | None:
    """The amount is at most what is payable.

    What a later statement deducts does not count: it lowers the payouts of that statement.
    """
    payable_minor = balance_minor + selection.deducted_later_minor
    if selection.amount_minor <= payable_minor:
        return None
    amounts = {
        "amount": Money(selection.amount_minor, selection.currency).as_json(),
        "payable": Money(payable_minor, selection.currency).as_json(),
    }
    return Reason(FreezeReason.PAYOUT_ABOVE_PAYABLE, owner | amounts)
