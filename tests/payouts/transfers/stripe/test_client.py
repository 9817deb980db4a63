"""The rail with the real SDK, over HTTP, against the sandbox."""

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from payouts.transfers.sandbox.server import SANDBOX_KEY, SandboxServer
from payouts.transfers.stripe import client as client_module
from payouts.transfers.stripe.client import RailError, StripeRail
from payouts.transfers.stripe.outcome import is_conclusive
from tests.harness import ROOT

Build = Callable[..., dict[str, Any]]


def test_a_transfer_is_made_once_however_often_it_is_sent(
    rail: StripeRail, sandbox: SandboxServer, parameters: Build
) -> None:
    first = rail.send_transfer(parameters(), "payout-1-1")
    again = rail.send_transfer(parameters(), "payout-1-1")
    assert (first.kind, again.kind) == ("paid", "paid")
    assert again.transfer_ref == first.transfer_ref
    assert (first.replayed, again.replayed) == (False, True)
    assert sandbox.control.counts()["transfers"] == 1
    assert rail.available_balance("EUR") == 93_000


def test_a_refusal_is_stored_under_its_key_and_a_new_key_succeeds_after_a_top_up(
    rail: StripeRail, sandbox: SandboxServer, parameters: Build
) -> None:
    params = parameters(amount_minor=150_000)
    refused = rail.send_transfer(params, "payout-1-1")
    assert (refused.kind, refused.code, refused.http_status) == ("failed", "balance_insufficient", 400)
    assert "Add funds" in refused.message
    sandbox.control.top_up("EUR", 100_000)
    assert rail.send_transfer(params, "payout-1-1").replayed
    assert rail.send_transfer(params, "payout-1-2").kind == "paid"


def test_an_account_that_is_not_set_up_is_a_definite_failure(
    rail: StripeRail, sandbox: SandboxServer, parameters: Build
) -> None:
    ben = rail.create_payee("crt_ben", "ben@shop.example", "FR", "Ben")
    outcome = rail.send_transfer(parameters(account_ref=ben), "payout-2-1")
    assert (outcome.kind, outcome.code) == ("failed", "insufficient_capabilities_for_transfer")


def test_other_parameters_under_the_same_key_are_a_conflict(rail: StripeRail, parameters: Build) -> None:
    rail.send_transfer(parameters(), "payout-1-1")
    outcome = rail.send_transfer(parameters(amount_minor=7_001), "payout-1-1")
    assert (outcome.kind, outcome.code) == ("conflict", "idempotency_error")
    assert not is_conclusive(outcome, after_unknown=False)


def test_a_wrong_api_key_does_nothing_and_is_not_shown(sandbox: SandboxServer, parameters: Build) -> None:
    outcome = StripeRail("wrong-key-9876", sandbox.url).send_transfer(parameters(), "payout-1-1")
    assert (outcome.kind, outcome.http_status) == ("not_executed", 401)
    assert "9876" not in repr(outcome)


def test_connection_refused_is_unknown(parameters: Build) -> None:
    with SandboxServer() as gone:
        url = gone.url
    outcome = StripeRail(SANDBOX_KEY, url).send_transfer(parameters(), "payout-1-1")
    assert (outcome.kind, outcome.code, outcome.http_status) == ("unknown", "no_answer", None)


@pytest.mark.parametrize("body", ["{}", "null", "[]", '"ok"', '{"object": "charge", "id": "ch_1"}', ""])
def test_a_success_response_without_a_transfer_is_unknown(fixed_server: Any, body: str) -> None:
    outcome = StripeRail(SANDBOX_KEY, fixed_server.respond_with(200, body).url).send_transfer(
        _transfer_parameters(), "k"
    )
    assert outcome.kind == "unknown"
    assert not is_conclusive(outcome, after_unknown=False)


@pytest.mark.parametrize("other", [{"amount": 1}, {"currency": "usd"}, {"destination": "acct_2"}])
def test_a_response_with_another_transfer_is_a_conflict(fixed_server: Any, other: dict[str, Any]) -> None:
    fixed_server.respond_with(200, {"object": "transfer", "id": "tr_1", **_transfer_parameters(), **other})
    outcome = StripeRail(SANDBOX_KEY, fixed_server.url).send_transfer(_transfer_parameters(), "k")
    assert (outcome.kind, outcome.code, outcome.transfer_ref) == ("conflict", "answer_mismatch", "tr_1")


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (402, {"error": {"type": "card_error", "message": "no"}}, "unknown"),
        (418, {"error": {"type": "api_error", "message": "teapot"}}, "unknown"),
        (400, "<html>", "unknown"),
        (404, "not found", "unknown"),
        (400, {"error": "invalid_scope"}, "unknown"),
        (400, {"message": "from a gateway"}, "unknown"),
        (404, {"error": {"type": "invalid_request_error", "code": "resource_missing"}}, "failed"),
        (400, {"error": {"type": "invalid_request_error", "message": "No code."}}, "failed"),
        (400, {"error": {"type": "invalid_request_error", "code": "rate_limit"}}, "not_executed"),
    ],
)
def test_unlisted_errors_are_unknown(fixed_server: Any, status: int, body: Any, kind: str) -> None:
    rail = StripeRail(SANDBOX_KEY, fixed_server.respond_with(status, body).url)
    assert rail.send_transfer(_transfer_parameters(), "k").kind == kind


