"""A run that crashes between any two of its stages: the next run continues it and pays once."""

import signal
from collections.abc import Mapping
from functools import partial
from typing import Any

import pytest
from sqlalchemy.orm import Session

from config.database import open_databases
from config.settings import Settings
from payouts.transfers.sandbox.server import SANDBOX_KEY
from payouts.transfers.sending.run import PayoutRun
from payouts.transfers.stripe.client import StripeRail
from payouts.transfers.stripe.outcome import Outcome
from tests.cast.books import Books, at
from tests.cast.months import OCTOBER, later, only_payout, payouts_of, transfers_in
from tests.harness.processes.crashes import begin
from tests.harness.waiting import wait_until
from tests.payouts.transfers.runs.provider import assert_paid_once


class Crash(BaseException):
    """Imitates the end of a process; the product must not catch it."""


class CrashingRail(StripeRail):
    """The rail of a process that crashes before a call is sent, or after its response has arrived."""

    def __init__(self, api_base: str, stage: str) -> None:
        super().__init__(SANDBOX_KEY, api_base)
        self._stage = stage

    def available_balance(self, currency: str) -> int:
        if self._stage == "before reading the balance":
            raise Crash
        return super().available_balance(currency)

    def send_transfer(
        self, params: Mapping[str, Any], idempotency_key: str, api_version: str | None = None
    ) -> Outcome:
        if self._stage == "before sending":
            raise Crash
        outcome = super().send_transfer(params, idempotency_key, api_version)
        if self._stage == "after sending":
            raise Crash
        return outcome


WRITES = ("recording the payee's status", "preparing", "beginning the attempt", "recording the outcome")
STAGES = [
    *(f"before {each}" for each in WRITES),
    "before reading the balance",
    "before sending",
    "after sending",
]


def crashing_run(books: Books, stage: str) -> PayoutRun:
    """A run whose process crashes at a stage; every transaction of a run begins with the guard."""
    left = WRITES.index(stage.removeprefix("before ")) if stage.removeprefix("before ") in WRITES else 1_000

    def guard(_session: Session) -> None:
        nonlocal left
        if left == 0:
            raise Crash
        left -= 1

    return PayoutRun(books.databases, CrashingRail(books.sandbox.url, stage), at(OCTOBER.payday), guard=guard)


@pytest.mark.parametrize("stage", STAGES)
def test_next_run_pays_once_after_a_crash_at_any_stage(sealed: Books, stage: str) -> None:
    with pytest.raises(Crash):
        crashing_run(sealed, stage).pay(sealed.brand_id)
    assert sealed.faults(OCTOBER.payday) == []
    resume_and_check(sealed)


def resume_and_check(books: Books) -> None:
    """Do what the scheduler does after the lease of the crashed run has expired."""
    for minutes in (6, 12):
        books.run(later(OCTOBER.payday, minutes=minutes)).resolve_open_attempts()
        books.run(later(OCTOBER.payday, minutes=minutes)).pay(books.brand_id)
    assert [(each.state, each.amount_minor) for each in payouts_of(books)] == [("paid", 80_00)]
    assert len(transfers_in(books.sandbox)) == 1
    assert_paid_once(books)


def test_attempt_of_a_crashed_run_is_not_touched_before_its_lease_expires(sealed: Books) -> None:
    with pytest.raises(Crash):
        crashing_run(sealed, "after sending").pay(sealed.brand_id)
    soon = later(OCTOBER.payday, minutes=4)
    assert not sealed.run(soon).resolve_open_attempts().paid
    assert not sealed.run(soon).pay(sealed.brand_id).paid
    assert only_payout(sealed).state == "sending"
    resume_and_check(sealed)


def pay(settings: Settings, url: str, brand_id: str) -> None:
    PayoutRun(open_databases(settings), StripeRail(SANDBOX_KEY, url), at(OCTOBER.payday)).pay(brand_id)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_payout_is_paid_once_although_its_process_was_killed_during_the_call(
    sealed: Books, moment: str
) -> None:
    sealed.sandbox.control.queue_fault(f"hang_{moment}", seconds=20)
    process = begin(partial(pay, sealed.settings, sealed.sandbox.url, sealed.brand_id))
    wait_until(lambda: any(each["fault"] for each in sealed.sandbox.control.requests()))
    process.kill()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert only_payout(sealed).state == "sending"
    sealed.sandbox.end_hangs()
    wait_until(lambda: sealed.sandbox.control.counts()["transfers"] == 1)  # the provider continues
    resume_and_check(sealed)
