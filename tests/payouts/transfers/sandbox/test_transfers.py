from collections.abc import Callable
from typing import Any

import pytest

from payouts.transfers.sandbox.server import SandboxServer
from tests.payouts.transfers.sandbox.plain_http import Reply

Ask = Callable[..., Reply]


def test_transfer_moves_money_and_returns_its_parameters(post_transfer: Ask, ask: Ask, anna: str) -> None:
    form = {
        "metadata[payout_id]": "pay_1",
        "metadata[attempt]": "1",
        "transfer_group": "pay_1",
        "description": "d",
    }
    made = post_transfer(**form).json
    assert made["metadata"] == {"payout_id": "pay_1", "attempt": "1"}
    assert (made["transfer_group"], made["description"], made["destination"]) == ("pay_1", "d", anna)
    assert ask("GET", f"/v1/transfers/{made['id']}").json == made
    assert _available(ask("GET", "/v1/balance")) == {"eur": 93_000}
    assert _available(ask("GET", "/v1/balance", Stripe_Account=anna)) == {"eur": 7_000}


@pytest.mark.parametrize(
    ("form", "code", "param"),
    [
        ({"recipient": "x"}, "parameter_unknown", "recipient"),
        ({"metadata": "x"}, "parameter_invalid_object", "metadata"),
        ({"amount": "7.5"}, "parameter_invalid_integer", "amount"),
        ({"amount": 0}, "parameter_invalid_integer", "amount"),
        ({"amount": -1}, "parameter_invalid_integer", "amount"),
        ({"amount": ""}, "parameter_invalid_empty", "amount"),
        ({"destination": "acct_unknown"}, "resource_missing", "destination"),
        ({"amount": 100_001}, "balance_insufficient", None),
        ({"currency": "usd"}, "balance_insufficient", None),
        ({"currency": "isk", "amount": 550}, "invalid_charge_amount_no_decimal_compatible", "amount"),
        ({"currency": "bhd", "amount": 5_124}, "invalid_charge_amount_no_decimal_compatible", "amount"),
    ],
)
def test_a_transfer_that_stripe_would_refuse_is_refused(
    post_transfer: Ask, sandbox: SandboxServer, form: dict[str, Any], code: str, param: str | None
) -> None:
    refused = post_transfer(**form)
    assert refused.status == 400
    assert (refused.json["error"]["code"], refused.json["error"].get("param")) == (code, param)
    assert sandbox.control.counts()["transfers"] == 0


@pytest.mark.parametrize("missing", ["amount", "currency", "destination"])
def test_a_missing_parameter_is_named(ask: Ask, anna: str, missing: str) -> None:
    form = {"amount": 1, "currency": "eur", "destination": anna}
    del form[missing]
    error = ask("POST", "/v1/transfers", form=form).json["error"]
    assert (error["code"], error["param"]) == ("parameter_missing", missing)


def test_every_account_has_to_be_active(post_transfer: Ask, sandbox: SandboxServer, anna: str) -> None:
    sandbox.control.complete_onboarding(anna, "pending")
    error = post_transfer().json["error"]
    assert error["code"] == "insufficient_capabilities_for_transfer"


def test_the_balance_can_be_spent_to_the_last_cent_but_not_overdrawn(post_transfer: Ask) -> None:
    assert post_transfer(amount=99_999).status == 200
    assert post_transfer(amount=2).status == 400
    assert post_transfer(amount=1).status == 200


def test_pages_go_forwards_and_backwards_without_gaps(post_transfer: Ask, ask: Ask) -> None:
    ids = [post_transfer(amount=1 + number).json["id"] for number in range(5)][::-1]
    first = ask("GET", "/v1/transfers?limit=2").json
    second = ask("GET", f"/v1/transfers?limit=2&starting_after={ids[1]}").json
    third = ask("GET", f"/v1/transfers?limit=2&starting_after={ids[3]}").json
    assert [[item["id"] for item in page["data"]] for page in (first, second, third)] == [
        ids[0:2],
        ids[2:4],
        ids[4:5],
    ]
    assert [page["has_more"] for page in (first, second, third)] == [True, True, False]
    back = ask("GET", f"/v1/transfers?limit=2&ending_before={ids[4]}").json
    assert ([item["id"] for item in back["data"]], back["has_more"]) == (ids[2:4], True)


def test_lists_are_filtered_by_group_destination_and_time(
    post_transfer: Ask, ask: Ask, sandbox: SandboxServer, anna: str
) -> None:
    old = post_transfer(transfer_group="pay_1").json
    sandbox.control.advance(100)
    new = post_transfer(transfer_group="pay_2").json

    def found(query: str) -> list[str]:
        return [item["id"] for item in ask("GET", f"/v1/transfers?{query}").json["data"]]

    assert found("transfer_group=pay_1") == [old["id"]]
    assert found(f"destination={anna}") == [new["id"], old["id"]]
    assert found("destination=acct_other") == []
    assert found(f"created[gte]={new['created']}") == [new["id"]]
    assert found(f"created[lt]={new['created']}") == [old["id"]]
    assert found(f"created={old['created']}") == [old["id"]]


@pytest.mark.parametrize("query", ["group=x", "created[from]=1", "limit=x", "starting_after=tr_unknown"])
def test_a_list_refuses_unknown_parameters(ask: Ask, query: str) -> None:
    assert ask("GET", f"/v1/transfers?{query}").status == 400


def test_partial_reversals_are_accepted_until_nothing_is_left(
    post_transfer: Ask, ask: Ask, anna: str
) -> None:
    path = f"/v1/transfers/{post_transfer().json['id']}"
    assert ask("POST", f"{path}/reversals", form={"amount": 3_000}).json["amount"] == 3_000
    assert ask("POST", f"{path}/reversals", form={"amount": 4_001}).status == 400
    assert not ask("GET", path).json["reversed"]
    assert ask("POST", f"{path}/reversals", form={}).json["amount"] == 4_000
    assert ask("POST", f"{path}/reversals", form={}).status == 400
    transfer = ask("GET", path).json
    assert (transfer["reversed"], transfer["amount_reversed"]) == (True, 7_000)
    assert [part["amount"] for part in transfer["reversals"]["data"]] == [4_000, 3_000]
    assert _available(ask("GET", "/v1/balance")) == {"eur": 100_000}
    assert _available(ask("GET", "/v1/balance", Stripe_Account=anna)) == {"eur": 0}


def test_movements_add_up_to_the_balance(post_transfer: Ask, ask: Ask) -> None:
    transfer = post_transfer().json
    ask("POST", f"/v1/transfers/{transfer['id']}/reversals", form={"amount": 1_000})
    lines = ask("GET", "/v1/balance_transactions").json["data"]
    assert [(line["type"], line["amount"]) for line in lines] == [
        ("transfer_refund", 1_000),
        ("transfer", -7_000),
        ("topup", 100_000),
    ]
    assert _available(ask("GET", "/v1/balance")) == {"eur": sum(line["amount"] for line in lines)}
    [line] = ask("GET", "/v1/balance_transactions?type=transfer&expand[]=data.source").json["data"]
    assert line["source"]["id"] == transfer["id"]
    assert ask("GET", f"/v1/balance_transactions/{line['id']}").json["source"] == transfer["id"]


def _available(reply: Reply) -> dict[str, int]:
    return {part["currency"]: part["amount"] for part in reply.json["available"]}