def test_every_try_is_one_request_without_telemetry(fixed_server: Any) -> None:
    rail = StripeRail(SANDBOX_KEY, fixed_server.respond_with(500, {"error": {"type": "api_error"}}).url)
    rail.send_transfer(_transfer_parameters(), "payout-1-1")
    rail.send_transfer(_transfer_parameters(), "payout-1-1", api_version="2026-05-27.dahlia")
    first, second = (headers for _, headers, _ in fixed_server.received)
    assert first["Idempotency-Key"] == second["Idempotency-Key"] == "payout-1-1"
    assert fixed_server.received[0][2] == fixed_server.received[1][2]
    assert first["Stripe-Version"] == rail.api_version()
    assert second["Stripe-Version"] == "2026-05-27.dahlia"
    assert "X-Stripe-Client-Telemetry" not in second
    assert "telemetry_id" not in first["X-Stripe-Client-User-Agent"]


def test_the_error_of_a_call_that_moves_no_money_contains_no_addresses(fixed_server: Any) -> None:
    error = {"type": "invalid_request_error", "code": "email_invalid", "message": "Bad: anna@shop.example"}
    rail = StripeRail(SANDBOX_KEY, fixed_server.respond_with(400, {"error": error}).url)
    with pytest.raises(RailError) as caught:
        rail.create_payee("crt_1", "anna@shop.example", "DE", "Anna")
    assert (caught.value.code, caught.value.http_status) == ("email_invalid", 400)
    assert "Bad: [address]" in str(caught.value)
    assert caught.value.__context__ is None


def test_reads_are_repeated_when_the_connection_breaks(rail: StripeRail, sandbox: SandboxServer) -> None:
    sandbox.control.top_up("EUR", 5)
    sandbox.control.queue_fault("drop_before", match="GET /v1/balance")
    assert rail.available_balance("EUR") == 5


def test_a_payee_is_created_once_and_a_corrected_address_is_not_refused(
    rail: StripeRail, sandbox: SandboxServer
) -> None:
    first = rail.create_payee("crt_1", "ana@shop.example", "DE", "Anna")
    assert rail.create_payee("crt_1", "ana@shop.example", "DE", "Anna") == first
    assert sandbox.control.counts()["accounts"] == 1
    assert rail.create_payee("crt_1", "anna@shop.example", "DE", "Anna") != first


@pytest.mark.parametrize(
    ("status", "ready", "reason"),
    [
        ("active", True, None),
        ("pending", False, "still checking"),
        ("restricted", False, "more information"),
        ("unsupported", False, "country"),
    ],
)
def test_a_payee_is_ready_only_when_transfers_are_active(
    rail: StripeRail, sandbox: SandboxServer, anna: str, status: str, ready: bool, reason: str | None
) -> None:
    sandbox.control.complete_onboarding(anna, status)
    found = rail.payee_status(anna)
    assert found.ready is ready
    assert found.reason is None if reason is None else reason in str(found.reason)
    assert bool(found.requirements) is (status == "restricted")


def test_an_unknown_account_is_an_error_and_not_a_status(rail: StripeRail) -> None:
    with pytest.raises(RailError):
        rail.payee_status("acct_unknown")


def test_transfers_are_found_by_payout_on_all_pages(
    rail: StripeRail, parameters: Build, anna: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "_PAGE_SIZE", 3)
    for number in range(7):
        rail.send_transfer(parameters(amount_minor=100 + number), f"k-{number}")
    rail.send_transfer(parameters(payout_id="pay_2"), "other-payout")
    found = rail.find_transfers("pay_1", anna, datetime.now(UTC))
    assert sorted(transfer.amount for transfer in found) == list(range(100, 107))
    assert found[0].metadata == {"payout_id": "pay_1", "attempt": "1"}
    assert rail.find_transfers("pay_1", "acct_other", datetime.now(UTC)) == []


