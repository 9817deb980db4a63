"""Each kind of exception of the real SDK, caused by a fault of the sandbox."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from payouts.transfers.sandbox.server import SANDBOX_KEY, SandboxServer
from payouts.transfers.stripe.client import StripeRail
from payouts.transfers.stripe.outcome import Outcome, is_conclusive

Build = Callable[..., dict[str, Any]]

ROWS = [
    # fault, kind, code, HTTP status
    ("drop", "unknown", "no_answer", None),
    ("cut", "unknown", "no_answer", None),
    ("html", "unknown", "unreadable_answer", 200),
    ("500", "unknown", "server_error", 500),
    ("503", "unknown", "server_error", 503),
    ("424", "unknown", "server_error", 424),
    ("409", "unknown", "idempotency_key_in_use", 409),
    ("429", "not_executed", "rate_limit", 429),
    ("lock_timeout", "not_executed", "lock_timeout", 429),
    ("401", "not_executed", "unauthorized", 401),
    ("403", "not_executed", "forbidden", 403),
]


@pytest.mark.parametrize(("fault", "kind", "code", "http_status"), ROWS)
def test_each_fault_before_the_work_is_classified(
    rail: StripeRail,
    sandbox: SandboxServer,
    parameters: Build,
    fault: str,
    kind: str,
    code: str,
    http_status: int | None,
) -> None:
    sandbox.control.queue_fault(f"{fault}_before")
    outcome = rail.send_transfer(parameters(), "payout-1-1")
    assert (outcome.kind, outcome.code, outcome.http_status) == (kind, code, http_status)
    assert outcome.message
    assert sandbox.control.counts()["transfers"] == 0
    assert rail.send_transfer(parameters(), "payout-1-1").kind == "paid"
    assert sandbox.control.counts()["transfers"] == 1


@pytest.mark.parametrize("fault", ["drop", "cut", "html", "500", "503", "424", "409"])
def test_after_a_lost_response_the_same_key_finds_the_one_transfer(
    rail: StripeRail, sandbox: SandboxServer, parameters: Build, fault: str
) -> None:
    sandbox.control.queue_fault(f"{fault}_after")
    lost = rail.send_transfer(parameters(), "payout-1-1")
    assert lost.kind == "unknown"
    assert not is_conclusive(lost, after_unknown=False)
    found = rail.send_transfer(parameters(), "payout-1-1")
    assert (found.kind, found.replayed) == ("paid", True)
    assert is_conclusive(found, after_unknown=True)
    assert sandbox.control.counts()["transfers"] == 1


@pytest.mark.parametrize("fault", ["401", "403", "429", "lock_timeout"])
def test_a_later_401_403_or_429_does_not_resolve_a_lost_try(
    rail: StripeRail, sandbox: SandboxServer, parameters: Build, fault: str
) -> None:
    sandbox.control.queue_fault("drop_after")
    sandbox.control.queue_fault(f"{fault}_before")
    assert rail.send_transfer(parameters(), "payout-1-1").kind == "unknown"
    second = rail.send_transfer(parameters(), "payout-1-1")
    assert second.kind == "not_executed"
    assert not is_conclusive(second, after_unknown=True)
    assert sandbox.control.counts()["transfers"] == 1


@pytest.mark.parametrize(("moment", "made"), [("before", 0), ("after", 1)])
def test_stored_500_is_replayed_and_only_a_look_up_shows_the_transfer(
    rail: StripeRail, sandbox: SandboxServer, parameters: Build, anna: str, moment: str, made: int
) -> None:
    sandbox.control.queue_fault(f"500_{moment}", sticky=True)
    first = rail.send_transfer(parameters(), "payout-1-1")
    second = rail.send_transfer(parameters(), "payout-1-1")
    assert (first.kind, first.replayed) == ("unknown", False)
    assert (second.kind, second.replayed, second.http_status) == ("unknown", True, 500)
    assert not is_conclusive(second, after_unknown=True)
    assert len(rail.find_transfers("pay_1", anna, datetime.now(UTC))) == made


def test_a_lost_refusal_is_conclusive_when_it_is_replayed(
    rail: StripeRail, sandbox: SandboxServer, parameters: Build
) -> None:
    sandbox.control.queue_fault("drop_after")
    params = parameters(amount_minor=150_000)
    assert rail.send_transfer(params, "payout-1-1").kind == "unknown"
    second = rail.send_transfer(params, "payout-1-1")
    assert (second.kind, second.replayed) == ("failed", True)
    assert is_conclusive(second, after_unknown=True)


def test_a_response_that_comes_too_late_is_unknown_although_the_work_is_done(
    sandbox: SandboxServer, parameters: Build
) -> None:
    impatient = StripeRail(SANDBOX_KEY, sandbox.url, timeout_s=(5, 0.3))
    sandbox.control.queue_fault("hang_after", seconds=20)
    lost = impatient.send_transfer(parameters(), "payout-1-1")
    assert (lost.kind, lost.code) == ("unknown", "no_answer")
    patient = StripeRail(SANDBOX_KEY, sandbox.url).send_transfer(parameters(), "payout-1-1")
    assert (patient.kind, patient.replayed) == ("paid", True)


def test_a_second_try_while_the_first_is_in_progress_does_not_pay_twice(
    sandbox: SandboxServer, parameters: Build
) -> None:
    impatient = StripeRail(SANDBOX_KEY, sandbox.url, timeout_s=(5, 0.3))
    patient = StripeRail(SANDBOX_KEY, sandbox.url)
    sandbox.control.queue_fault("hang_before", seconds=20)
    assert impatient.send_transfer(parameters(), "payout-1-1").code == "no_answer"
    second = patient.send_transfer(parameters(), "payout-1-1")
    assert (second.kind, second.code) == ("unknown", "idempotency_key_in_use")
    sandbox.end_hangs()
    final = _until_conclusive(patient, parameters(), "payout-1-1")
    assert (final.kind, final.replayed) == ("paid", True)
    assert sandbox.control.counts()["transfers"] == 1


def test_sixteen_threads_with_one_key_make_one_transfer(sandbox: SandboxServer, parameters: Build) -> None:
    rail = StripeRail(SANDBOX_KEY, sandbox.url)
    start = threading.Barrier(16)
    outcomes: list[Outcome] = []

    def pay() -> None:
        start.wait()
        outcomes.append(_until_conclusive(rail, parameters(), "payout-1-1"))

    threads = [threading.Thread(target=pay) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sandbox.control.counts()["transfers"] == 1
    assert len({outcome.transfer_ref for outcome in outcomes}) == 1
    assert [outcome.replayed for outcome in outcomes].count(False) == 1
    assert len(outcomes) == 16


def _until_conclusive(rail: StripeRail, params: dict[str, Any], key: str) -> Outcome:
    pause = threading.Event()
    for _ in range(600):
        outcome = rail.send_transfer(params, key)
        if is_conclusive(outcome, after_unknown=True):
            return outcome
        pause.wait(0.05)
    raise AssertionError(f"not conclusive: {outcome}")
