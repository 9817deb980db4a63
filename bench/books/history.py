"""What happens day by day: sales, refunds, disputes, holds, releases, closed months, payouts."""

import heapq
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from bench.books.commissions import CommissionWriter, Earned
from bench.books.ledger import LedgerWriter
from bench.books.options import ZONE, FillOptions, SeededIds
from bench.books.payments import PaymentWriter, Statement
from bench.books.people import People
from bench.books.rows import RowWriter
from bench.books.sales import SalesWriter, SoldOrder, release_date
from payouts.commissions.holds.ends import REVIEW_DAYS
from payouts.ledger.calendar import days_later, span_of

MINUTE = timedelta(minutes=1)
BOOKED_WITHIN = 5 * MINUTE
"""Before the end of the history nothing is reported for that time: the jobs have booked what was."""
LAST_DAY = timedelta(days=1)
CLOSED_AFTER = timedelta(hours=1)
PAID_AFTER = timedelta(hours=9)
REFUNDED_SHARE, DISPUTED_SHARE, LATE_CLICK_SHARE, PARKED_SHARE = 0.05, 0.005, 0.01, 0.0005
WON_SHARE, STAYS_OPEN_SHARE = 0.55, 0.2
_ALWAYS_DECIDED_AFTER_DAYS = 100
"""Older disputes have ended; of younger ones, some are open."""


