"""No page shows a text outside the catalogues: to no role, in no form with errors, not in the set-up."""

from collections.abc import Iterable, Mapping

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from config.database import Databases
from tests.harness.untranslated import untranslated
from tests.pages.installation import BRAND, NOBODY, Installation
from tests.pages.walk import NOT_FOUND, SAME_ORIGIN, Stop, asking_stops, client_of, stops_of
from tests.payouts.backoffice.browsers import setup_token

PSEUDO = {"Accept-Language": "xx"}
UNREADABLE = {
    "name": "x" * 500, "email": "@", "role": "x", "code": "!", "destination": "x", "list": "nobody",
    "rate": "x", "window": "x", "hold": "x", "minimum": "x", "kind": "x", "secret": "x", "colour": "x",
    "contact": "x", "contact_email": "x", "timezone": "x", "language": "x", "creator": "x", "mode": "x",
    "password": "x", "host": "x y", "currency": "x",
}  # fmt: skip
"""A value for each field that no rule accepts."""


def faults_of(response: TestResponse) -> list[str]:
    """Texts outside the marks; for a page that failed, its status."""
    if response.status_code >= 500:
        return [f"status {response.status_code}"]
    return untranslated(response.text, BRAND) if response.mimetype == "text/html" else []


def sentences(faults: Mapping[str, list[str]]) -> list[str]:
    return [f"{place}: {text[:100]}" for place, texts in faults.items() for text in texts]


def shown(stops: Iterable[Stop], app: Flask, there: Installation) -> list[str]:
    faults = {}
    for stop in stops:
        client = client_of(app, there, stop.visitor)
        faults[str(stop)] = faults_of(client.get(stop.path, headers=PSEUDO, follow_redirects=True))
    return sentences(faults)


def test_every_page_speaks_to_every_role_in_one_language(app: Flask, installation: Installation) -> None:
    stops = stops_of(app, installation)
    assert len({stop.endpoint for stop in stops}) > 20
    assert shown([*stops, Stop("error", NOT_FOUND, NOBODY)], app, installation) == []


def test_the_pages_of_a_sign_in_speak_one_language(app: Flask, installation: Installation) -> None:
    client, stops = asking_stops(app)
    faults = {str(stop): faults_of(client.get(stop.path, headers=PSEUDO)) for stop in stops}
    faults["elsewhere"] = faults_of(app.test_client().get(stops[1].path, headers=PSEUDO))
    assert sentences(faults) == []


@pytest.mark.parametrize("fields", [{}, UNREADABLE], ids=["empty", "unreadable"])
def test_every_form_explains_its_errors_in_one_language(
    app: Flask, installation: Installation, fields: dict[str, str]
) -> None:
    faults, refused = {}, 0
    for stop in stops_of(app, installation, "POST"):
        client = client_of(app, installation, stop.visitor)
        response = send(client, stop.path, fields)
        refused += response.status_code == 422
        faults[str(stop)] = faults_of(response)
    assert refused > 5
    assert sentences(faults) == []


def test_a_form_that_has_to_wait_for_a_sign_in_speaks_one_language(
    app: Flask, installation: Installation
) -> None:
    faults = {}
    for stop in stops_of(app, installation, "POST"):
        if stop.visitor != NOBODY:
            faults[stop.path] = faults_of(send(app.test_client(), stop.path, UNREADABLE))
    assert sentences(faults) == []


def test_the_pages_of_the_set_up_speak_one_language(app: Flask, databases: Databases) -> None:
    client = app.test_client()
    pages = {"before": client.get("/app/setup/", headers=PSEUDO)}
    client.get(f"/app/setup/link/{setup_token(databases)}")
    pages["link over"] = app.test_client().get("/app/setup/link/over", headers=PSEUDO)
    pages["owner"] = client.get("/app/setup/you", headers=PSEUDO)
    pages["owner, errors"] = send(client, "/app/setup/you", UNREADABLE)
    owner = {"mode": "practice", "name": "Ada", "email": "ada@shop.example", "language": "de"}
    pages["brand"] = send(client, "/app/setup/you", owner | {"timezone": "Europe/Berlin"})
    pages["brand, errors"] = send(client, "/app/setup/brand", UNREADABLE)
    brand = {"name": BRAND, "host": "shop.example", "currency": "EUR", "timezone": "Europe/Berlin"}
    program = send(client, "/app/setup/brand", brand)
    assert [page.status_code for page in (*pages.values(), program)] == [200, 410, 200, 422, 200, 422, 200]
    pages["program"] = program
    for name in ("", "shop", "creators", "team"):
        path = program.request.path.replace("program", name)
        pages[name or "home"] = client.get(path, headers=PSEUDO)
    assert sentences({name: faults_of(page) for name, page in pages.items()}) == []


def send(client: FlaskClient, path: str, fields: dict[str, str]) -> TestResponse:
    headers = PSEUDO | SAME_ORIGIN
    first = client.post(path, data=fields, headers=headers)
    location = first.location or ""
    return client.get(location, headers=PSEUDO) if location.startswith("/") else first
