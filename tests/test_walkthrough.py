"""The complete flow in one test: from the link to the bank transfer, over real HTTP, to the cent."""

import base64
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from urllib.request import Request, urlopen

from standardwebhooks import Webhook

from config.database import Databases
from config.settings import Settings
from payouts.transfers.sandbox.server import SANDBOX_KEY, SandboxServer
from tests.cast.api import Terminal
from tests.harness.commands import EVERY_COMMAND
from tests.harness.processes.server import Response, Server, running_server

WITHIN_S = 20.0
FORGED = "whsec_" + base64.b64encode(bytes(32)).decode()
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Instagram 390.0"


def test_from_the_link_to_the_bank_transfer(settings: Settings, databases: Databases) -> None:
    linkledger = Terminal(settings, EVERY_COMMAND)
    cast = make_brand_and_creator(linkledger)
    brand, shop = cast["brand"], cast["source"]

    with running_server(settings, "--only", "web") as web:
        token = follow_the_link(web)
        wait_until(lambda: linkledger.ask("click", "count", "--link", cast["link"]) == {"person": 1})

        # The shop reports the sale twice, and later a partial refund. Forged reports have no effect.
        first = sale("1001", token)
        assert report(web, shop, "m-1", "sale.created", first).json["state"] == "applied"
        assert report(web, shop, "m-1", "sale.created", first).status == 200
        assert report(web, shop, "m-2", "sale.created", first).json["state"] == "applied"
        assert report(web, shop, "m-3", "refund.created", refund("1001")).json["state"] == "applied"
        assert report(web, shop | {"secret": FORGED}, "m-4", "sale.created", first).status == 401
        # Five more orders lift Anna above the minimum of 50.00.
        for number in range(5):
            more = report(web, shop, f"n-{number}", "sale.created", sale(f"200{number}", token))
            assert more.json["state"] == "applied"

    # 12.5 % of 95.00 net is 11.875, rounded half up 11.88. After the refund, 75.00 net earn 9.375, so 9.38.
    linkledger.ask("work")
    (account,) = linkledger.ask("explain", "1001", "--brand", brand)
    (commission,) = account["commissions"]
    assert [entry["change"]["minor"] for entry in commission["entries"]] == [11_88, -2_50]
    (balance,) = linkledger.ask("ledger", "balances", "--brand", brand)
    assert (balance["held"], balance["payable"]) == (euro(9_38 + 5 * 11_88), euro(0))

    # Time passes: the hold ends, the period closes, the statement is approved automatically, the payout sent.
    pay_date = datetime.fromisoformat(commission["pay_date"]).replace(tzinfo=UTC)
    linkledger.ask("work", "--as-of", f"{pay_date + timedelta(hours=12):%Y-%m-%dT%H:%M:%SZ}")
    period = f"{pay_date - timedelta(days=15):%Y-%m}"
    statement = linkledger.ask("statement", "show", "--brand", brand, "--period", period)
    assert (statement["state"], statement["approved_by"]) == ("sealed", "silence")
    assert statement["closing_split"]["payable"] == euro(68_78)

    # The sandbox has one transfer of exactly that amount, and nothing is owed any more.
    (payout,) = linkledger.ask("payout", "list", "--brand", brand)
    assert (payout["state"], payout["amount"]) == ("paid", euro(68_78))
    (transfer,) = transfers_in_the_sandbox(settings)
    assert (transfer["id"], transfer["amount"], transfer["currency"]) == (payout["transfer"], 68_78, "eur")
    (balance,) = linkledger.ask("ledger", "balances", "--brand", brand)
    assert {balance[name]["minor"] for name in ("held", "payable", "in_transit")} == {0}
    assert linkledger.ask("check")["ok"]