class History:
    """Plays the events in the order of their times. Everything about an order is decided when it is sold."""

    def __init__(
        self, options: FillOptions, writer: RowWriter, ids: SeededIds, people: People, first_posting_id: int
    ) -> None:
        self._options, self._writer = options, writer
        self._chance = random.Random(options.seed)
        self._due: list[tuple[datetime, int, Callable[[datetime], None]]] = []
        self._serial = 0
        self._last_report = options.until - BOOKED_WITHIN
        self.ledger = LedgerWriter(options, writer, ids, people, first_posting_id)
        self._sales = SalesWriter(options, writer, ids, people, self._chance)
        self._commissions = CommissionWriter(writer, ids, people, self.ledger)
        self.payments = PaymentWriter(writer, ids, people, self.ledger)
        self.counts = {"commissions": 0, "released": 0, "refunds": 0, "disputes": 0}

    def play(self, started_at: datetime) -> None:
        """All that happens from then until the end of the history."""
        options, left = self._options, self._options.left
        self._plan_months(started_at)
        usual_until = self._last_report - (LAST_DAY if left else timedelta())
        for number, sold_at in self._times(started_at, usual_until, options.sales):
            self._sell(number, sold_at)
        for number, sold_at in self._times(usual_until, self._last_report, left):
            self._sell_for_jobs(options.sales + number, sold_at, number)
        self._play_until(options.until)
        for statement in self.payments.statements.values():
            self.payments.write_draft(statement)

    def _times(self, first: datetime, last: datetime, number: int) -> Iterator[tuple[int, datetime]]:
        """Numbers and times of sales; what is due before each one is played first."""
        length = (last - first) / max(number, 1)
        for each in range(number):
            sold_at = first + length * (each + self._chance.random() * 0.9)
            self._play_until(sold_at)
            yield each, _whole_second(sold_at)
            self._writer.flush_when_full()

    def _sell_for_jobs(self, number: int, sold_at: datetime, left: int) -> None:
        """Sell an order of which the jobs have something left to do: accrue, enter a refund, or release."""
        order = self._sales.sell(number, sold_at, late_click=False, credited=True)
        if left < self._options.unaccrued:
            return
        planned = _Planned(order, release_date(self._options, order), None, late_click=False, dispute=None)
        is_refunded = left < self._options.unaccrued + self._options.unadjusted

        def accrue(at: datetime) -> None:
            found = self._commissions.accrue(at, planned.order, planned.release_at, None)
            self.counts["commissions"] += 1
            if is_refunded:
                self._sales.refund(found.order, at, found.order.total // 4)

        self._at(_next_minute(order.booked_at), accrue)

    def _play_until(self, at: datetime) -> None:
        while self._due and self._due[0][0] <= at:
            due_at, _, work = heapq.heappop(self._due)
            work(due_at)
            self._writer.flush_when_full()

    def _at(self, due_at: datetime, work: Callable[[datetime], None]) -> None:
        """Plan something; what is due after the end of the history never happens."""
        if due_at <= self._options.until:
            self._serial += 1
            heapq.heappush(self._due, (due_at, self._serial, work))

    def _report_at(self, due_at: datetime, work: Callable[[datetime], None]) -> None:
        """Plan a report of the shop."""
        if due_at <= self._last_report:
            self._at(due_at, work)

    def _plan_months(self, started_at: datetime) -> None:
        span = span_of(started_at, "month", ZONE)
        while span.ends_at + CLOSED_AFTER <= self._options.until:
            self._at(span.ends_at + CLOSED_AFTER, self._close)
            span = span_of(span.ends_at, "month", ZONE)

    def _close(self, at: datetime) -> None:
        month = self.ledger.month_at(at - CLOSED_AFTER - MINUTE)
        statement = self.payments.close(at, month)
        self._at(statement.review_ends_at + MINUTE, lambda when: self._seal(when, statement))

    def _seal(self, at: datetime, statement: Statement) -> None:
        del self.payments.statements[statement.id]
        self.payments.seal(at, statement)
        self._at(statement.pay_from + PAID_AFTER, lambda when: self.payments.pay(when, statement))

    def _sell(self, number: int, sold_at: datetime) -> None:
        fate = self._chance.random()
        late_click = fate < LATE_CLICK_SHARE
        order = self._sales.sell(number, sold_at, late_click=late_click)
        if fate > 1 - PARKED_SHARE:
            self._report_at(order.booked_at + MINUTE, lambda at: self._sales.park(number, at))
        if order.number is None:
            return
        release_at = release_date(self._options, order)
        released_at: datetime | None = release_at
        dispute = None
        if late_click:
            released_at = days_later(release_at, REVIEW_DAYS, ZONE)
        elif fate < LATE_CLICK_SHARE + DISPUTED_SHARE:
            dispute = self._draw_dispute(order)
        if dispute is not None:
            released_at = max(release_at, dispute.lifted_at) if dispute.lifted_at is not None else None
        planned = _Planned(order, release_at, released_at, late_click, dispute)
        self._at(_next_minute(order.booked_at), lambda at: self._accrue(at, planned))

    def _draw_dispute(self, order: SoldOrder) -> "_Dispute | None":
        """None when it would be opened after the end of the history."""
        opened_at = order.booked_at + timedelta(days=self._chance.randint(2, 6))
        ended_at = opened_at + timedelta(days=self._chance.randint(20, 70))
        status = "won" if self._chance.random() < WON_SHARE else "lost"
        if opened_at > self._last_report:
            return None
        is_old = opened_at < self._last_report - timedelta(days=_ALWAYS_DECIDED_AFTER_DAYS)
        stays_open = not is_old and self._chance.random() < STAYS_OPEN_SHARE
        if stays_open or ended_at > self._last_report:
            return _Dispute(opened_at, status, None)
        return _Dispute(opened_at, status, ended_at)

    def _accrue(self, at: datetime, planned: "_Planned") -> None:
        released_at, dispute, until = planned.released_at, planned.dispute, self._options.until
        matured_at = _next_minute(released_at) if released_at is not None else None
        if matured_at is not None and matured_at > until:
            matured_at = None
        found = self._commissions.accrue(at, planned.order, planned.release_at, matured_at)
        self.counts["commissions"] += 1
        if planned.late_click:
            lifted_at = released_at if matured_at is not None else None
            self._commissions.hold_for_late_click(at, found, lifted_at)
        elif dispute is not None:
            self._report_at(
                dispute.opened_at, lambda when: self._open_dispute(when, found, dispute.lifted_at)
            )
            if dispute.ended_at is not None:
                self._report_at(dispute.ended_at, lambda when: self._end_dispute(when, found, dispute.status))
        elif self._chance.random() < REFUNDED_SHARE:
            refunded_at = at + timedelta(days=self._chance.uniform(1, 60))
            self._report_at(_whole_second(refunded_at), lambda when: self._refund(when, found))
        found.order = found.order.without_evidence()
        if matured_at is not None and released_at is not None:
            after_hold = planned.late_click or dispute is not None
            self._at(matured_at, lambda when: self._release(when, found, released_at, after_hold))

    def _release(self, at: datetime, found: Earned, released_at: datetime, after_hold: bool) -> None:
        amount = found.amount_minor
        posted = self._commissions.release(at, found, released_at, after_hold=after_hold)
        self.counts["released"] += 1
        if posted is not None:
            self.payments.note_entry(found.number, posted.posting_id, amount, released_at, found.id)

    def _refund(self, at: datetime, found: Earned) -> None:
        order, is_whole = found.order, self._chance.random() < 0.5
        amount = order.total if is_whole else order.total * self._chance.randint(10, 60) // 100
        ids = self._sales.refund(order, at, amount)
        self.counts["refunds"] += 1

        def enter(when: datetime) -> None:
            before = found.amount_minor
            posted = self._commissions.refund(when, found, ids, amount, at)
            if posted is not None and found.released:
                change = found.amount_minor - before
                self.payments.note_entry(found.number, posted.posting_id, change, at, found.id)

        self._at(_next_minute(at), enter)

    def _open_dispute(self, at: datetime, found: Earned, lifted_at: datetime | None) -> None:
        ids = self._sales.dispute(found.order, at, "opened")
        self.counts["disputes"] += 1

        def enter(when: datetime) -> None:
            self._commissions.dispute(when, found, ids, "opened", at)
            self._commissions.hold_for_dispute(when, found, ids[2], lifted_at)

        self._at(_next_minute(at), enter)

    def _end_dispute(self, at: datetime, found: Earned, status: str) -> None:
        ids = self._sales.dispute(found.order, at, status)

        def enter(when: datetime) -> None:
            self._commissions.dispute(when, found, ids, status, at)

        self._at(_next_minute(at), enter)


@dataclass(frozen=True, slots=True)
class _Dispute:
    """`ended_at` is None when it is still open at the end of the history."""

    opened_at: datetime
    status: str
    ended_at: datetime | None

    @property
    def lifted_at(self) -> datetime | None:
        """When the end is entered, and the hold lifted."""
        return None if self.ended_at is None else _next_minute(self.ended_at)


@dataclass(frozen=True, slots=True)
class _Planned:
    """A credited order, and what will become of it. `released_at` is None when a dispute stays open."""

    order: SoldOrder
    release_at: datetime
    released_at: datetime | None
    late_click: bool
    dispute: _Dispute | None


def _next_minute(at: datetime) -> datetime:
    """When the jobs of the minute run."""
    return at.replace(second=0, microsecond=0) + MINUTE


def _whole_second(at: datetime) -> datetime:
    return at.replace(microsecond=0)
