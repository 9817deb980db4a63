"""Events and their delivery, received by a real server and verified by the real SDK."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import stripe

from payouts.transfers.sandbox.server import SANDBOX_KEY, SandboxServer
from tests.payouts.transfers.sandbox.plain_http import Reply

SECRET = "whsec_sandbox"
Ask = Callable[..., Reply]


@pytest.fixture
def history(post_transfer: Ask, ask: Ask) -> list[str]:
    """Two transfers and a reversal. Returns the ids of their events, oldest first."""
    transfer = post_transfer("first").json
    post_transfer("second", amount=1)
    ask("POST", f"/v1/transfers/{transfer['id']}/reversals", form={"amount": 500}, key="back")
    return [event["id"] for event in reversed(ask("GET", "/v1/events").json["data"])]


def test_each_event_names_the_key_that_caused_it(ask: Ask, history: list[str]) -> None:
    events = [ask("GET", f"/v1/events/{identifier}").json for identifier in history]
    assert [(event["type"], event["request"]["idempotency_key"]) for event in events] == [
        ("transfer.created", "first"),
        ("transfer.created", "second"),
        ("transfer.reversed", "back"),
    ]
    assert events[0]["data"]["object"]["amount_reversed"] == 0
    assert events[2]["data"]["object"]["amount_reversed"] == 500


def test_a_replay_records_no_second_event(post_transfer: Ask, sandbox: SandboxServer) -> None:
    post_transfer("k")
    post_transfer("k")
    assert sandbox.control.counts()["events"] == 1


def test_events_are_filtered_by_type(ask: Ask, history: list[str]) -> None:
    reversed_ones = ask("GET", "/v1/events?type=transfer.reversed").json["data"]
    assert [event["id"] for event in reversed_ones] == history[2:]
    both = ask("GET", "/v1/events?types[]=transfer.reversed&types[]=transfer.created").json["data"]
    assert len(both) == 3


def test_deliveries_are_signed_so_that_the_sdk_accepts_them(
    sandbox: SandboxServer, fixed_server: Any, history: list[str]
) -> None:
    sent = sandbox.control.deliver(f"{fixed_server.url}/hooks/stripe-connect", SECRET)
    assert [(one["event"], one["status"]) for one in sent] == [(event, 200) for event in history]
    client = stripe.StripeClient(SANDBOX_KEY)
    for path, headers, body in fixed_server.received:
        assert path == "/hooks/stripe-connect"
        assert client.construct_event(body, headers["Stripe-Signature"], SECRET).id in history
    _, headers, body = fixed_server.received[0]
    with pytest.raises(stripe.SignatureVerificationError):
        client.construct_event(body + b" ", headers["Stripe-Signature"], SECRET)


def test_deliveries_can_be_repeated_and_reordered(
    sandbox: SandboxServer, fixed_server: Any, history: list[str]
) -> None:
    sandbox.control.deliver(fixed_server.url, SECRET, order="reversed", times=2)
    assert _received(fixed_server) == [event for event in reversed(history) for _ in range(2)]
    fixed_server.received.clear()
    sandbox.control.deliver(fixed_server.url, SECRET, order="shuffled", times=3, seed=7, again=True)
    assert sorted(_received(fixed_server)) == sorted(history * 3)
    assert _received(fixed_server) != [event for event in history for _ in range(3)]


def test_only_events_that_were_refused_are_delivered_again(
    sandbox: SandboxServer, fixed_server: Any, history: list[str]
) -> None:
    sandbox.control.deliver(fixed_server.respond_with(500, "{}").url, SECRET)
    fixed_server.received.clear()
    sandbox.control.deliver(fixed_server.respond_with(200, "{}").url, SECRET, types=["transfer.created"])
    assert _received(fixed_server) == history[:2]
    fixed_server.received.clear()
    sandbox.control.deliver(fixed_server.url, SECRET)
    assert _received(fixed_server) == history[2:]


def test_deliveries_do_not_leave_this_machine(sandbox: SandboxServer, history: list[str]) -> None:
    with pytest.raises(Exception, match="only delivers to this machine"):
        sandbox.control.deliver("http://shop.example/hooks", SECRET)


def _received(fixed_server: Any) -> list[str]:
    return [json.loads(body)["id"] for _, _, body in fixed_server.received]
