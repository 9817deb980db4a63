"""A run that dies between any two of its stages: the next one goes on, and pays once."""

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
from tests.harness.processes.crashes import begin
from tests.payouts.cast import Books, at
from tests.payouts.transfers.runs.scenes import (
    OCTOBER,
    assert_paid_once,
    later,
    only_payout,
    payouts_of,
    run_at,
    transfers_in,
    wait_until,
)


class Crash(BaseException):
    """What ends a process: nothing of the product may catch it."""


class CrashingRail(StripeRail):
    """The rail of a process that dies at a call, before it goes out or when its answer is back."""

    def __init__(self, api_base: str, dies: str) -> None:
        super().__init__(SANDBOX_KEY, api_base)
        self._dies = dies

    def available_balance(self, currency: str) -> int:
        if self._dies == "before looking at the balance":
            raise Crash
        return super().available_balance(currency)

    def send_transfer(
        self, params: Mapping[str, Any], idempotency_key: str, api_version: str | None = None
    ) -> Outcome:
        if self._dies == "before sending":
            raise Crash
        outcome = super().send_transfer(params, idempotency_key, api_version)
        if self._dies == "after sending":
            raise Crash
        return outcome


WRITES = ("noting the payee's status", "preparing", "beginning the attempt", "recording the outcome")
STAGES = [
    *(f"before {each}" for each in WRITES),
    "before looking at the balance",
    "before sending",
    "after sending",
]


def crashing_run(books: Books, dies: str) -> PayoutRun:
    """A run whose process ends at a stage; the guard is what every transaction of a run begins with."""
    left = WRITES.index(dies.removeprefix("before ")) if dies.removeprefix("before ") in WRITES else 1_000

    def guard(_session: Session) -> None:
        nonlocal left
        if left == 0:
            raise Crash
        left -= 1

    return PayoutRun(books.databases, CrashingRail(books.sandbox.url, dies), at(OCTOBER.payday), guard=guard)


@pytest.mark.parametrize("dies", STAGES)
def test_next_run_pays_once_after_a_crash_at_any_stage(sealed: Books, dies: str) -> None:
    with pytest.raises(Crash):
        crashing_run(sealed, dies).pay(sealed.brand_id)
    assert sealed.faults(OCTOBER.payday) == []
    resume_and_check(sealed)


def resume_and_check(books: Books) -> None:
    """What the scheduler does next, once the dead caller's lease is over."""
    for minutes in (6, 12):
        run_at(books, later(OCTOBER.payday, minutes=minutes)).resolve_open_attempts()
        run_at(books, later(OCTOBER.payday, minutes=minutes)).pay(books.brand_id)
    assert [(each.state, each.amount_minor) for each in payouts_of(books)] == [("paid", 80_00)]
    assert len(transfers_in(books.sandbox)) == 1
    assert_paid_once(books)


def test_attempt_of_a_crashed_run_is_not_touched_before_its_lease_expires(sealed: Books) -> None:
    with pytest.raises(Crash):
        crashing_run(sealed, "after sending").pay(sealed.brand_id)
    soon = later(OCTOBER.payday, minutes=4)
    assert not run_at(sealed, soon).resolve_open_attempts().paid
    assert not run_at(sealed, soon).pay(sealed.brand_id).paid
    assert only_payout(sealed).state == "sending"
    resume_and_check(sealed)


def pay(settings: Settings, url: str, brand_id: str) -> None:
    PayoutRun(open_databases(settings), StripeRail(SANDBOX_KEY, url), at(OCTOBER.payday)).pay(brand_id)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_process_killed_while_the_provider_works_has_paid_once_in_the_end(
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
    wait_until(lambda: sealed.sandbox.control.counts()["transfers"] == 1)  # the provider works on
    resume_and_check(sealed)
