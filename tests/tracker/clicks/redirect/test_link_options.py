"""Options of links at both entry points: labels, deep links, expiry, fallback pages, brand domains."""

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
from tests.cast.people import PERSON, START, Cast
from tests.tracker.clicks.in_process import BROWSER, OpenInProcess, RecordedResponse, SendRequest
from tests.tracker.clicks.traffic import DEADLINE_S
from tracker.clicks.models import Click
from tracker.clicks.redirect.link_cache import POLL_S
from tracker.people.accounts.operations import create_brand
from tracker.programs.links.domains import add_domain, remove_domain, set_fallback
from tracker.programs.links.operations import LinkOptions, create_link
from tracker.programs.links.state_changes import expire_link, set_link_state
from tracker.programs.operations import set_parameters

FALLBACK = "https://shop.example/gone"
Change = Callable[[Session], object]


@pytest.fixture
def send_request(in_process: OpenInProcess, settings: Settings, link_id: str) -> Iterator[SendRequest]:
    assert link_id
    with in_process(settings) as send_request:
        yield send_request


@pytest.fixture
def link_id(databases: Databases, cast: Cast, now: datetime) -> str:
    """A link at /anna that passes two labels and allows deep links; its program adds a parameter."""

    def make(session: Session) -> str:
        owner: dict[str, Any] = {"program_id": cast.program_id, "creator_id": cast.member_id}
        set_parameters(
            session, now, actor=PERSON, program_id=cast.program_id, parameters={"utm_medium": "link"}
        )
        options = LinkOptions(("s1", "utm_source"), deep_links=True)
        to = "https://shop.example/tea?x=1#top"
        return create_link(
            session, now, actor=PERSON, **owner, destination=to, code="anna", options=options
        ).id

    return transact(databases.main, make)


def destination(response: RecordedResponse) -> str:
    """The address without the token, which it must have."""
    assert response.location is not None
    address, separator, rest = response.location.partition("&ll=")
    assert separator
    return address + "".join(rest.partition("#")[1:])


def test_labels_are_passed_encoded_and_stored_with_the_click(
    send_request: SendRequest, databases: Databases
) -> None:
    response = send_request("/anna", "s1=a+b%26c&utm_source=%C3%A9&evil=1&s2=no")
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
def test_a_deep_link_is_a_path_on_the_host_of_the_link(
    send_request: SendRequest, query: str, leads_to: str
) -> None:
    assert destination(send_request("/anna", query)) == leads_to


def request_until(
    status: int, send_request: SendRequest, path: str = "/anna", host: str = ""
) -> RecordedResponse:
    """Repeat the request until it has this status: a cached link is at most one poll old."""
    end = threading.Event()
    timer = threading.Timer(DEADLINE_S + POLL_S, end.set)
    timer.start()
    headers = [BROWSER, ("Host", host)] if host else [BROWSER]
    while (response := send_request(path, headers=headers)).status != status and not end.is_set():
        end.wait(0.02)
    timer.cancel()
    assert response.status == status
    return response


@pytest.mark.parametrize(
    ("state", "status", "content"), [("paused", 404, "leads nowhere"), ("ended", 410, "has ended")]
)
def test_an_inactive_link_shows_a_page_or_redirects_to_the_fallback(
    send_request: SendRequest,
    databases: Databases,
    cast: Cast,
    link_id: str,
    state: str,
    status: int,
    content: str,
) -> None:
    assert send_request("/anna").status == 302
    transact(databases.main, lambda s: set_link_state(s, START, actor=PERSON, link_id=link_id, state=state))
    response = request_until(status, send_request)
    assert content in response.body.decode()
    assert {name.lower(): value for name, value in response.headers}["cache-control"] == "no-store, private"
    transact(
        databases.main, lambda s: set_fallback(s, START, actor=PERSON, brand_id=cast.brand_id, url=FALLBACK)
    )
    assert request_until(302, send_request).location == FALLBACK


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_a_cached_link_expires_on_time(send_request: SendRequest, databases: Databases, link_id: str) -> None:
    at = datetime.now(UTC) + timedelta(seconds=1)
    transact(
        databases.main, lambda s: expire_link(s, datetime.now(UTC), actor=PERSON, link_id=link_id, at=at)
    )
    assert send_request("/anna").status == 302
    assert request_until(410, send_request).location is None
    assert datetime.now(UTC) >= at


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_a_brand_domain_finds_only_links_of_that_brand(
    send_request: SendRequest, databases: Databases, cast: Cast, now: datetime
) -> None:
    def add(session: Session) -> None:
        add_domain(session, now, actor=PERSON, brand_id=cast.brand_id, host="go.teas.example", own_host="")
        other = create_brand(
            session, now, name="Mugs", currency="EUR", timezone="Europe/Berlin", hosts=["mugs.example"]
        )
        add_domain(session, now, actor=PERSON, brand_id=other.id, host="go.mugs.example", own_host="")

    assert request_until(302, send_request, host="go.mugs.example").location, "no brand has this host yet"
    transact(databases.main, add)
    request_until(404, send_request, host="Go.Mugs.example:8443")
    assert "ll=" in (request_until(302, send_request, host="go.teas.example").location or "")
    assert "ll=" in (request_until(302, send_request, host="anything.example").location or "")
    transact(
        databases.main, lambda s: set_fallback(s, now, actor=PERSON, brand_id=cast.brand_id, url=FALLBACK)
    )
    assert request_until(302, send_request, "/nobody", host="go.teas.example").location == FALLBACK
    transact(
        databases.main,
        lambda s: remove_domain(s, now, actor=PERSON, brand_id=cast.brand_id, host="go.teas.example"),
    )
    request_until(404, send_request, "/nobody", host="go.teas.example")


def test_a_cached_link_needs_no_database_query(send_request: SendRequest) -> None:
    statements: list[str] = []

    def record(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if threading.current_thread().name != "link-poller":
            statements.append(statement)

    event.listen(Engine, "before_cursor_execute", record)
    try:
        assert send_request("/anna", "s1=x").status == 302
        cold = [each for each in statements if "FROM link" in each and "link_domain" not in each]
        assert len(cold) == 1
        statements.clear()
        for host in ("go.teas.example", "other.example"):
            assert send_request("/anna", "s1=x", [BROWSER, ("Host", host)]).status == 302
        assert statements == []
    finally:
        event.remove(Engine, "before_cursor_execute", record)


@pytest.mark.parametrize("database_kind", ["sqlite"])
@pytest.mark.parametrize(("path", "status"), [("/anna", "302"), ("/nobody", "404")])
def test_each_response_is_counted_once(send_request: SendRequest, path: str, status: str) -> None:
    def counted() -> float:
        return REGISTRY.get_sample_value("linkledger_answers_total", {"status": status}) or 0

    before = counted()
    assert str(send_request(path).status) == status
    assert counted() == before + 1
