"""Passwords and passkeys in a browser with a virtual authenticator: added, used, removed."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlalchemy.orm import Session

from config.database import Databases, open_databases, transact
from config.settings import Settings
from tests.browser.accessible import PHONE, View, faults_of
from tests.conftest import settings_for
from tests.harness.processes.server import free_port
from tests.harness.processes.web_thread import serve_app
from tests.tracker.people.sign_in.mails import last_mail
from tracker.people.accounts.memberships import add_member
from tracker.people.accounts.operations import create_brand, create_user
from wsgi import create_app

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

FAY = "fay@people.example"
GOOD = "four green teapots sing"
VIEWS = (PHONE, View(1280, 900, "dark"), View(320, 256, "light"))
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@dataclass(frozen=True)
class Place:
    """A served installation. `url` has the name localhost, `bare` the number of the machine."""

    url: str
    bare: str
    settings: Settings
    databases: Databases

    @property
    def code(self) -> str:
        return last_mail(self.settings, self.databases).code


@pytest.fixture(scope="module")
def place(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    home, port = tmp_path_factory.mktemp("passkeys") / "home", free_port()
    shutil.copytree(sqlite_template, home)
    settings, now = settings_for(home, base_url=f"http://localhost:{port}"), datetime.now(UTC)
    databases = open_databases(settings)

    def fill(session: Session) -> None:
        fay = create_user(session, now, email=FAY, name="Fay").id
        for name in ("Teas", "Coffees"):
            brand = create_brand(session, now, name=name, currency="EUR", timezone="UTC")
            add_member(session, now, brand_id=brand.id, user_id=fay, role="manager")

    transact(databases.main, fill)
    app = create_app(settings)
    with serve_app(app, port) as bare:
        yield Place(settings.web_url, bare, settings, databases)
    app.extensions["linkledger"].databases.close()
    databases.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    opened = browser.new_context(viewport={"width": 390, "height": 844}, locale="en")
    yield opened
    opened.close()


def sign_in_by_code(page: Page, place: Place) -> None:
    page.goto(f"{place.url}/app/sign-in")
    page.get_by_label("E-mail address").fill(FAY)
    page.get_by_role("button", name="Send me a code").click()
    page.get_by_label("Code, six digits").fill(place.code)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Where to?")).to_be_visible()


def step_up_by_code(page: Page, place: Place) -> None:
    page.get_by_role("button", name="Send me a code").click()
    page.get_by_label("Code, six digits").fill(place.code)
    page.get_by_role("button", name="Confirm").click()


def sign_out(page: Page, place: Place) -> None:
    page.goto(f"{place.url}/app/profile")
    page.get_by_role("button", name="Sign out everywhere").click()
    expect(page.get_by_text("You are signed out.")).to_be_visible()


def test_a_passkey_is_added_signs_in_steps_up_and_is_removed(context: BrowserContext, place: Place) -> None:
    page = context.new_page()
    errors: list[str] = []
    page.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    device = context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    device.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    sign_in_by_code(page, place)
    page.goto(f"{place.url}/app/profile/passkeys")
    step_up_by_code(page, place)
    expect(page.get_by_text("You have no passkey yet.")).to_be_visible()
    page.get_by_label("Name").fill("My phone")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_text("The passkey is added.")).to_be_visible()
    sign_out(page, place)
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("heading", name="Where to?")).to_be_visible()
    page.goto(f"{place.url}/app/profile/passkeys")
    expect(page.get_by_role("heading", name="Confirm that it is you")).to_be_visible()
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_text("last used on")).to_be_visible()
    page.get_by_role("button", name="Remove My phone").click()
    expect(page.get_by_text("The passkey is removed.")).to_be_visible()
    sign_out(page, place)
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("heading", name="This passkey was not accepted")).to_be_visible()
    page.get_by_role("link", name="Back").click()
    assert [each for each in errors if "422" not in each] == []


def test_a_password_is_set_and_signs_in_without_scripts(browser: Browser, place: Place) -> None:
    context = browser.new_context(java_script_enabled=False, locale="en")
    page = context.new_page()
    sign_in_by_code(page, place)
    page.goto(f"{place.url}/app/profile/passkeys")
    step_up_by_code(page, place)
    expect(page.get_by_text("This browser makes no passkey here.")).to_be_visible()
    expect(page.get_by_role("button", name="Add a passkey")).to_be_hidden()
    page.goto(f"{place.url}/app/profile/password")
    page.get_by_label("New password").fill("short")
    page.get_by_role("button", name="Set the password").click()
    expect(page.get_by_text("A password has at least 12 characters.").first).to_be_visible()
    page.get_by_label("New password").fill(GOOD)
    page.get_by_role("button", name="Set the password").click()
    expect(page.get_by_text("Your password is set.")).to_be_visible()
    sign_out(page, place)
    expect(page.get_by_role("button", name="Use a passkey")).to_be_hidden()
    page.get_by_role("link", name="Use a password instead").click()
    page.get_by_label("E-mail address").fill(FAY)
    page.get_by_label("Password", exact=True).fill(GOOD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Where to?")).to_be_visible()
    context.close()


def test_at_another_address_of_the_installation_no_passkey_is_offered(
    context: BrowserContext, place: Place
) -> None:
    page = context.new_page()
    page.goto(f"{place.bare}/app/sign-in")
    expect(page.get_by_role("link", name="Use a password instead")).to_be_visible()
    expect(page.get_by_role("button", name="Use a passkey")).to_be_hidden()


def test_the_pages_are_accessible_and_fit_at_every_size(
    browser: Browser, context: BrowserContext, place: Place
) -> None:
    page = context.new_page()
    sign_in_by_code(page, place)
    page.goto(f"{place.url}/app/profile/password")
    step_up_by_code(page, place)
    cookies = list(context.cookies())
    faults = []
    for name, path, jar in (
        ("sign-in-ways", "/app/sign-in", []),
        ("sign-in-password", "/app/sign-in/password", []),
        ("password", "/app/profile/password", cookies),
        ("passkeys", "/app/profile/passkeys", cookies),
        ("profile-ways", "/app/profile", cookies),
    ):
        found = faults_of(browser, place.url + path, name=name, cookies=jar, views=VIEWS)
        faults += [f"{name}: {each}" for each in found]
    assert not faults, "\n".join(faults)
