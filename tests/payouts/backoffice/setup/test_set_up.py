"""The set-up in the browser without JavaScript: from the link to the brand."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import select

from config.database import Databases, read_session
from config.settings import Settings
from tests.payouts.backoffice.browsers import SAME_ORIGIN, Browser, new_browser, setup_token, sign_in
from tracker.audit.actions import Action
from tracker.audit.models import AuditEntry
from tracker.people.accounts.models import Brand, BrandHost, Membership, User
from tracker.people.installation.mode import mode_of
from tracker.people.installation.rules import Mode
from tracker.people.sessions.cookies import SESSION_COOKIE

OWNER = {"mode": "practice", "name": "Ada", "email": "ada@shop.example", "language": "de"}
OWNER |= {"timezone": "Europe/Berlin"}
BRAND = {"name": "Kaffee Nord", "host": "https://shop.example/tea", "currency": "eur"}
BRAND |= {"timezone": "Europe/Berlin"}
LINK = "/app/setup/link/"


@pytest.fixture
def browser(settings: Settings, databases: Databases) -> Iterator[Browser]:
    with new_browser(settings) as opened:
        yield opened


@pytest.fixture
def token(databases: Databases) -> str:
    return setup_token(databases)


def test_without_the_link_the_page_says_where_it_stands(browser: Browser, token: str) -> None:
    for path in ("/app/setup/", "/app/setup/you"):
        page = browser.open(path)
        assert browser.at == "/app/setup/"
        assert "printed in the terminal" in page
        assert "linkledger setup-link" in page
    browser.send("/app/setup/you", OWNER)
    assert browser.at == "/app/setup/"


def test_the_token_is_exchanged_at_once_for_a_cookie(browser: Browser, token: str) -> None:
    response = browser.client.get(LINK + token)
    assert (response.status_code, response.headers["Location"]) == (303, "/app/setup/you")
    cookie = response.headers["Set-Cookie"]
    assert token not in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert token not in browser.open("/app/setup/you")


def test_a_used_link_opens_nothing_in_another_browser(
    browser: Browser, token: str, settings: Settings
) -> None:
    browser.open(LINK + token)
    assert browser.at == "/app/setup/you"
    with new_browser(settings) as other:
        assert "This set-up link has ended" in other.open(LINK + token)
        assert other.status == 410
    browser.open(LINK + token)  # reloaded in the browser that opened it
    assert browser.at == "/app/setup/you"


def test_a_look_ahead_does_not_use_the_link_up(browser: Browser, token: str) -> None:
    assert browser.client.head(LINK + token).status_code == 204
    assert browser.client.get(LINK + token, headers={"Sec-Purpose": "prefetch"}).status_code == 204
    browser.open(LINK + token)
    assert browser.at == "/app/setup/you"


def test_the_form_guesses_language_and_zone_from_the_headers(browser: Browser, token: str) -> None:
    browser.open(LINK + token)
    browser.open("/app/setup/you", **{"Accept-Language": "de-AT,en;q=0.5"})
    assert browser.value("timezone") == "Europe/Vienna"
    assert '<html lang="de">' in browser.page
    browser.open("/app/setup/you", **{"Accept-Language": "x-klingon"})
    assert browser.value("timezone") == "UTC"


def test_the_first_user_operates_the_installation_and_owns_the_brand(
    browser: Browser, token: str, databases: Databases
) -> None:
    browser.open(LINK + token)
    browser.send(fields=OWNER)
    assert browser.at == "/app/setup/brand"
    browser.send(fields=BRAND)
    assert browser.at.endswith("/program")
    with read_session(databases.main) as session:
        user = session.scalars(select(User)).one()
        brand = session.scalars(select(Brand)).one()
        member = session.scalars(select(Membership)).one()
        actions = session.scalars(select(AuditEntry.action)).all()
        hosts = session.scalars(select(BrandHost.host)).all()
        mode = mode_of(session)
    assert (user.email, user.language, user.timezone, user.is_operator) == (
        "ada@shop.example",
        "de",
        "Europe/Berlin",
        True,
    )
    assert (brand.name, brand.currency, list(hosts)) == ("Kaffee Nord", "EUR", ["shop.example"])
    assert (member.user_id, member.role, mode) == (user.id, "owner", Mode.PRACTICE)
    assert Action.INSTALLATION_SET_UP in actions


def test_nothing_typed_is_lost_and_errors_stand_at_their_fields(browser: Browser, token: str) -> None:
    browser.open(LINK + token)
    page = browser.send(fields=OWNER | {"name": "<b>" + "x" * 500, "email": "ada@", "timezone": "Berlin"})
    assert browser.status == 422
    assert "<title>Error:" in page
    assert browser.value("email") == "ada@"
    assert browser.value("name").startswith("&lt;b&gt;xxx")
    assert page.count('aria-invalid="true"') == 3


def test_real_says_which_settings_are_missing(browser: Browser, token: str, databases: Databases) -> None:
    page = browser.open(LINK + token)
    for variable in ("LINKLEDGER_RAIL=stripe", "LINKLEDGER_STRIPE_API_KEY", "LINKLEDGER_BASE_URL"):
        assert variable in page
    browser.send(fields=OWNER | {"mode": "real"})
    assert browser.status == 422
    with read_session(databases.main) as session:
        assert session.scalars(select(User)).all() == []


def test_the_set_up_ends_with_the_first_user(
    browser: Browser, token: str, databases: Databases, settings: Settings
) -> None:
    browser.open(LINK + token)
    second = setup_token(databases)
    with new_browser(settings) as other:
        other.open(LINK + second)
        assert other.at == "/app/setup/you"
        browser.send(fields=OWNER)
        other.send(fields=OWNER | {"email": "eve@shop.example"})
        assert not other.at.startswith("/app/setup/you")
    with read_session(databases.main) as session:
        assert session.scalars(select(User.email)).all() == ["ada@shop.example"]


def test_a_form_of_another_site_sets_up_nothing(browser: Browser, token: str, databases: Databases) -> None:
    browser.open(LINK + token)
    sent = browser.client.post("/app/setup/you", data=OWNER, headers={"Sec-Fetch-Site": "cross-site"})
    assert sent.status_code == 403
    assert browser.client.post("/app/setup/you", data=OWNER, headers=SAME_ORIGIN).status_code == 303


def test_only_an_operator_creates_brands(browser: Browser, databases: Databases) -> None:
    sign_in(browser, databases, "eve@shop.example")
    browser.open("/app/setup/brand")
    assert browser.status == 404


@pytest.mark.parametrize(
    ("typed", "wrong"),
    [
        ({"host": "shop"}, "host"),
        ({"currency": "EURO"}, "currency"),
        ({"name": ""}, "name"),
        ({"timezone": "Europe/Nowhere"}, "timezone"),
    ],
)
def test_a_wrong_field_of_the_brand_is_named(
    browser: Browser, token: str, typed: dict[str, str], wrong: str
) -> None:
    browser.open(LINK + token)
    browser.send(fields=OWNER)
    page = browser.send("/app/setup/brand", BRAND | typed)
    assert browser.status == 422
    assert f'id="{wrong}-error"' in page
    assert browser.value(wrong) == typed[wrong]


def test_of_two_browsers_that_set_up_at_once_one_does(databases: Databases, settings: Settings) -> None:
    with new_browser(settings) as first, new_browser(settings) as second:
        for browser in (first, second):
            browser.open(LINK + setup_token(databases))
            assert browser.at == "/app/setup/you"
        start = Barrier(2)

        def go(browser: Browser, email: str) -> int:
            start.wait()
            fields = OWNER | {"email": email}
            return browser.client.post("/app/setup/you", data=fields, headers=SAME_ORIGIN).status_code

        with ThreadPoolExecutor(2) as pool:
            found = list(pool.map(go, (first, second), ("ada@shop.example", "eve@shop.example")))
        signed_in = [browser.client.get_cookie(SESSION_COOKIE) is not None for browser in (first, second)]
    assert set(found) <= {303, 409, 422}
    assert signed_in.count(True) == 1
    with read_session(databases.main) as session:
        assert len(session.scalars(select(User)).all()) == 1
