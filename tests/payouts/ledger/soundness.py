"""Checks in addition to the self-check: what must be true of a brand's books at every moment."""

from collections.abc import Iterable

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from payouts.commissions.entries import current_amount_minor, entries_of
from payouts.commissions.models import Commission, Entry, Hold
from payouts.commissions.worth.causes import causes_of
from payouts.ledger.models import Account, Chain, Posting
from payouts.settlement.models import Payout
from payouts.statements.document.document import statement_document
from payouts.statements.models import SealedDocument, Statement
from tests.payouts.ledger.expected import Order
from tracker.sales.orders.models import Sale


def everything(session: Session) -> object:
    """Everything in the books that can change, in a form to compare."""
    counted = (Entry, Hold, Statement, SealedDocument, Sale)
    return (
        session.execute(select(Chain.seq, Chain.head_hash)).all(),
        [session.scalar(select(func.count()).select_from(table)) for table in counted],
        session.execute(select(Payout.id, Payout.state, Payout.round).order_by(Payout.id)).all(),
        session.execute(select(Hold.id).where(Hold.lifted_at.is_not(None)).order_by(Hold.id)).all(),
    )


def require_balanced_currencies(session: Session) -> None:
    sums: dict[str, int] = {}
    for side, sign in ((Posting.debit_account_id, 1), (Posting.credit_account_id, -1)):
        rows = session.execute(
            select(Account.currency, func.sum(Posting.amount_minor))
            .join(Posting, side == Account.id)
            .group_by(Account.currency)
        )
        for currency, amount in rows:
            sums[currency] = sums.get(currency, 0) + sign * int(amount)
    assert set(sums.values()) <= {0}


def require_balanced_drafts(session: Session) -> None:
    """The equation balances and the closing split sums to the closing amount, in total and by creator."""
    for draft in session.scalars(select(Statement).where(Statement.state == "draft")):
        parts = statement_document(session, draft)
        for part in [parts, *parts["creators"]]:
            equation = {name: each["minor"] for name, each in part["equation"].items()}
            closing = equation["opening"] + equation["earned"] - equation["reversed"]
            closing += equation["adjustments"] - equation["payments"]
            split = {name: each["minor"] for name, each in part["closing_split"].items()}
            assert closing == equation["closing"] == sum(split.values()) - 2 * split["owed_by_creator"]


def require_commissions_match_reports(session: Session, orders: Iterable[Order], *, everything: bool) -> None:
    """Every commission has the expected amount. With `everything`, no report may wait for a job."""
    by_id = {order.order_id: order for order in orders}
    rows = session.execute(select(Commission, Sale).join(Sale, Sale.id == Commission.sale_id)).all()
    assert len([row for row in rows if row[0].live]) == len({row[1].id for row in rows})
    for commission, sale in rows:
        entries = entries_of(session, commission.id)
        amount = current_amount_minor(entries)
        if not commission.live or any(entry.kind == "decline" for entry in entries):
            assert amount == 0
            continue
        entered = {entry.cause_id for entry in entries}
        if all(cause.id in entered for cause in causes_of(session, sale.id)):
            assert amount == by_id[sale.order_id].commission(commission.base, commission.rate_bp)
        else:
            assert not everything
