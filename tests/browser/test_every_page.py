"""Every page of every role in one browser: accessible, at any size, silent under its policy, with ugly names.

The suite looks at each page in one of the views, by turns; `make nightly` looks at each page in all of them.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Browser
from sqlalchemy import update
from sqlalchemy.orm import Session

from config.database import transact
from tests.browser.accessible import PHONE, View, faults_of
from tests.conftest import settings_for
from tests.harness.processes.web_thread import serve_app
from tests.pages.installation import CREATOR, NOBODY, NOON, OPERATOR, Installation, furnish, make_ugly
from tests.pages.walk import NOT_FOUND, Stop, asking_stops, client_of, cookies_of, stops_of
from tracker.http.site import site
from tracker.people.accounts.models import User
from tracker.people.accounts.roles import Role
from wsgi import create_app

pytestmark = [pytest.mark.browser]

VIEWS = (PHONE, View(1280, 900, "dark"), View(320, 256, "light"))
READS_GERMAN = (CREATOR, OPERATOR, Role.FINANCE.value)


@dataclass(frozen=True)
class Served:
    """An installation with ugly names and its address; some of its people read German."""

    url: str
    app: Flask
    installation: Installation

    def pages(self) -> Iterator[tuple[Stop, FlaskClient]]:
        """All documents, each with a browser that may open it; parts of pages and redirects are left out."""
        stops = [*stops_of(self.app, self.installation), Stop("error", NOT_FOUND, NOBODY)]
        found = [(stop, client_of(self.app, self.installation, stop.visitor)) for stop in stops]
        asking, asked = asking_stops(self.app)
        for stop, client in [*found, *((stop, asking) for stop in asked)]:
            if client.get(stop.path).text.startswith("<!doctype html>"):
                yield stop, client


@pytest.fixture(scope="module")
def served(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("every-page") / "home"
    shutil.copytree(sqlite_template, home)
    settings = settings_for(home)
    installation = furnish(settings)
    app = create_app(settings)
    german = update(User).where(User.id.in_([installation.users[name] for name in READS_GERMAN]))

    def disguise(session: Session) -> None:
        make_ugly(session)
        session.execute(german.values(language="de"))

    with app.app_context():
        transact(site().databases.main, disguise)
    with time_machine.travel(NOON), serve_app(app) as url:
        yield Served(url, app, installation)
    app.extensions["linkledger"].databases.close()


@pytest.mark.timeout(240)
def test_every_page_is_usable_in_one_of_the_views(browser: Browser, served: Served) -> None:
    faults, seen = [], set()
    for (stop, client), view in zip(served.pages(), cycle(VIEWS), strict=False):
        seen.add(stop.endpoint)
        faults += judge(browser, served, stop, client, (view,))
    assert len(seen) > 20
    assert not faults, "\n".join(faults)


@pytest.mark.nightly
@pytest.mark.timeout(900)
def test_every_page_is_usable_in_all_views(browser: Browser, served: Served) -> None:
    faults = [
        fault for stop, client in served.pages() for fault in judge(browser, served, stop, client, VIEWS)
    ]
    assert not faults, "\n".join(faults)


def judge(
    browser: Browser, served: Served, stop: Stop, client: FlaskClient, views: tuple[View, ...]
) -> list[str]:
    cookies = cookies_of(client, served.url)
    found = faults_of(browser, served.url + stop.path, name=stop.name, cookies=cookies, views=views)
    return [f"{stop}: {fault}" for fault in found]
