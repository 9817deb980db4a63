"""Reading sales through the API."""

from typing import Any
from urllib.parse import quote

import pytest

from config.database import Databases, read_session, transact
from tests.cast.api import ApiClient, Terminal
from tests.cast.people import PERSON, START
from tests.cast.shop import Shop, sale
from tests.tracker.sales.api.test_v1 import EVERYTHING, ON_ONE_DATABASE
from tests.tracker.sales.attribution.former_decisions import store_as_rules_2
from tracker.sales.sources.operations import create_source, get_source


def test_a_sale_is_read_with_its_history_and_attribution(api_client: ApiClient, shop: Shop) -> None:
    for what, data, _ in EVERYTHING:
        api_client.post(what, data | ({"click": shop.token("anna")} if what == "sales" else {}))
    history = api_client.get("sales/1001").json or {}
    assert history["total"] == {"minor": 11900, "currency": "EUR"}
    assert [each["refund_id"] for each in history["refunds"]] == ["r1"]
    assert [each["status"] for each in history["disputes"]] == ["opened"]
    assert history["cancelled_at"] == "2025-11-01T10:00:02Z"
    [attribution] = history["attributions"]
    assert attribution["enrollment"] == shop.enrollments["anna"]
    assert "last eligible click" in attribution["reason"]
    assert attribution["reason_code"] == "click_decides"
    assert attribution["reason_parameters"]["model"] == "last"
    [candidate] = attribution["candidates"]
    assert (candidate["reason"], candidate["reason_code"]) == (
        "It is the last eligible click.",
        "credited_click",
    )


def test_a_decision_that_is_older_than_the_codes_is_read_with_its_stored_words(
    api_client: ApiClient, shop: Shop, databases: Databases
) -> None:
    api_client.post("sales", sale(click=shop.token("anna")))
    store_as_rules_2(databases)
    [attribution] = (api_client.get("sales/1001").json or {})["attributions"]

    assert attribution["reason"] == "The last eligible click decides, 2 days before the sale."
    assert (attribution["reason_code"], attribution["reason_parameters"]) == (None, None)
    [candidate] = attribution["candidates"]
    assert (candidate["reason"], candidate["reason_code"]) == ("It is the last eligible click.", None)


@ON_ONE_DATABASE
@pytest.mark.parametrize("order_id", ["#1001", "a/b", "ä 1", "100%"])
def test_order_ids_with_special_characters_can_be_read(api_client: ApiClient, order_id: str) -> None:
    assert api_client.post("sales", sale(order_id=order_id)).status_code == 201
    assert api_client.get(f"sales/{quote(order_id, safe='')}").json["order_id"] == order_id  # type: ignore[index]


def test_an_unknown_order_returns_404(api_client: ApiClient) -> None:
    response = api_client.get("sales/1001")
    assert (response.status_code, response.mimetype) == (404, "application/problem+json")


def test_an_ambiguous_order_id_requires_a_namespace(
    api_client: ApiClient, shop: Shop, databases: Databases, terminal: Terminal
) -> None:
    """Each entry point says how to choose it."""

    def second(session: Any) -> str:
        values: dict[str, Any] = {
            "brand_id": shop.brand_id,
            "kind": "standard",
            "namespace": "second",
            "keys": shop.keys,
        }
        return create_source(session, START, actor=PERSON, **values)[0].id

    source_id = transact(databases.main, second)
    shop.send("sale.created", sale())
    shop.send("sale.created", sale(total=5000), source_id=source_id)
    with read_session(databases.main) as session:
        namespace = get_source(session, shop.source_id).namespace
    refused = api_client.get("sales/1001")
    assert (refused.status_code, "?namespace=" in refused.json["detail"]) == (409, True)  # type: ignore[index]
    both = f"Order '1001' exists in several namespaces ({', '.join(sorted(['second', namespace]))}); "
    assert refused.json["detail"] == f"{both}add ?namespace=."  # type: ignore[index]
    assert f"{both}say --namespace." in terminal.refused("sale", "show", "1001", "--brand", shop.brand_id)
    assert api_client.get("sales/1001", {"namespace": "second"}).json["total"]["minor"] == 5000  # type: ignore[index]
