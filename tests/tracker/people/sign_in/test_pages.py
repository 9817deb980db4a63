"""Sign-in in the whole application, and attacks on it."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
import time_machine
from flask import Flask

from config.database import Databases
from config.settings import Settings
from tests.harness.databases.snapshots import NOW
from tests.tracker.people.sign_in.mails import received_mails
from tests.tracker.people.sign_in.visitors import COOKIE, FAY, Visitor
from tracker.people.sessions.rules import new_token

MINUTE = timedelta(minutes=1)


def test_a_person_signs_in_with_the_code_and_out(visitor: Visitor) -> None:
    assert visitor.get("/").location == "/app/sign-in"
    code_page = visitor.ask(FAY)
    assert 'If <b translate="no">fay@people.example</b>' in visitor.get(code_page).text
    done = visitor.post(code_page, code=visitor.mail().code)
    assert (done.status_code, done.location) == (303, "/app/")
    assert visitor.is_signed_in
    assert visitor.get("/").location == "/app/"
    assert visitor.get("/app/sign-in").location == "/app/"
    assert visitor.post("/app/sign-out").location == "/app/sign-in"
    assert not visitor.is_signed_in
    assert visitor.token is None


def test_a_person_signs_in_with_the_link_and_its_button(visitor: Visitor) -> None:
    visitor.ask(FAY)
    path = visitor.mail().path
    for _ in range(2):
        page = visitor.get(path)
        assert page.status_code == 200
        assert "<button" in page.text
    assert visitor.token is None
    assert visitor.post(path).location == "/app/"
    assert visitor.is_signed_in


def test_on_another_device_the_link_asks_for_the_code(arrive: Callable[[], Visitor]) -> None:
    desktop, phone = arrive(), arrive()
    desktop.ask(FAY)
    mail = desktop.mail()
    assert 'name="code"' in phone.get(mail.path).text
    assert phone.post(mail.path, code=mail.code).location == "/app/"
    assert phone.is_signed_in
    assert desktop.get(mail.path).status_code == 410


def test_a_scanner_that_follows_and_submits_gets_nowhere(
    arrive: Callable[[], Visitor], visitor: Visitor
) -> None:
    code_page = visitor.ask(FAY)
    mail, scanner = visitor.mail(), arrive()
    scanner.get(mail.path)
    for fields in ({}, {"code": ""}, {"code": "x"}):
        assert scanner.post(mail.path, **fields).status_code == 422
    assert scanner.token is None
    assert visitor.post(code_page, code=mail.code).location == "/app/"


def test_used_expired_and_foreign_links_get_the_same_page(
    arrive: Callable[[], Visitor], visitor: Visitor
) -> None:
    visitor.ask(FAY)
    used = visitor.mail().path
    visitor.post(used)
    other = arrive()
    other.ask(FAY)
    expired = other.mail().path
    with time_machine.travel(NOW + 16 * MINUTE):
        pages = [arrive().get(path) for path in (used, expired, f"/app/sign-in/link/{new_token()}")]
        pages += [arrive().post(path, code="123456") for path in (used, expired, "/app/sign-in/link/x")]
    assert {page.status_code for page in pages} == {410}
    assert len({page.text for page in pages}) == 1
    assert "Ask for a new one" in pages[0].text


def test_a_replayed_code_or_link_does_nothing(arrive: Callable[[], Visitor], visitor: Visitor) -> None:
    code_page = visitor.ask(FAY)
    mail = visitor.mail()
    visitor.post(code_page, code=mail.code)
    visitor.post("/app/sign-out")
    assert visitor.post(code_page, code=mail.code).status_code == 410
    assert visitor.post(mail.path, code=mail.code).status_code == 410
    assert not visitor.is_signed_in


def test_a_second_tab_or_a_second_click_leads_on(visitor: Visitor) -> None:
    code_page = visitor.ask(FAY, "/app/me/")
    code = visitor.mail().code
    visitor.post(code_page, code=code)
    assert visitor.post(f"{code_page}&next=/app/me/", code=code).location == "/app/me/"
    assert visitor.get(code_page).location == "/app/"


def test_the_second_click_on_the_link_leads_on(visitor: Visitor) -> None:
    visitor.ask(FAY, "/app/me/")
    path = visitor.mail().path
    assert [visitor.post(path).location for _ in range(2)] == ["/app/me/"] * 2


def test_a_code_whose_first_answer_was_lost_says_so_in_the_browser_that_asked(
    arrive: Callable[[], Visitor], visitor: Visitor
) -> None:
    code_page = visitor.ask(FAY)
    asked = visitor.client.get_cookie(f"{COOKIE}-asked")
    assert asked is not None
    mail = visitor.mail()
    visitor.post(code_page, code=mail.code)
    visitor.client.delete_cookie(COOKIE)
    visitor.client.set_cookie(f"{COOKIE}-asked", asked.value)
    pages = [visitor.post(code_page, code=mail.code), visitor.get(code_page), visitor.post(mail.path)]
    for page in pages:
        assert page.status_code == 410
        assert "was used just now, in this browser" in page.text
    assert not visitor.is_signed_in
    assert "was used just now" not in arrive().post(code_page, code=mail.code).text


def test_the_page_of_another_browser_s_code_shows_nothing(
    arrive: Callable[[], Visitor], visitor: Visitor
) -> None:
    code_page = visitor.ask(FAY)
    code = visitor.mail().code
    foreign = arrive()
    assert FAY not in foreign.get(code_page).text
    assert foreign.post(code_page, code=code).status_code == 410
    foreign.ask(FAY)
    assert foreign.post(code_page, code=code).status_code == 410


def test_a_wrong_code_says_how_many_tries_are_left_and_keeps_the_page(visitor: Visitor) -> None:
    code_page = visitor.ask(FAY)
    code = visitor.mail().code
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    texts = [visitor.post(code_page, code=wrong) for _ in range(5)]
    assert [page.status_code for page in texts] == [422] * 4 + [410]
    assert "You have 4 more tries" in texts[0].text
    assert "You have 1 more try." in texts[3].text
    assert "Error:" in texts[0].text.split("</title>")[0]
    assert visitor.post(code_page, code=code).status_code == 410


def test_an_unknown_address_gets_the_same_pages(arrive: Callable[[], Visitor]) -> None:
    texts = []
    for email in (FAY, "nobody@people.example"):
        visitor = arrive()
        code_page = visitor.ask(email)
        pages = [visitor.get(code_page), visitor.post(code_page, code="12345")]
        texts.append([page.text.replace(email, "X") for page in pages])
        assert [page.status_code for page in pages] == [200, 422]
    assert [t.split("/app/sign-in/code")[0] for t in texts[0]] == [
        t.split("/app/sign-in/code")[0] for t in texts[1]
    ]


def test_a_text_that_is_no_address_is_kept_in_the_form(visitor: Visitor) -> None:
    page = visitor.post("/app/sign-in", email="fay@<script>")
    assert page.status_code == 422
    assert 'value="fay@&lt;script&gt;"' in page.text
    assert "name@host.example" in page.text


def test_too_many_mails_are_refused_in_clear_words(visitor: Visitor) -> None:
    for _ in range(10):
        visitor.ask(FAY)
    page = visitor.post("/app/sign-in", email=FAY)
    assert (page.status_code, page.headers["Retry-After"]) == (429, "3600")
    assert "try again in 60 minutes" in page.text
    assert FAY in page.text


@pytest.mark.parametrize(
    "wanted", ["//evil.example", "https://evil.example/app/", "/app/\\evil", "/app/%2f%2fevil.example"]
)
def test_a_sign_in_leads_to_no_other_site(visitor: Visitor, wanted: str) -> None:
    code_page = visitor.ask(FAY, wanted)
    assert visitor.post(code_page, code=visitor.mail().code).location == "/app/"
    assert visitor.client.get("/app/sign-in", query_string={"next": wanted}).location == "/app/"


def test_a_sign_in_leads_to_the_page_that_was_asked_for(visitor: Visitor) -> None:
    asked = visitor.get("/app/step-up?next=/app/me/")
    assert asked.location == "/app/sign-in?next=/app/step-up?next%3D/app/me/"
    assert visitor.get(asked.location).status_code == 200
    code_page = visitor.ask(FAY, "/app/step-up?next=/app/me/")
    assert visitor.post(code_page, code=visitor.mail().code).location == "/app/step-up?next=/app/me/"


def test_a_token_that_was_planted_does_not_become_a_session(visitor: Visitor) -> None:
    planted = new_token()
    visitor.client.set_cookie(COOKIE, planted)
    visitor.sign_in(FAY)
    assert visitor.token not in (None, planted)


def test_a_copied_cookie_ends_with_the_session_it_was_copied_from(
    arrive: Callable[[], Visitor], visitor: Visitor
) -> None:
    visitor.sign_in(FAY)
    thief = arrive()
    thief.client.set_cookie(COOKIE, visitor.token or "")
    assert thief.is_signed_in
    visitor.post("/app/sign-out")
    assert not thief.is_signed_in


@pytest.mark.parametrize("site_header", ["cross-site", "same-site"])
def test_a_form_of_another_site_is_refused(visitor: Visitor, site_header: str) -> None:
    visitor.sign_in(FAY)
    for path in ("/app/sign-in", "/app/sign-out", "/app/step-up", "/app/sign-in/code"):
        response = visitor.client.post(path, headers={"Sec-Fetch-Site": site_header})
        assert response.status_code == 403
    assert visitor.is_signed_in


def test_cookies_are_out_of_reach_of_scripts_and_other_sites(app: Flask, visitor: Visitor) -> None:
    response = visitor.post(visitor.ask(FAY), code=visitor.mail().code)
    cookie = next(c for c in response.headers.getlist("Set-Cookie") if c.startswith(f"{COOKIE}="))
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/" in cookie
    secure = app.test_client().post(
        "/app/sign-in", data={"email": FAY}, base_url="https://ll.example", headers={"Sec-Fetch-Site": "none"}
    )
    over_tls = secure.headers["Set-Cookie"]
    assert over_tls.startswith("__Host-linkledger-asked=")
    assert "Secure" in over_tls
    assert "Domain" not in over_tls


def test_without_a_secure_connection_nobody_signs_in(app: Flask, fay: str) -> None:
    page = app.test_client().get("/app/sign-in", base_url="http://ll.example")
    assert page.status_code == 422
    assert "https://" in page.text


def test_a_session_ends_for_a_person_who_was_away_for_thirty_days(visitor: Visitor) -> None:
    visitor.sign_in(FAY)
    at: datetime = NOW
    for days in (20, 20, 31):
        at += timedelta(days=days)
        with time_machine.travel(at, tick=False):
            assert visitor.is_signed_in == (days < 30)


def test_the_session_cookie_lasts_with_its_use(visitor: Visitor) -> None:
    visitor.sign_in(FAY)
    assert "Set-Cookie" not in visitor.get("/app/").headers
    with time_machine.travel(NOW + 6 * MINUTE, tick=False):
        assert "Max-Age=2592000" in visitor.get("/app/").headers["Set-Cookie"]
        assert "Set-Cookie" not in visitor.get("/app/").headers


def test_no_address_token_or_code_reaches_a_log(visitor: Visitor, capfd: pytest.CaptureFixture[str]) -> None:
    visitor.sign_in(FAY)
    mail = visitor.mail()
    visitor.post("/app/sign-in", email="no address")
    visitor.get("/app/nothing-here")
    out, err = capfd.readouterr()
    for secret in (FAY, mail.code, mail.path.rpartition("/")[2], str(visitor.token), "127.0.0.1"):
        assert secret not in out + err


def test_mails_are_in_the_language_of_the_person(
    visitor: Visitor, settings: Settings, databases: Databases
) -> None:
    page = visitor.client.post(
        "/app/sign-in",
        data={"email": FAY},
        headers={"Accept-Language": "de", "Sec-Fetch-Site": "same-origin"},
    )
    assert page.status_code == 303
    assert "Anmeldecode" in received_mails(settings, databases)[-1].subject
