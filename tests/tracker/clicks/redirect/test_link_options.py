"""What a link may do, at both doors: labels, deeper pages, expiry, fallback pages, a brand's host name."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import event, select
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from config.database import Databases, transact
from config.settings import Settings
from tests.tracker.cast import Cast
from tests.tracker.clicks.in_process import BROWSER, OpenInProcess, RecordedResponse, SendRequest
from tests.tracker.clicks.traffic import DEADLINE_S
from tracker.clicks.models import Click
from tracker.clicks.redirect.link_cache import POLL_S
from tracker.people.accounts.operations import create_brand
from tracker.programs.links.domains import add_domain, remove_domain, set_fallback
from tracker.programs.links.operations import LinkOptions, create_link, expire_link, set_link_state
from tracker.programs.operations import set_parameters

FALLBACK = "https://shop.example/gone"
Change = Callable[[Session], object]


@pytest.fixture
def ask(in_process: OpenInProcess, settings: Settings, link_id: str) -> Iterator[SendRequest]:
    assert link_id
    with in_process(settings) as opened:
        yield opened


@pytest.fixture
def link_id(databases: Databases, cast: Cast, now: datetime) -> str:
    """At /anna, of a program that adds a parameter; it passes two labels on and leads deeper."""

    def make(session: Session) -> str:
        them: dict[str, Any] = {"program_id": cast.program_id, "creator_id": cast.anna_id}
        set_parameters(session, program_id=cast.program_id, parameters={"utm_medium": "link"})
        options = LinkOptions(("s1", "utm_source"), deep_links=True)
        to = "https://shop.example/tea?x=1#top"
        return create_link(session, now, **them, destination=to, code="anna", options=options).id

    return transact(databases.main, make)


def destination(response: RecordedResponse) -> str:
    """Without the token, which must be there."""
    assert response.location is not None
    address, mark, rest = response.location.partition("&ll=")
    assert mark
    return address + "".join(rest.partition("#")[1:])


def test_labels_are_passed_encoded_and_stored_with_the_click(ask: SendRequest, databases: Databases) -> None:
    response = ask("/anna", "s1=a+b%26c&utm_source=%C3%A9&evil=1&s2=no")
    assert destination(response) == (
        "https://shop.example/tea?x=1&utm_medium=link&s1=a%20b%26c&utm_source=%C3%A9#top"
    )
    with databases.clicks.connect() as connection:
        assert list(connection.scalars(select(Click.sub_ids))) == [{"s1": "a b&c"}]


@pytest.mark.parametrize("database_kind", ["sqlite"])
@pytest.mark.parametrize(
    ("query", "leads_to"),
    [
        ("to=/cups%3Fsize%3D2", "https://shop.example/cups?size=2&utm_medium=link"),
        ("to=//evil.example/", "https://shop.example/tea?x=1&utm_medium=link#top"),
        ("to=https://evil.example/", "https://shop.example/tea?x=1&utm_medium=link#top"),
        ("to=/%0d%0aSet-Cookie:x", "https://shop.example/tea?x=1&utm_medium=link#top"),
    ],
)
def test_a_deep_link_is_a_path_on_the_host_of_the_link(ask: SendRequest, query: str, leads_to: str) -> None:
    assert destination(ask("/anna", query)) == leads_to


def until(status: int, ask: SendRequest, path: str = "/anna", host: str = "") -> RecordedResponse:
    """What is in memory is at most a poll old."""
    end = threading.Event()
    timer = threading.Timer(DEADLINE_S + POLL_S, end.set)
    timer.start()
    headers = [BROWSER, ("Host", host)] if host else [BROWSER]
    while (response := ask(path, headers=headers)).status != status and not end.is_set():
        end.wait(0.02)
    timer.cancel()
    assert response.status == status
    return response


@pytest.mark.parametrize(
    ("state", "status", "says"), [("paused", 404, "leads nowhere"), ("ended", 410, "has ended")]
)
def test_an_inactive_link_shows_a_page_or_redirects_to_the_fallback(
    ask: SendRequest, databases: Databases, cast: Cast, link_id: str, state: str, status: int, says: str
) -> None:
    assert ask("/anna").status == 302
    transact(databases.main, lambda s: set_link_state(s, link_id=link_id, state=state))
    response = until(status, ask)
    assert says in response.body.decode()
    assert {name.lower(): value for name, value in response.headers}["cache-control"] == "no-store, private"
    transact(databases.main, lambda s: set_fallback(s, brand_id=cast.brand_id, url=FALLBACK))
    assert until(302, ask).location == FALLBACK


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_a_cached_link_expires_on_time(ask: SendRequest, databases: Databases, link_id: str) -> None:
    at = datetime.now(UTC) + timedelta(seconds=1)
    transact(databases.main, lambda s: expire_link(s, datetime.now(UTC), link_id=link_id, at=at))
    assert ask("/anna").status == 302
    assert until(410, ask).location is None
    assert datetime.now(UTC) >= at


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_a_brand_domain_finds_only_links_of_that_brand(
    ask: SendRequest, databases: Databases, cast: Cast, now: datetime
) -> None:
    def add(session: Session) -> None:
        add_domain(session, now, brand_id=cast.brand_id, host="go.teas.example", own_host="")
        other = create_brand(
            session, now, name="Mugs", currency="EUR", timezone="Europe/Berlin", hosts=["mugs.example"]
        )
        add_domain(session, now, brand_id=other.id, host="go.mugs.example", own_host="")

    assert until(302, ask, host="go.mugs.example").location, "it is nobody's host yet"
    transact(databases.main, add)
    until(404, ask, host="Go.Mugs.example:8443")
    assert "ll=" in (until(302, ask, host="go.teas.example").location or "")
    assert "ll=" in (until(302, ask, host="anything.example").location or "")
    transact(databases.main, lambda s: set_fallback(s, brand_id=cast.brand_id, url=FALLBACK))
    assert until(302, ask, "/nobody", host="go.teas.example").location == FALLBACK
    transact(databases.main, lambda s: remove_domain(s, brand_id=cast.brand_id, host="go.teas.example"))
    until(404, ask, "/nobody", host="go.teas.example")


def test_a_cached_link_needs_no_database_query(ask: SendRequest) -> None:
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if threading.current_thread().name != "link-poller":
            asked.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        assert ask("/anna", "s1=x").status == 302
        cold = [each for each in asked if "FROM link" in each and "link_domain" not in each]
        assert len(cold) == 1
        asked.clear()
        for host in ("go.teas.example", "other.example"):
            assert ask("/anna", "s1=x", [BROWSER, ("Host", host)]).status == 302
        assert asked == []
    finally:
        event.remove(Engine, "before_cursor_execute", note)


@pytest.mark.parametrize("database_kind", ["sqlite"])
@pytest.mark.parametrize(("path", "status"), [("/anna", "302"), ("/nobody", "404")])
def test_each_response_is_counted_once(ask: SendRequest, path: str, status: str) -> None:
    def counted() -> float:
        return REGISTRY.get_sample_value("linkledger_answers_total", {"status": status}) or 0

    before = counted()
    assert str(ask(path).status) == status
    assert counted() == before + 1
