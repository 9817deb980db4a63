"""A state machine that runs random operations on a brand's books and checks them after every step."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import select
from sqlalchemy.orm import Session

from config.database import read_session
from payouts.commissions.accrual import accrue_due
from payouts.commissions.adjustment import adjust_due
from payouts.commissions.models import Commission
from payouts.commissions.release import release_due
from payouts.ledger.manual import book_manually
from payouts.selfcheck.checks import self_check
from payouts.settlement.models import Payout
from payouts.statements.close import close_ended_periods
from payouts.statements.decisions.commissions import decline, hold, release
from payouts.statements.models import SealedDocument, Statement
from payouts.statements.review import approve
from payouts.statements.seal import seal_approved
from payouts.transfers.sandbox.server import SANDBOX_KEY
from payouts.transfers.sending.run import PayoutRun
from payouts.transfers.stripe.client import StripeRail
from tests.cast.books import at
from tests.cast.people import PERSON
from tests.cast.stored_reasons import reason_faults
from tests.payouts.ledger.expected import Order
from tests.payouts.ledger.soundness import (
    everything,
    require_balanced_currencies,
    require_balanced_drafts,
    require_commissions_match_reports,
)
from tests.payouts.ledger.town import BrandSetup, SetupFactory
from tracker.errors import Conflict, NotFound, NotNow
from tracker.sales.orders.models import Sale

BOOKED_KINDS = ("bonus", "flat_fee", "deduction", "paid_by_hand", "tax_withheld")
STEPS: dict[str, Callable[..., int]] = {"accrue": accrue_due, "adjust": adjust_due, "mature": release_due}
BEFORE_ANY_PAYOUT = at("09-01")
"""Time of the self-check. Only the check for stuck payouts uses it; here many are stuck on purpose."""

numbers, shares = st.integers(0, 3), st.integers(1, 130)
maybe_shares = st.none() | st.integers(0, 100)


class BooksMachine(RuleBasedStateMachine):
    new_setup: ClassVar[SetupFactory]

    def __init__(self) -> None:
        super().__init__()
        self.brand_setup: BrandSetup = type(self).new_setup()
        self.books = self.brand_setup.books
        self.now = at("10-01 00:00")
        self.orders: dict[int, Order] = {}
        self.last_action: Callable[[], Any] | None = None
        self.sealed: dict[str, str] = {}
        self.last_snapshot: object = None

    def order(self, number: int) -> Order:
        """The order with that number. Reports may come before its sale. Order 3 is only shipping and tax."""
        total = (number + 1) * 7001
        shipping = total - number * 191 if number == 3 else 499
        return self.orders.setdefault(
            number,
            Order(f"S{number}", self.now, "EUR", total=total, tax=number * 191, shipping=shipping),
        )

    def deliver_message(self, kind: str, order: Order, data: dict[str, Any], key: str) -> None:
        now, message = self.now, {"order_id": order.order_id, "currency": order.currency} | data

        def deliver() -> None:
            received = self.brand_setup.deliver_message(now, kind, message, f"{kind} {order.order_id} {key}")
            assert received.state in ("applied", "parked"), received

        self.do(deliver)

    def do(self, action: Callable[[], Any]) -> None:
        self.last_action = action
        action()

    @initialize(which=st.integers(0, 2), work=st.booleans())
    def start_with_two_sales(self, which: int, work: bool) -> None:
        """Most scenarios need a commission that was released."""
        self.sell(0, which, 29, yen=False)
        self.sell(1, 1, 3, yen=False)
        if work:
            self._work(list(STEPS), self.now)
        self.now += timedelta(days=2)

    @rule(number=numbers, which=st.integers(0, 2), days=st.integers(0, 40), yen=st.booleans())
    def sell(self, number: int, which: int, days: int, yen: bool) -> None:
        order = self.order(number)
        if order.reported:
            return
        if not (order.refunds or order.disputes or order.cancelled):
            order.currency = "JPY" if yen else "EUR"
            order.sold_at = self.now - timedelta(days=days)
            order.cost = None if number % 2 else order.net // 3
        order.reported = True
        self._report_sale(order, which)

    @rule(number=numbers, which=st.integers(0, 2))
    def report_sale_again_with_another_click(self, number: int, which: int) -> None:
        if self.order(number).reported:
            self._report_sale(self.order(number), which)

    def _report_sale(self, order: Order, which: int) -> None:
        order.clicks += 1
        clicked_at = order.sold_at - timedelta(minutes=60 - order.clicks)
        amounts = {"total": order.total, "tax": order.tax, "shipping": order.shipping, "discount": 0}
        data = {"occurred_at": order.sold_at.isoformat(), "cost": order.cost} | amounts
        data["click"] = self.brand_setup.click(which, clicked_at)
        self.deliver_message("sale.created", order, data, str(order.clicks))

    @rule(number=numbers, share=shares, tax=maybe_shares, shipping=maybe_shares, days=st.integers(0, 9))
    def refund(self, number: int, share: int, tax: int | None, shipping: int | None, days: int) -> None:
        order = self.order(number)
        amount = max(order.total * share // 100, 1)
        tax_part = None if tax is None else amount * tax // 200
        shipping_part = None if shipping is None else amount * shipping // 200
        refund_id = f"r{len(order.refunds)}"
        order.refunds[refund_id] = (amount, tax_part, shipping_part)
        data = {"refund_id": refund_id, "amount": amount, "tax": tax_part, "shipping": shipping_part}
        occurred_at = (self.now - timedelta(days=days)).isoformat()
        self.deliver_message("refund.created", order, data | {"occurred_at": occurred_at}, refund_id)

    @rule(number=numbers)
    def refund_all_in_two_pieces(self, number: int) -> None:
        for amount in (
            self.order(number).total // 3,
            self.order(number).total - self.order(number).total // 3,
        ):
            order = self.order(number)
            refund_id = f"r{len(order.refunds)}"
            order.refunds[refund_id] = (amount, None, None)
            data = {"refund_id": refund_id, "amount": amount, "occurred_at": self.now.isoformat()}
            self.deliver_message("refund.created", order, data, refund_id)

    @rule(number=numbers)
    def cancel(self, number: int) -> None:
        order = self.order(number)
        order.cancelled = True
        self.deliver_message("order.cancelled", order, {"occurred_at": self.now.isoformat()}, f"{self.now}")

    @rule(number=numbers, status=st.sampled_from(["opened", "won", "lost"]), share=shares)
    def dispute(self, number: int, status: str, share: int) -> None:
        order = self.order(number)
        if status in order.disputes:
            return
        amount = max(order.total * share // 100, 1)
        occurred_at = self.now - timedelta(seconds=len(order.disputes))
        order.disputes[status] = (occurred_at, amount)
        data = {"dispute_id": "d", "status": status, "amount": amount, "occurred_at": occurred_at.isoformat()}
        self.deliver_message("dispute.updated", order, data, status)

    @rule(number=numbers, what=st.sampled_from([decline, hold, release]))
    def decide(self, number: int, what: Callable[..., Any]) -> None:
        if (commission_id := self.live(f"S{number}")) is None:
            return
        reason = {} if what is release else {"reason": "breach", "note": f"at {self.now}"}
        reason |= {"evidence": "a ticket"} if what is decline else {}
        try:
            self.books.write(lambda s: what(s, self.now, commission_id, actor=PERSON, **reason))
        except (Conflict, NotFound):
            return  # declined before or too late, nothing left to hold, no hold to lift
        self.last_action = None

    @rule(which=st.integers(0, 1), kind=st.sampled_from(BOOKED_KINDS), amount=st.integers(1, 9000))
    def book_manually(self, which: int, kind: str, amount: int) -> None:
        now, creator_id = self.now, self.brand_setup.creators[which]
        booking = {"kind": kind, "amount_minor": amount, "currency": "EUR", "reason": "as agreed"}
        key = f"{kind} {amount} {now}"

        def book(session: Session) -> None:
            book_manually(
                session,
                now,
                brand_id=self.books.brand_id,
                creator_id=creator_id,
                key=key,
                **booking,  # type: ignore[arg-type]
            )

        self.do(lambda: self.books.write(book))

    @rule(hours=st.one_of(st.integers(1, 30), st.integers(24, 24 * 40)))
    def advance_time(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @rule(steps=st.permutations(["accrue", "adjust", "mature"]), count=st.integers(1, 3))
    def work(self, steps: list[str], count: int) -> None:
        now = self.now
        self.do(lambda: self._work(steps[:count], now))

    def _work(self, steps: list[str], now: datetime) -> None:
        """Repeat the steps until nothing is left: an earlier step may find work that a later one made."""
        while sum(self.books.write(lambda s, do=STEPS[name]: do(s, now, 3)) for name in steps):
            pass

    @rule()
    def run_all_jobs(self) -> None:
        self.work(list(STEPS), len(STEPS))

    @rule(days=st.integers(1, 8), fault=st.sampled_from(["", "drop_after", "403_before"]))
    def close_and_pay_month(self, days: int, fault: str) -> None:
        """Go to the next month, close the last one, go into its review, seal, and pay."""
        self.now = (self.now.replace(day=1) + timedelta(days=32)).replace(day=1)
        self.run_all_jobs()
        self.close()
        self.now += timedelta(days=days)
        self.seal(6)
        self.pay(fault)

    @rule()
    def close(self) -> None:
        now = self.now
        self.do(lambda: self.books.write(lambda s: close_ended_periods(s, now, self.books.brand_id)))

    @rule(count=st.integers(1, 6))
    def seal(self, count: int) -> None:
        with read_session(self.books.databases.main) as session:
            drafts = select(Statement.id).where(Statement.state == "draft").order_by(Statement.drafted_at)
            due = list(session.scalars(drafts.order_by(Statement.id).limit(count)))
        now = self.now

        def seal() -> None:
            for each in due:
                try:
                    self.books.write(lambda s, e=each: approve(s, now, e, approved_by="brand"))
                except NotNow:
                    break  # an earlier statement must be approved first
            self.books.write(lambda s: seal_approved(s, now, self.books.brand_id))

        self.do(seal)

    @rule(fault=st.sampled_from(["", "", "", "drop_after", "drop_before", "403_before"]))
    def pay(self, fault: str) -> None:
        if fault:
            self.books.sandbox.control.queue_fault(fault)
        # A payout that was under way before may be confirmed only now: its amount was right when it was sent.
        before = self._payouts("paid", "sending", "unknown")
        for _ in range(2):
            self._run().resolve_open_attempts()
            self._run().pay(self.books.brand_id, early=True)
        self.books.sandbox.control.clear_faults()
        self.last_action = None
        for creator_id, currency in {(each[1], each[2]) for each in self._payouts("paid") - before}:
            assert self.books.balance(creator_id, currency).payable_minor >= 0, "more was paid than was owed"

    def _run(self) -> PayoutRun:
        return PayoutRun(self.books.databases, StripeRail(SANDBOX_KEY, self.books.sandbox.url), self.now)

    def _payouts(self, *states: str) -> set[tuple[str, str, str]]:
        query = select(Payout.id, Payout.creator_id, Payout.currency).where(Payout.state.in_(states))
        with read_session(self.books.databases.main) as session:
            return {(row[0], row[1], row[2]) for row in session.execute(query)}

    @precondition(lambda self: self.last_action is not None)
    @rule()
    def repeat_last_action(self) -> None:
        before = self.everything()
        assert self.last_action is not None
        self.last_action()
        assert self.everything() == before

    def live(self, order_id: str) -> str | None:
        with read_session(self.books.databases.main) as session:
            query = select(Commission.id).join(Sale).where(Sale.order_id == order_id, Commission.live)
            return session.scalar(query)

    def everything(self) -> object:
        with read_session(self.books.databases.main) as session:
            return everything(session)

    @invariant()
    def books_are_consistent(self) -> None:
        if (now_seen := self.everything()) == self.last_snapshot:
            return
        self.last_snapshot = now_seen
        with read_session(self.books.databases.main) as session:
            assert [finding.message for finding in self_check(session, BEFORE_ANY_PAYOUT)] == []
            assert reason_faults(session) == []
            require_balanced_currencies(session)
            require_balanced_drafts(session)
            require_commissions_match_reports(session, self.orders.values(), everything=False)
            bodies = {each.statement_id: each.body for each in session.scalars(select(SealedDocument))}
        assert self.sealed.items() <= bodies.items(), "a sealed document was changed"
        self.sealed = bodies

    def teardown(self) -> None:
        """At the end of every scenario everything that was reported is in the books."""
        self._work(["accrue", "adjust", "mature"], self.now)
        self.books_are_consistent()
        with read_session(self.books.databases.main) as session:
            require_commissions_match_reports(session, self.orders.values(), everything=True)
