"""The demo's pages with a copy of the seeded demo, at today's date, which is after the end of its history."""

import csv
import io
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from config.database import read_session
from config.settings import Settings
from payouts.demo.formats import money
from payouts.demo.queries import demo_brand, payouts
from tests.harness.processes.server import free_port
from tracker.http.site import Site
from wsgi import create_app


def text_of(client: FlaskClient, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200, response.text
    return response.text


@pytest.mark.parametrize(
    "path", ["/demo/", "/demo/shop/", "/demo/shop/products/tasting-box", "/demo/payouts"]
)
def test_every_page_of_the_tour_opens(client: FlaskClient, path: str) -> None:
    assert "<h1>" in text_of(client, path)


def test_no_page_has_inline_styles_or_scripts_that_the_policy_would_block(client: FlaskClient) -> None:
    for path in ("/demo/", "/demo/shop/", "/demo/payouts", "/demo/statements/2026-10", "/nowhere/at/all"):
        page = client.get(path).text
        assert not re.search(r"<style|<script(?! src=)|\sstyle=|\son[a-z]+=", page)


def test_the_front_page_redirects_to_the_tour(client: FlaskClient) -> None:
    assert client.get("/").headers["Location"] == "/demo/"


def test_a_creators_page_shows_what_is_held_and_when_it_is_paid(client: FlaskClient) -> None:
    index = text_of(client, "/demo/")
    pages = [text_of(client, path) for path in re.findall(r'href="(/demo/creators/crt_\w+)"', index)[1:4]]
    assert ["Mira Vogel" in pages[0], "Tom Okafor" in pages[1], "Jonas Lind" in pages[2]] == [True] * 3
    assert "€81.44" in pages[0]
    assert "below the minimum of €50.00" in pages[1]
    assert "Paid, then reversed" in pages[2]


def test_a_creators_page_shows_only_their_own_orders(client: FlaskClient) -> None:
    index = text_of(client, "/demo/")
    found = [
        set(re.findall(r'href="(/demo/shop/orders/NT-\d+)"', text_of(client, path)))
        for path in set(re.findall(r'href="(/demo/creators/crt_\w+)"', index))
    ]
    assert len([orders for orders in found if orders]) > 2
    assert sum(map(len, found)) == len(set[str]().union(*found))


def test_a_statements_page_and_its_files_agree(client: FlaskClient) -> None:
    page = text_of(client, "/demo/statements/2026-10")
    document = client.get("/demo/statements/2026-10.json").json
    assert document is not None
    assert document["sha256"] in page
    for amount in document["equation"].values():
        assert money(amount) in page
    rows = list(csv.DictReader(io.StringIO(text_of(client, "/demo/statements/2026-10.csv"))))
    lines = sum(len(part["lines"]) for part in document["creators"])
    assert sum(row["kind"] == "commission" for row in rows) == lines > 0


def test_the_payday_closes_the_month_and_pays_it(client: FlaskClient, app: Flask) -> None:
    app_site: Site = app.extensions["linkledger"]
    with read_session(app_site.databases.main) as session:
        before = len(payouts(session, demo_brand(session)))
    assert client.post("/demo/payday").headers["Location"] == "/demo/payouts"
    with read_session(app_site.databases.main) as session:
        newest, *others = payouts(session, demo_brand(session))
    assert len(others) == before
    assert (newest["payout"].state, newest["creator"].name) == ("paid", "Mira Vogel")
    assert newest["payout"].transfer_ref in text_of(client, "/demo/payouts")
    assert "The demo’s clock is at" in text_of(client, "/demo/")


def test_order_page_shows_the_path_from_click_to_transfer(client: FlaskClient) -> None:
    creator = re.findall(r'href="(/demo/creators/crt_\w+)"', text_of(client, "/demo/"))[1]
    order = re.findall(r'href="(/demo/shop/orders/NT-\d+)"', text_of(client, creator))[-1]
    page = text_of(client, order)
    for heading in ("The click", "The shop’s message", "The sale", "The attribution", "The commission"):
        assert heading in page


def test_order_page_says_that_a_commission_was_paid(client: FlaskClient) -> None:
    creators = set(re.findall(r'href="(/demo/creators/crt_\w+)"', text_of(client, "/demo/")))
    orders = [
        re.findall(r'href="(/demo/shop/orders/NT-\d+)"', text_of(client, each))[-1] for each in creators
    ]
    introductions = [text_of(client, order).partition("What happened")[0] for order in orders]
    assert any("and was paid" in each for each in introductions)


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ({"quantity": "0"}, "Order 1 to 20"),
        ({"quantity": "many"}, "Order 1 to 20"),
        ({"quantity": "21"}, "Order 1 to 20"),
        ({"quantity": "1", "coupon": "FREE"}, "does not know this code"),
    ],
)
def test_invalid_form_is_shown_again_with_the_problem(
    client: FlaskClient, form: dict[str, str], message: str
) -> None:
    response = client.post("/demo/shop/orders", data={"sku": "tasting-box", **form})
    assert response.status_code == 422
    assert message in response.text


@pytest.mark.parametrize(
    "path",
    ["/demo/shop/products/coffee", "/demo/shop/orders/NT-0", "/demo/statements/1999-01", "/demo/creators/x"],
)
def test_missing_page_is_a_404(client: FlaskClient, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 404
    assert "This page does not exist" in response.text


def test_order_reports_an_unreachable_hook(demo_settings: Settings) -> None:
    unserved = demo_settings.model_copy(update={"bind": f"127.0.0.1:{free_port()}"})
    response = (
        create_app(unserved)
        .test_client()
        .post("/demo/shop/orders", data={"sku": "tasting-box", "quantity": "1"})
    )
    assert response.status_code == 502
    assert "did not respond" in response.text


@pytest.mark.parametrize(
    ("who", "page", "shows"),
    [
        ("creator", r"/app/me/", "How much at Northwind Tea"),
        ("owner", r"/app/brands/brd_\w+/", "Creators"),
        ("operator", r"/app/operator/", "Jobs"),
    ],
)
def test_one_click_signs_in_to_the_pages_of_the_product(
    client: FlaskClient, who: str, page: str, shows: str
) -> None:
    assert f"/demo/continue/{who}" in text_of(client, "/demo/")
    response = client.post(f"/demo/continue/{who}", follow_redirects=True)
    assert response.status_code == 200
    assert re.fullmatch(page, response.request.path)
    assert shows in response.text


def test_nobody_continues_as_somebody_outside_the_demo(client: FlaskClient, app: Flask) -> None:
    assert client.post("/demo/continue/root").status_code == 404
    assert client.get("/demo/continue/owner").status_code == 405
    here = app.extensions["linkledger"].settings
    other = create_app(here.model_copy(update={"demo": False}))
    assert other.test_client().post("/demo/continue/owner").status_code == 404
