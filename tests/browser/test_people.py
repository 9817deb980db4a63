"""Sign-in, profile, team and invitations in a browser: without scripts, at any size, on a second device."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlalchemy.orm import Session

from config.database import Databases, open_databases, transact
from config.settings import Settings
from tests.browser.accessible import DESKTOP, PHONE, View, faults_of
from tests.cast.people import PERSON
from tests.conftest import settings_for
from tests.harness.processes.web_thread import serve_app
from tests.tracker.people.sign_in.mails import ReceivedMail, last_mail
from tracker.people.accounts.memberships import add_member
from tracker.people.accounts.operations import create_brand, create_user
from tracker.people.accounts.roles import Role
from tracker.people.invitations.operations import Sending, invite
from tracker.people.invitations.rules import member_offer
from wsgi import create_app

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

FAY = "fay@people.example"
LONG = "Kaffee " + "W" * 110
UGLY = "<script>alert(1)</script> " + "x" * 90
VIEWS = (PHONE, View(1280, 900, "dark"), View(320, 256, "light"))


@dataclass(frozen=True)
class Place:
    """A served installation with a brand whose owner is Fay, who is a viewer of another one, too."""

    url: str
    settings: Settings
    databases: Databases
    brand_id: str

    @property
    def mail(self) -> ReceivedMail:
        return last_mail(self.settings, self.databases)


@pytest.fixture(scope="module")
def place(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    home = tmp_path_factory.mktemp("people") / "home"
    shutil.copytree(sqlite_template, home)
    settings, now = settings_for(home), datetime.now(UTC)
    databases = open_databases(settings)

    def fill(session: Session) -> str:
        brands = [
            create_brand(session, now, name=name, currency="EUR", timezone="UTC").id for name in (LONG, "B")
        ]
        fay = create_user(session, now, email=FAY, name=UGLY).id
        for brand_id, role in zip(brands, ("owner", "viewer"), strict=True):
            add_member(session, now, brand_id=brand_id, user_id=fay, role=role)
        return brands[0]

    brand_id = transact(databases.main, fill)
    app = create_app(settings)
    with serve_app(app) as url:
        yield Place(url, settings, databases, brand_id)
    app.extensions["linkledger"].databases.close()
    databases.close()


def new_context(browser: Browser, view: View = PHONE, *, scripts: bool = False) -> BrowserContext:
    size = {"width": view.width, "height": view.height}
    return browser.new_context(viewport=size, java_script_enabled=scripts, locale="en")  # type: ignore[arg-type]


def ask(page: Page, place: Place) -> None:
    page.goto(place.url)
    page.get_by_label("E-mail address").fill(FAY)
    page.get_by_role("button", name="Send me a code").click()
    expect(page.get_by_role("heading", name="Type the code from the mail")).to_be_visible()


def type_code(page: Page, code: str) -> None:
    page.get_by_label("Code, six digits").fill(code)
    page.get_by_role("button", name="Sign in").click()


@pytest.mark.parametrize("view", [PHONE, View(320, 568, "light"), DESKTOP], ids=lambda view: view.name)
def test_a_person_signs_in_by_code_and_out_everywhere_without_scripts(
    browser: Browser, place: Place, view: View
) -> None:
    context = new_context(browser, view)
    page = context.new_page()
    ask(page, place)
    code = place.mail.code
    type_code(page, f"{(int(code) + 1) % 1_000_000:06}")
    expect(page.get_by_text("You have 4 more tries")).to_be_visible()
    assert page.title().startswith("Error:")
    type_code(page, f"{code[:3]} {code[3:]}")
    expect(page.get_by_role("heading", name="Where to?")).to_be_visible()
    page.goto(f"{place.url}/app/profile")
    page.get_by_role("button", name="Sign out everywhere").click()
    expect(page.get_by_text("You are signed out.")).to_be_visible()
    page.go_back()
    page.reload()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    context.close()


def test_the_link_works_here_and_asks_for_the_code_on_a_second_device(browser: Browser, place: Place) -> None:
    desktop, phone = new_context(browser, DESKTOP, scripts=True), new_context(browser)
    first, second = desktop.new_page(), phone.new_page()
    ask(first, place)
    mail = place.mail
    second.goto(place.url + mail.path)
    expect(second.get_by_text("The link alone works only in the browser")).to_be_visible()
    first.goto(place.url + mail.path)
    first.get_by_role("button", name="Sign in").click()
    expect(first.get_by_role("heading", name="Where to?")).to_be_visible()
    type_code(second, mail.code)
    expect(second.get_by_text("no longer works")).to_be_visible()
    ask(second, place)
    type_code(second, place.mail.code)
    expect(second.get_by_role("heading", name="Where to?")).to_be_visible()
    desktop.close()
    phone.close()


def test_an_invitation_is_accepted_without_scripts(browser: Browser, place: Place) -> None:
    context = new_context(browser)
    page = context.new_page()
    page.goto(invitation(place, "gil@people.example"))
    page.get_by_label("Your name").fill("Gil")
    page.get_by_role("button", name="Accept the invitation").click()
    expect(page.get_by_text("Tick the box to accept the invitation.").first).to_be_visible()
    page.get_by_label("I accept the invitation").check()
    page.get_by_role("button", name="Accept the invitation").click()
    expect(page.get_by_text("Welcome.")).to_be_visible()
    context.close()


def test_pages_are_accessible_and_fit_at_every_size(browser: Browser, place: Place) -> None:
    context = new_context(browser)
    page = context.new_page()
    ask(page, place)
    waiting, mail = page.url, place.mail
    pages = {"sign-in": "/app/sign-in", "over": "/app/sign-in/link/x", "link-elsewhere": mail.path}
    pages["invitation"] = invitation(place, "hal@people.example").removeprefix(place.url)
    faults = [
        fault for name, path in pages.items() for fault in judge(browser, place.url + path, name, context, 0)
    ]
    faults += judge(browser, waiting, "code", context)
    faults += judge(browser, place.url + mail.path, "link", context)
    type_code(page, mail.code)
    own = {"home": "/app/", "profile": "/app/profile", "step-up": "/app/step-up"}
    own["team"] = f"/app/brands/{place.brand_id}/team"
    for name, path in own.items():
        faults += judge(browser, place.url + path, name, context)
    assert not faults, "\n".join(faults)
    context.close()


def judge(browser: Browser, url: str, name: str, context: BrowserContext, signed_in: int = 1) -> list[str]:
    cookies = list(context.cookies()) if signed_in else []
    return [f"{name}: {each}" for each in faults_of(browser, url, name=name, cookies=cookies, views=VIEWS)]


def invitation(place: Place, email: str) -> str:
    """The address of a new invitation to the brand."""
    make = partial(
        invite,
        now=datetime.now(UTC),
        offer=member_offer(place.brand_id, Role.MANAGER),
        actor=PERSON,
        sending=Sending(place.url, place.settings.secret_keys),
        email=email,
    )
    return transact(place.databases.main, make).url
