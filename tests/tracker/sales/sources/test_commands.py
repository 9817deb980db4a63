"""The commands `linkledger source` and `linkledger sale`."""

import json
from pathlib import Path

import pytest

from config.database import read_session
from tests.cast.api import Terminal
from tests.cast.shop import Shop, envelope, refund, sale
from tests.tracker.sales.api.hook_server import Server
from tests.tracker.sales.payloads_read import FOLDER, payload, raw
from tracker.sales.integrations.kinds import kind_of
from tracker.sales.sources.operations import get_source, source_secrets


def test_a_source_is_created_and_its_secret_shown_once(terminal: Terminal, shop: Shop) -> None:
    created = terminal.ask(
        "source", "create", "--brand", shop.brand_id, "--kind", "standard", "--namespace", "orders"
    )

    assert created["hook_url"] == f"http://127.0.0.1:8000/hooks/{created['id']}"
    assert (created["kind"], created["namespace"]) == ("standard", "orders")
    assert created["secret"].startswith("whsec_")
    listed = terminal.ask("source", "list", "--brand", shop.brand_id)
    assert [each["id"] for each in listed] == [shop.source_id, created["id"]]
    assert created["secret"] not in json.dumps(listed)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--kind", "myspace"), "not a kind of source"),
        (("--kind", "standard", "--namespace", "a b"), "not a namespace"),
    ],
)
def test_an_invalid_source_is_refused(
    terminal: Terminal, shop: Shop, arguments: tuple[str, ...], message: str
) -> None:
    assert message in terminal.refused("source", "create", "--brand", shop.brand_id, *arguments)
    assert len(terminal.ask("source", "list", "--brand", shop.brand_id)) == 1


def test_a_supporting_source_names_its_primary_source(terminal: Terminal, shop: Shop) -> None:
    create = ("source", "create", "--brand", shop.brand_id, "--kind", "stripe", "--supports", shop.source_id)
    assert "leave --namespace out" in terminal.refused(*create, "--namespace", "orders")
    created = terminal.ask(*create)
    [mine, _] = terminal.ask("source", "list", "--brand", shop.brand_id)
    assert (created["supports"], created["namespace"]) == (shop.source_id, mine["namespace"])
    assert f"supports {shop.source_id}" in terminal.run("source", "list", "--brand", shop.brand_id).output


def test_a_secret_is_rotated_and_a_source_deleted(terminal: Terminal, shop: Shop) -> None:
    assert terminal.ask("source", "rotate", shop.source_id)["secret"] != shop.secret
    assert terminal.ask("source", "delete", shop.source_id)["deleted_at"] is not None
    assert "already deleted" in terminal.refused("source", "rotate", shop.source_id)


def test_parked_events_are_listed_with_their_reason(terminal: Terminal, shop: Shop) -> None:
    shop.send("sale.created", sale())
    parked = shop.send("sale.created", sale(order_id="1002", total=-1))

    by_source = terminal.ask("source", "events", "--source", shop.source_id, "--state", "parked")
    by_brand = terminal.ask("source", "events", "--brand", shop.brand_id, "--state", "parked")
    assert by_source == by_brand
    [event] = by_source
    assert (event["id"], event["order_id"], event["state"]) == (parked.event_id, "1002", "parked")
    assert event["reason"] == "data.total is -1; it must be at least 0."
    assert event["reason_code"] == "invalid_field"
    assert event["reason_parameters"] == {"field": "data.total", "words": event["reason"]}
    assert len(terminal.ask("source", "events")) == 2


def test_events_are_replayed_one_by_one_or_all(terminal: Terminal, shop: Shop) -> None:
    parked = shop.send("refund.created", refund())

    assert terminal.ask("source", "replay", parked.event_id) == {
        "event": parked.event_id,
        "state": "parked",
        "reason": "waiting for order 1001",
        "reason_code": "waiting_for_order",
        "reason_parameters": {"names": ["1001"], "source": None},
    }
    assert terminal.ask("source", "replay", "--all", "--source", shop.source_id)["tried"] == 1
    assert "Name one EVENT" in terminal.refused("source", "replay")
    assert "no event" in terminal.refused("source", "replay", "evt_1")
    assert "not an id" in terminal.refused("source", "replay", "--all", "--source", "bogus")


def test_a_sale_is_shown_with_its_history(terminal: Terminal, shop: Shop) -> None:
    shop.send("sale.created", sale(click=shop.token("bob")))
    shop.send("refund.created", refund())
    shop.send("sale.created", sale(total=7000))

    [listed] = terminal.ask("sale", "list", "--brand", shop.brand_id)
    shown = terminal.ask("sale", "show", "1001", "--brand", shop.brand_id)
    assert listed["total"] == shown["total"] == {"minor": 11900, "currency": "EUR"}
    assert [each["amount"]["minor"] for each in shown["refunds"]] == [1000]
    assert [each["enrollment"] for each in shown["attributions"]] == [shop.enrollments["bob"]]
    assert [each["state"] for each in shown["parked_events"]] == ["parked"]
    assert "has no sale of order '7'" in terminal.refused("sale", "show", "7", "--brand", shop.brand_id)


