"""The person of the current request, found once by the cookie of the session."""

from datetime import UTC, datetime

from flask import Flask, Response, g, request

from config.database import read_session, transact
from tracker.http.browser import browser_family
from tracker.http.proxy import PROXIED
from tracker.http.site import site
from tracker.language.requests import prefer_language
from tracker.people.access.person import Person, find_person
from tracker.people.sessions.cookies import session_token, set_session_cookie
from tracker.people.sessions.operations import BrowserFacts, record_seen

_COUNTRY_LENGTH = 2


def request_time() -> datetime:
    """The time of the current request, the same wherever it is asked for."""
    if "now" not in g:
        g.now = datetime.now(UTC)
    now: datetime = g.now
    return now


def current_person() -> Person | None:
    """The person who is signed in; None if nobody is. The database is asked once in a request."""
    if "person" not in g:
        g.person = _find()
    person: Person | None = g.person
    return person


def current_browser() -> BrowserFacts:
    """What a session keeps about the browser of this request: its family, and its country at most."""
    header = site().settings.country_header
    country = request.headers.get(header, "") if header and request.environ.get(PROXIED) else ""
    known = len(country) == _COUNTRY_LENGTH and country.isascii() and country.isalpha()
    return BrowserFacts(
        family=browser_family(request.headers.get("User-Agent", "")),
        country=country.upper() if known else None,
        entry_point=request.endpoint or "",
    )


def loaded_person() -> Person | None:
    """The person, if the view has asked for them; the database is not asked."""
    person: Person | None = g.get("person")
    return person


def install_sessions(app: Flask) -> None:
    """Keep the cookie of a session that is used."""
    app.after_request(_keep_cookie)


def _find() -> Person | None:
    token = session_token()
    if token is None:
        return None
    now = request_time()
    with read_session(site().databases.main) as session:
        person = find_person(session, now, token)
    if person is not None and person.should_record_seen(now):
        transact(site().databases.main, lambda session: record_seen(session, now, person.session_id))
        g.keep_session_cookie = token
    if person is not None and person.language is not None:
        prefer_language(person.language)
    return person


def _keep_cookie(response: Response) -> Response:
    """A cookie that is in use lasts for another 30 days."""
    if (token := g.get("keep_session_cookie")) and not response.headers.get("Set-Cookie"):
        set_session_cookie(response, token)
    return response
