"""The history of one order, from the click to the transfer, as text and as JSON."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from payouts.commissions.dates import pay_date_text
from payouts.commissions.entries import current_amount_minor, entries_of, entry_json
from payouts.commissions.holds.ends import MESSAGE_DAYS
from payouts.commissions.holds.placing import holds_of, lifted_holds_of
from payouts.commissions.holds.queue import end_text, hold_json, hold_text
from payouts.commissions.labels import entry_label
from payouts.commissions.models import Commission
from payouts.commissions.pay_dates import pay_date_moves, pay_dates_json
from payouts.explain.credit import credit_explanations, credit_text_lines
from payouts.ledger.models import Posting, Transaction
from payouts.settlement.models import Item, Payout
from tracker.errors import NotFound
from tracker.money import Money, format_rate
from tracker.people.accounts.models import Brand
from tracker.people.accounts.operations import get_brand, get_creator
from tracker.people.accounts.rules_versions import load_rules
from tracker.programs.models import Terms
from tracker.sales.attribution.models import Attribution
from tracker.sales.booking.supporting_claims import WAIVED_SUFFIX, refund_claims_of
from tracker.sales.inbox.models import Event
from tracker.sales.inbox.queries import unapplied_events
from tracker.sales.inbox.serializers import event_json
from tracker.sales.orders.amounts import amounts_of
from tracker.sales.orders.models import Sale
from tracker.sales.orders.queries import sales_with_name
from tracker.sales.serializers import refund_claim_json
from tracker.times import format_utc, optional_utc_text

_CLAIM_LABELS = {
    "refund": "the refund",
    "failure": "a failure of the refund",
    "level": "all refunds of",
    "cancellation": "a cancellation",
}
_WAIVED_LABELS = {f"{kind}{WAIVED_SUFFIX}": label for kind, label in _CLAIM_LABELS.items()}
"""By the kind of a claim that a person dismissed."""


def explain(session: Session, brand_id: str, order_id: str) -> list[dict[str, Any]]:
    """One JSON value for each sale with that order id, which several namespaces may use. Raises NotFound."""
    brand = get_brand(session, brand_id)
    sales = session.execute(
        select(Sale).where(Sale.id.in_(sales_with_name(order_id, brand.id))).order_by(Sale.id)
    ).scalars()
    found = [_sale(session, brand, sale) for sale in sales]
    if not found:
        raise NotFound(
            f"{brand.name} has no sale with the order id {order_id!r}. Events that could not be applied are "
            "listed by: linkledger source events --state parked"
        )
    return found


def as_text(explanation: dict[str, Any]) -> str:
    """What `explain` returned for one sale, in sentences."""
    rows = [
        (
            f"Order {explanation['order']} of {explanation['occurred_at']}, {Money(**explanation['total'])} "
            f"(net {Money(**explanation['net'])}), received as {explanation['event']['id']}."
        )
    ]
    if emptied_at := explanation["event"]["body_emptied_at"]:
        rows.append(f"  Its message was stored until {emptied_at}; only its hash remains.")
    for attribution in explanation["attributions"]:
        rows += credit_text_lines(attribution)
    for commission in explanation["commissions"]:
        base = f"{Money(**commission['base_amount'])} ({commission['base']})"
        rows.append(
            f"{commission['creator']['name']} earns {commission['rate_percent']} % of {base} by version "
            f"{commission['terms_version']} of the terms: {Money(**commission['at_sale'])}; "
            f"now {Money(**commission['now'])}."
        )
        rows += [
            f"  {entry['at']} {entry_label(entry['what'])}: {Money(**entry['change'])}, {entry['why']}"
            for entry in commission["entries"]
        ]
        rows += [f"  held: {hold_text(hold)}; {end_text(hold)}" for hold in commission["holds"]]
        rows += [f"  was held: {_lifted_sentence(hold)}" for hold in commission["lifted_holds"]]
        rows.append(f"  {_payment_sentence(commission)}")
    rows += [
        f"Its commission is not released while {event['id']} is in state {event['state']}: "
        f"{(event['reason'] or 'no remark').rstrip('.')}. It holds for {MESSAGE_DAYS} days at most."
        for event in explanation["unsettled_events"]
    ]
    rows += [_claim_sentence(claim) for claim in explanation["refund_claims"]]
    if not explanation["commissions"]:
        rows.append("It has no commission.")
    return "\n".join(rows)


def _payment_sentence(commission: dict[str, Any]) -> str:
    paid = [
        f"{each['payout']} ({', '.join(filter(None, (each['state'], each['transfer'])))})"
        for each in commission["payouts"]
    ]
    if paid:
        return f"in payout {', '.join(paid)}"
    dates = pay_date_text(commission["pay_date"], commission["pay_date_moves"])
    return f"release date {commission['release_at']}, {dates}"


def _claim_sentence(claim: dict[str, Any]) -> str:
    amount = f" of {Money(**claim['amount'])}" if claim["amount"] else ""
    is_waived = claim["kind"] in _WAIVED_LABELS
    label = (_WAIVED_LABELS if is_waived else _CLAIM_LABELS)[claim["kind"]]
    what = " ".join(part for part in (label, claim["id"]) if part)
    if is_waived:
        return f"{claim['source']} reported {what}{amount}; a person dismissed it."
    return f"{claim['source']} reported {what}{amount}; it is not counted because another source is primary."


def _lifted_sentence(hold: dict[str, Any]) -> str:
    note = f": {hold['note']}" if hold["note"] else ""
    return f"{hold_text(hold)}; lifted at {hold['lifted_at']}{note}"


def _sale(session: Session, brand: Brand, sale: Sale) -> dict[str, Any]:
    event, amounts = session.get_one(Event, sale.event_id), amounts_of(sale)
    commissions = session.execute(
        select(Commission).where(Commission.sale_id == sale.id).order_by(Commission.revision)
    ).scalars()
    return {
        "sale": sale.id,
        "order": sale.order_id,
        "occurred_at": format_utc(sale.occurred_at),
        "test": sale.test,
        "total": Money(amounts.total, sale.currency).as_json(),
        "net": Money(amounts.net, sale.currency).as_json(),
        "event": {
            "id": event.id,
            "source": event.source_id,
            "received_at": format_utc(event.received_at),
            "body_sha256": event.body_hash,
            "body_emptied_at": optional_utc_text(event.emptied_at),
        },
        "attributions": credit_explanations(session, sale),
        "unsettled_events": [event_json(each) for each in unapplied_events(session, sale)],
        "refund_claims": [
            refund_claim_json(claim, sale.currency) for claim in refund_claims_of(session, sale)
        ],
        "commissions": [_commission(session, brand, sale, each) for each in commissions],
    }


def _commission(session: Session, brand: Brand, sale: Sale, commission: Commission) -> dict[str, Any]:
    entries = entries_of(session, commission.id)
    creator = get_creator(session, commission.creator_id)
    attribution = session.get_one(Attribution, commission.attribution_id)
    terms = session.get_one(Terms, attribution.terms_id)
    rules = load_rules(session, brand.id)
    moves = pay_date_moves(session, [commission.id]).get(commission.id, ())
    return {
        "id": commission.id,
        "live": commission.live,
        "creator": {"id": creator.id, "name": creator.name},
        "base": commission.base,
        "base_amount": Money(commission.base_minor, sale.currency).as_json(),
        "rate_percent": format_rate(commission.rate_bp),
        "rate_from": commission.rate_from,
        "terms_version": terms.version,
        "at_sale": Money(commission.amount_minor, sale.currency).as_json(),
        "now": Money(current_amount_minor(entries), sale.currency).as_json(),
        "release_at": format_utc(commission.release_at),
        **pay_dates_json(rules, commission, moves),
        "entries": [entry_json(entry, sale.currency) for entry in entries],
        "holds": [hold_json(hold, rules) for hold in holds_of(session, commission.id)],
        "lifted_holds": [hold_json(hold, rules) for hold in lifted_holds_of(session, commission.id)],
        "payouts": _payouts(session, commission.id),
    }


def _payouts(session: Session, commission_id: str) -> list[dict[str, Any]]:
    rows = session.execute(
        select(Payout, Item)
        .join(Item, Item.payout_id == Payout.id)
        .join(Posting, Posting.id == Item.posting_id)
        .join(Transaction, Transaction.id == Posting.transaction_id)
        .where(Item.live, Transaction.subject_id == commission_id)
        .order_by(Item.id)
    )
    return [
        {
            "payout": payout.id,
            "state": payout.state,
            "transfer": payout.transfer_ref,
            "statement": payout.statement_id,
            "part": Money(item.amount_minor, payout.currency).as_json(),
        }
        for payout, item in rows
    ]