def make_brand_and_creator(linkledger: Terminal) -> dict[str, Any]:
    """A program with 12.5 % and a hold of 3 days; Anna is enrolled, her payee is ready, and there are funds.

    The hold is short because the test runs the jobs of each day until the pay date.
    """
    hosts = ("--timezone", "Europe/Berlin", "--allow-host", "shop.example")
    brand = linkledger.ask("brand", "create", "Teas", "--currency", "EUR", *hosts)["id"]
    terms = ("--rate", "12.5", "--hold-days", "3")
    program = linkledger.ask("program", "create", "Friends", "--brand", brand, *terms)["id"]
    person = ("Anna", "--email", "anna@example.com", "--country", "DE")
    anna = linkledger.ask("creator", "create", *person)["id"]
    takes_part = ("--program", program, "--creator", anna)
    linkledger.ask("enroll", *takes_part)
    destination = ("--to", "https://shop.example/tea?size=2#top", "--code", "anna")
    link = linkledger.ask("link", "create", *takes_part, *destination)["id"]
    source = linkledger.ask("source", "create", "--brand", brand, "--kind", "standard")
    linkledger.ask("payee", "connect", "--brand", brand, "--creator", anna)
    assert linkledger.ask("sandbox", "onboard", "--brand", brand, "--creator", anna)["ready"]
    linkledger.ask("sandbox", "fund", "--amount-minor", "100000", "--currency", "EUR")
    return {"brand": brand, "link": link, "source": source}


def follow_the_link(web: Server) -> str:
    """A shopper on a phone is redirected to the shop, with a token and without cookies. Returns the token."""
    redirect = web.get("/anna", **{"User-Agent": PHONE})
    landing = urlsplit(redirect.headers["Location"])
    assert (redirect.status, redirect.headers["Cache-Control"]) == (302, "no-store, private")
    assert "Set-Cookie" not in redirect.headers
    assert (landing.netloc, landing.path, landing.fragment) == ("shop.example", "/tea", "top")
    query = parse_qs(landing.query)
    assert query["size"] == ["2"]
    return query["ll"][0]


def wait_until(condition: Callable[[], bool]) -> None:
    """The click was on the disk when the shopper left, on a slow one in the spool: the table is next."""
    end = time.monotonic() + WITHIN_S
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def now_iso() -> str:
    """The current time, read when it is needed: a sale minutes older than its click is not credited."""
    return datetime.now(UTC).replace(microsecond=0).isoformat()


def sale(order_id: str, token: str) -> dict[str, Any]:
    amounts = {"total": 119_00, "tax": 19_00, "shipping": 5_00, "discount": 0}
    return {"order_id": order_id, "occurred_at": now_iso(), "currency": "EUR", "click": token, **amounts}


def refund(order_id: str) -> dict[str, Any]:
    amounts = {"amount": 23_80, "tax": 3_80, "shipping": 0}
    return {"order_id": order_id, "refund_id": "r-1", "occurred_at": now_iso(), "currency": "EUR", **amounts}


def report(web: Server, shop: dict[str, Any], key: str, kind: str, data: dict[str, Any]) -> Response:
    """Send a message like a shop: signed by the library of the Standard Webhooks specification."""
    now = datetime.now(UTC)
    body = json.dumps({"type": kind, "timestamp": now.isoformat(), "data": data})
    headers = {
        "webhook-id": key,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(shop["secret"]).sign(key, now, body),
        "content-type": "application/json",
    }
    return web.post(f"/hooks/{shop['id']}", body.encode(), headers)


def euro(minor: int) -> dict[str, Any]:
    return {"minor": minor, "currency": "EUR"}


def transfers_in_the_sandbox(settings: Settings) -> list[dict[str, Any]]:
    """The transfers that the payment provider lists, read over HTTP without our own client."""
    with SandboxServer(settings.home / "sandbox.db") as provider:
        request = Request(f"{provider.url}/v1/transfers", headers={"Authorization": f"Bearer {SANDBOX_KEY}"})
        with urlopen(request, timeout=10) as response:
            found: list[dict[str, Any]] = json.load(response)["data"]
            return found