def test_transfers_made_long_before_are_not_found(
    rail: StripeRail, sandbox: SandboxServer, parameters: Build, anna: str
) -> None:
    rail.send_transfer(parameters(), "k")
    assert rail.find_transfers("pay_1", anna, datetime.now(UTC) + timedelta(minutes=4))
    assert not rail.find_transfers("pay_1", anna, datetime.now(UTC) + timedelta(minutes=6))


def test_a_reversal_returns_the_money_and_is_a_movement_of_its_transfer(
    rail: StripeRail, parameters: Build, anna: str
) -> None:
    transfer_ref = rail.send_transfer(parameters(), "k").transfer_ref
    assert transfer_ref is not None
    reversal = rail.reverse_transfer(transfer_ref, 2_000, "r", {"reason": "returned"})
    assert reversal.kind == "paid"
    assert str(reversal.transfer_ref).startswith("trr_")
    assert rail.reverse_transfer(transfer_ref, 2_000, "r", {"reason": "returned"}).replayed
    movements = rail.list_transfer_movements(datetime.now(UTC) - timedelta(hours=1))
    assert {(line.kind, line.amount, line.transfer_ref) for line in movements} == {
        ("transfer", -7_000, transfer_ref),
        ("transfer_refund", 2_000, transfer_ref),
    }
    [found] = rail.find_transfers("pay_1", anna, datetime.now(UTC))
    assert found.amount_reversed == 2_000
    assert rail.available_balance("EUR") == 95_000


def test_a_reversal_fails_after_the_money_was_paid_out_to_the_bank(
    rail: StripeRail, sandbox: SandboxServer, parameters: Build, anna: str
) -> None:
    transfer_ref = rail.send_transfer(parameters(), "k").transfer_ref
    sandbox.control.pay_out(anna, "EUR", 7_000)
    outcome = rail.reverse_transfer(str(transfer_ref), 7_000, "r", {})
    assert (outcome.kind, outcome.code) == ("failed", "balance_insufficient")


def test_a_proxy_from_the_environment_is_not_used_for_this_machine(
    monkeypatch: pytest.MonkeyPatch, rail: StripeRail
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert rail.available_balance("EUR") == 0


def test_importing_the_rail_does_not_import_the_sdk() -> None:
    _python("import payouts.transfers.stripe.client, sys; assert 'stripe' not in sys.modules")


def test_a_forked_process_gets_its_own_client(sandbox: SandboxServer, parameters: Build) -> None:
    _python(
        f"""
        import os
        from payouts.transfers.stripe.client import StripeRail
        rail = StripeRail({SANDBOX_KEY!r}, {sandbox.url!r})
        assert rail.send_transfer({parameters()!r}, "parent").kind == "paid"
        before = rail._client()
        child = os.fork()
        if child == 0:
            made = rail.send_transfer({parameters()!r}, "child").kind == "paid"
            os._exit(0 if made and rail._client() is not before else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert rail._client() is before
        """
    )
    assert sandbox.control.counts()["transfers"] == 2


def _python(code: str) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], cwd=ROOT, env=environment, check=True)


def _transfer_parameters() -> dict[str, Any]:
    return {"amount": 7_000, "currency": "eur", "destination": "acct_1"}


def test_a_dispute_is_read_as_the_provider_has_it(rail: StripeRail, sandbox: SandboxServer) -> None:
    sandbox.control.set_dispute("du_1", "needs_response", 7_000, "EUR", "ch_1", "pi_1")
    sandbox.control.set_dispute("du_1", "lost", 7_000, "EUR", "ch_1", "pi_1")
    found = rail.dispute("du_1")
    assert found is not None
    assert [found[name] for name in ("id", "status", "amount", "currency", "payment_intent")] == [
        "du_1",
        "lost",
        7_000,
        "eur",
        "pi_1",
    ]
    assert rail.dispute("du_unknown") is None
    assert rail.dispute("../balance") is None


@pytest.mark.parametrize(
    ("fault", "is_refused"), [("401", True), ("403", True), ("500", False), ("drop", False)]
)
def test_only_a_key_that_is_refused_leaves_a_dispute_unknown(
    rail: StripeRail, sandbox: SandboxServer, fault: str, is_refused: bool
) -> None:
    sandbox.control.set_dispute("du_1", "lost", 7_000, "EUR", "ch_1")
    sandbox.control.queue_fault(f"{fault}_before", "GET /v1/disputes/*", times=9)
    if is_refused:
        assert rail.dispute("du_1") is None
    else:
        with pytest.raises(RailError):
            rail.dispute("du_1")
