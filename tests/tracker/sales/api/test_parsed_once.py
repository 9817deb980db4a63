"""The JSON of a message is parsed once, and its fields are validated once, at every entry point."""

import json
from collections import Counter
from typing import Any

import pytest
from pydantic import TypeAdapter

from tests.cast.api import ApiClient, Terminal
from tests.cast.shop import Shop, envelope, sale
from tests.tracker.sales.api.test_hooks import signed
from tests.tracker.sales.api.test_postbacks import network  # noqa: F401
from tests.tracker.sales.api.test_shop_hooks import SECRETS, SIGNERS, order_with
from tests.tracker.sales.imports.files import sale_line, text, write_file
from tests.tracker.sales.payloads_read import raw

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])


class Counts:
    """How often each JSON text was parsed, and how often a report was validated."""

    def __init__(self) -> None:
        self.parsed = Counter[str]()
        self.validated = 0


@pytest.fixture
def counts(monkeypatch: pytest.MonkeyPatch) -> Counts:
    found = Counts()
    decode, validate = json.JSONDecoder.decode, TypeAdapter.validate_python

    def counted_decode(self: json.JSONDecoder, text: str, *more: Any) -> Any:
        found.parsed[text] += 1
        return decode(self, text, *more)

    def counted_validate(self: TypeAdapter[Any], *arguments: Any, **named: Any) -> Any:
        found.validated += 1
        return validate(self, *arguments, **named)

    monkeypatch.setattr(json.JSONDecoder, "decode", counted_decode)
    monkeypatch.setattr(TypeAdapter, "validate_python", counted_validate)
    return found


@pytest.mark.parametrize("kind", sorted(SIGNERS))
def test_a_message_of_a_shop_is_parsed_once(
    api_client: ApiClient, shop: Shop, counts: Counts, kind: str
) -> None:
    """Those of Stripe and Lemon Squeezy are identified by ids in their bodies, before they are read."""
    source_id, body = shop.connect(kind, SECRETS[kind]), raw(order_with(kind, shop.token("anna")))
    for number in (1, 2):
        headers = SIGNERS[kind](body, SECRETS[kind])
        response = api_client.client.post(f"/hooks/{source_id}", data=body, headers=headers)
        assert (response.json or {})["state"] == "applied"
        assert counts.parsed[body.decode()] == number


def test_a_standard_message_is_parsed_and_validated_once(
    api_client: ApiClient, shop: Shop, counts: Counts
) -> None:
    body = envelope("sale.created", sale())
    response = api_client.client.post(
        f"/hooks/{shop.source_id}", data=body, headers=signed(shop.secret, body)
    )
    assert (response.json or {})["state"] == "applied"
    assert (counts.parsed[body.decode()], counts.validated) == (1, 1)


def test_a_report_by_api_is_parsed_and_validated_once(api_client: ApiClient, counts: Counts) -> None:
    body = json.dumps(sale()).encode()
    assert api_client.post("sales", body).status_code == 201
    assert (counts.parsed[body.decode()], counts.validated) == (1, 1)


def test_a_postback_is_validated_once(network: ApiClient, counts: Counts) -> None:  # noqa: F811
    assert network.postback(order_id="1001", total="119.00", currency="EUR").status_code == 201
    assert counts.validated == 1


def test_a_line_of_a_file_is_never_json_before_it_is_stored(
    terminal: Terminal, shop: Shop, counts: Counts, tmp_path: Any
) -> None:
    file = write_file(tmp_path, text(sale_line("1001"), sale_line("1002")))
    assert terminal.ask("sale", "import", "--brand", shop.brand_id, file)["new"] == 2
    assert [each for each in counts.parsed if "order_id" in each] == []
    assert counts.validated == 2
