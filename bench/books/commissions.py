"""Commissions and their entries in bulk, with the amounts that the product's own rules give."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bench.books.ledger import LedgerWriter, Posted
from bench.books.options import CURRENCY, RATE_BP, ZONE, SeededIds
from bench.books.people import People
from bench.books.rows import RowWriter
from bench.books.sales import SoldOrder
from payouts.commissions.holds.ends import latest_end
from payouts.commissions.models import PlacedBy
from payouts.commissions.reasons import COMMISSION_TEXTS, CommissionReason, suspicion_reason
from payouts.commissions.worth.disputes import DisputeUpdate
from payouts.commissions.worth.facts import Facts, worth_minor
from payouts.commissions.worth.refunds import RefundAmounts
from payouts.commissions.worth.rules import Base
from tracker.reasons import Reason
from tracker.sales.reports.sale_amounts import SaleAmounts
from tracker.sales.suspicion.rules import late_click

BASE: Base = "net"


@dataclass(slots=True)
class Earned:
    """A commission whose row was written. `released`: it was released; `line` is that of its last entry."""

    id: str
    order: SoldOrder
    number: int
    amount_minor: int
    release_at: datetime
    facts: Facts | None = None
    """What was reported since; None: nothing."""
    line: int = 0
    released: bool = False


def _facts(order: SoldOrder) -> Facts:
    return Facts(SaleAmounts(total=order.total, tax=order.tax, shipping=order.shipping))


class CommissionWriter:
    """Writes commissions, entries and holds. A row is written once, in the state in which it ends."""

    def __init__(self, writer: RowWriter, ids: SeededIds, people: People, ledger: LedgerWriter) -> None:
        self._ids, self._people, self._ledger = ids, people, ledger
        self._commission = writer.table(
            "commission", "id", "sale_id", "attribution_id", "revision", "live", "brand_id", "creator_id",
            "currency", "base", "base_minor", "rate_bp", "rate_from", "amount_minor", "release_at",
            "matured_at", "first_released_at", "created_at",
        )  # fmt: skip
        self._entry = writer.table(
            "commission_entry", "id", "commission_id", "line", "kind", "cause_id", "reason", "reason_code",
            "reason_parameters", "amount_before_minor", "amount_after_minor", "transaction_id",
            "effective_at", "created_at",
        )  # fmt: skip
        self._hold = writer.table(
            "commission_hold", "id", "commission_id", "kind", "cause_id", "placed_by", "reason",
            "reason_code", "reason_parameters", "placed_at", "lifted_at", "signal", "evidence", "lift_note",
            "lift_code", "ends_at", "extended",
        )  # fmt: skip

    def accrue(
        self, at: datetime, order: SoldOrder, release_at: datetime, released_at: datetime | None
    ) -> Earned:
        """Book the commission. `released_at` is when it will be released; None: not within the history."""
        assert order.number is not None, "the sale is credited"
        facts = _facts(order)
        amount = worth_minor(facts, BASE, RATE_BP)
        found = Earned(self._ids.new("com", at), order, order.number, amount, release_at)
        creator_id = self._people.members[order.number].creator_id
        owner = (self._people.brand_id, creator_id, CURRENCY)
        terms = (BASE, facts.sale.net, RATE_BP, "program", amount)
        times = (release_at, released_at, released_at, at)
        self._commission((found.id, order.sale_id, order.attribution_id, 1, True, *owner, *terms, *times))
        evidence = {"attribution": order.attribution_id, "evidence": dict(order.evidence or {})}
        inputs = {"sale": order.sale_id, "attribution": order.attribution_id, "rate_bp": RATE_BP}
        reason = Reason(CommissionReason.CREDITED, evidence)
        found.amount_minor = 0
        self._enter(
            at, found, "accrue", order.attribution_id, reason, order.sold_at, amount, "accrue", inputs
        )
        return found

    def release(
        self, at: datetime, found: Earned, released_at: datetime, *, after_hold: bool
    ) -> Posted | None:
        """Release all of it. None when nothing is left that could be posted."""
        found.released = True
        code = CommissionReason.RELEASE_AFTER_HOLD if after_hold else CommissionReason.RELEASE_DATE
        cause = f"{found.id}:1"
        amount = found.amount_minor
        return self._enter(at, found, "mature", cause, Reason(code), released_at, amount, "mature")

    def refund(
        self, at: datetime, found: Earned, ids: tuple[str, str], amount: int, refunded_at: datetime
    ) -> Posted | None:
        """Enter a refund. `ids` are those of its row and of its event."""
        sold = _facts(found.order).sale
        found.facts = Facts(sold, refunds=((ids[0], RefundAmounts(amount)),))
        return self._reduce(at, found, "refund", ids, Reason(CommissionReason.REFUNDED), refunded_at)

    def dispute(
        self, at: datetime, found: Earned, ids: tuple[str, str, str], status: str, changed_at: datetime
    ) -> Posted | None:
        """Enter a step of a dispute about the whole order. `ids`: its row, its event, the dispute itself."""
        facts = found.facts or _facts(found.order)
        step = DisputeUpdate(ids[2], status, found.order.total, changed_at.isoformat())  # type: ignore[arg-type]
        found.facts = Facts(facts.sale, disputes=(*facts.disputes, step))
        reason = Reason(CommissionReason(f"dispute_{status}"), {"dispute": ids[2]})
        return self._reduce(at, found, f"dispute_{status}", ids[:2], reason, changed_at)

    def _reduce(
        self,
        at: datetime,
        found: Earned,
        kind: str,
        ids: tuple[str, str],
        reason: Reason,
        effective_at: datetime,
    ) -> Posted | None:
        left = worth_minor(found.facts or _facts(found.order), BASE, RATE_BP)
        event = "reverse_payable" if found.released else "reverse_held"
        return self._enter(at, found, kind, ids[0], reason, effective_at, left, event, {"event": ids[1]})

    def hold_for_dispute(
        self, at: datetime, found: Earned, dispute_id: str, lifted_at: datetime | None
    ) -> None:
        reason = Reason(CommissionReason.DISPUTE_OPEN, {"dispute": dispute_id})
        self._place(at, found, PlacedBy.DISPUTE, dispute_id, reason, lifted_at)

    def hold_for_late_click(self, at: datetime, found: Earned, lifted_at: datetime | None) -> None:
        """The hold that the signal of suspicion places; it ends by itself."""
        order = found.order
        assert order.inputs is not None, "its evidence was not dropped yet"
        suspicion = late_click(order.inputs, order.click_id, order.sold_at, order.checkout_started_at)
        assert suspicion is not None, "the click came late"
        reason, cause = suspicion_reason(suspicion.reason), f"suspicion:late_click:{suspicion.about}"
        self._place(at, found, PlacedBy.RULE, cause, reason, lifted_at, "late_click", suspicion.evidence)

    def _place(
        self,
        at: datetime,
        found: Earned,
        by: PlacedBy,
        cause: str,
        reason: Reason,
        lifted_at: datetime | None,
        signal: str | None = None,
        evidence: Mapping[str, Any] | None = None,
    ) -> None:
        ended = by is PlacedBy.RULE and lifted_at is not None
        over = Reason(CommissionReason.HOLD_ENDED)
        lift = (COMMISSION_TEXTS.words(over), over.code.value) if ended else (None, None)
        kind = "dispute" if by is PlacedBy.DISPUTE else "review"
        columns = COMMISSION_TEXTS.columns(reason)
        ends_at = latest_end(by, at, found.release_at, ZONE)
        own = (self._ids.new("hld", at), found.id, kind, cause, by.value, *columns.values())
        self._hold((*own, at, lifted_at, signal, evidence, *lift, ends_at, False))

    def _enter(
        self,
        at: datetime,
        found: Earned,
        kind: str,
        cause: str,
        reason: Reason,
        effective_at: datetime,
        amount_after: int,
        event: str,
        more: Mapping[str, Any] | None = None,
    ) -> Posted | None:
        before = found.amount_minor
        moved = amount_after if event == "mature" else abs(amount_after - before)
        columns = COMMISSION_TEXTS.columns(reason)
        posted = None
        if moved:
            inputs = {"cause": cause, "reason": columns["reason"], **(more or {})}
            key = f"{kind}:{found.id}:{cause}"
            posted = self._ledger.post(at, event, key, inputs, found.id, effective_at, found.number, moved)
        found.line += 1
        found.amount_minor = amount_after
        own = (self._ids.new("cen", at), found.id, found.line, kind, cause, *columns.values())
        transaction_id = posted.transaction_id if posted else None
        self._entry((*own, before, amount_after, transaction_id, effective_at, at))
        return posted