def test_text_output_summarises_the_result(terminal: Terminal, shop: Shop) -> None:
    shop.send("sale.created", sale())

    assert "119.00 EUR" in terminal.run("sale", "list", "--brand", shop.brand_id).stdout
    assert "applied" in terminal.run("source", "events").stdout
    assert shop.source_id in terminal.run("source", "list", "--brand", shop.brand_id).stdout


def test_a_file_is_sent_signed_like_a_message_of_the_shop(
    terminal: Terminal, shop: Shop, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LINKLEDGER_BASE_URL", f"http://127.0.0.1:{server.port}")
    file = tmp_path / "sale.json"
    file.write_bytes(envelope("sale.created", sale()))

    sent = terminal.ask("source", "send", "--source", shop.source_id, "--id", "msg_1", str(file))
    assert (sent["status"], sent["answer"]["state"]) == (200, "applied")

    file.write_bytes(envelope("sale.created", sale(total=7000)))
    again = terminal.run("source", "send", "--source", shop.source_id, "--id", "msg_1", str(file), "--json")
    assert (again.exit_code, json.loads(again.stdout)["status"]) == (1, 409)


def test_sending_to_an_unreachable_server_fails_with_a_message(
    terminal: Terminal, shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LINKLEDGER_BASE_URL", "http://127.0.0.1:1")
    file = tmp_path / "sale.json"
    file.write_bytes(b"{}")

    result = terminal.run("source", "send", "--source", shop.source_id, str(file))
    assert result.exit_code == 1
    assert "No response from http://127.0.0.1:1/" in result.stderr


def test_a_shops_own_secret_is_read_from_stdin_and_not_shown(terminal: Terminal, shop: Shop) -> None:
    secret, newer = "whsec_ExampleOfThisYear000000000000", "whsec_ExampleOfNextYear000000000000"
    arguments = ("source", "create", "--brand", shop.brand_id, "--kind", "stripe", "--secret-from-stdin")
    created = terminal.ask(*arguments, stdin=f"{secret}\n")
    rotated = terminal.ask("source", "rotate", created["id"], "--secret-from-stdin", stdin=newer)

    assert (created["secret"], rotated["secret"]) == (None, None)
    with read_session(shop.databases.main) as session:
        assert source_secrets(get_source(session, created["id"]), shop.keys) == [newer, secret]
    wrong = terminal.run(*arguments, stdin="sk_live_1234567890")
    assert wrong.exit_code == 2
    assert "begins with whsec_" in wrong.stderr
    assert "sk_live_1234567890" not in wrong.output


def test_a_shop_that_generates_its_secret_later_is_connected_in_two_steps(
    terminal: Terminal, shop: Shop
) -> None:
    create = ("source", "create", "--brand", shop.brand_id, "--kind")
    output = terminal.run(*create, "stripe").stdout
    source_id = output.split()[0]

    assert "--secret-from-stdin" in output
    assert "checkout.session.completed" in output
    assert "generates its secrets itself" in terminal.refused("source", "rotate", source_id)
    assert terminal.ask(*create, "shopify")["secret"] is None


@pytest.mark.parametrize("kind", ["woocommerce", "lemonsqueezy"])
def test_a_secret_that_the_shop_accepts_is_generated(terminal: Terminal, shop: Shop, kind: str) -> None:
    created = terminal.ask("source", "create", "--brand", shop.brand_id, "--kind", kind)

    kind_of(kind).check_secret(created["secret"])
    assert terminal.ask("source", "rotate", created["id"])["secret"] != created["secret"]


@pytest.mark.parametrize(
    ("kind", "name", "topic", "secret"),
    [
        ("shopify", "shopify_orders_paid", "orders/paid", "shpss_0123456789abcdef"),
        ("woocommerce", "woocommerce_order_processing", "order.updated", "woo-secret-of-2025"),
        ("stripe", "stripe_session_paid", "", "whsec_ExampleOfThisYear000000000000"),
        ("lemonsqueezy", "lemonsqueezy_order_created", "", "lemon-secret-of-2025"),
    ],
)
def test_a_file_is_sent_signed_as_each_kind_of_shop_does(
    terminal: Terminal,
    shop: Shop,
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    name: str,
    topic: str,
    secret: str,
) -> None:
    monkeypatch.setenv("LINKLEDGER_BASE_URL", f"http://127.0.0.1:{server.port}")
    send = ("source", "send", "--source", shop.connect(kind, secret), "--topic", topic)

    sent = terminal.ask(*send, str(FOLDER / f"{name}.json"))
    assert (sent["status"], sent["answer"]["state"]) == (200, "applied")


def test_a_sale_is_found_by_its_order_number(terminal: Terminal, shop: Shop) -> None:
    source_id = shop.connect("shopify", "shpss_0123456789abcdef")
    shop.send_raw(raw(payload("shopify_orders_paid")), source_id=source_id, topic="orders/paid")

    shown = terminal.ask("sale", "show", "#1001", "--brand", shop.brand_id)
    assert shown["order_id"] == "820982911946154508"
