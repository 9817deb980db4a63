"""The core of the redirect, without an entry point."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from config.database import Databases
from config.settings import Settings
from tests.tracker.clicks.traffic import DEADLINE_S, LINK, NOW, BlockedWriters
from tests.tracker.clicks.visitors import CRAWLERS, PEOPLE, PREVIEWS
from tracker.clicks.counting.visitor_keys import VisitorKeys
from tracker.clicks.models import Click
from tracker.clicks.recording.recorder import Recorder
from tracker.clicks.redirect.request import RedirectResult, Visit, follow
from tracker.clicks.token import read_token
from tracker.programs.links.domains import Domain
from tracker.programs.links.operations import InactiveState, LinkTarget

KEYS = ("a long key for the tests of the redirect",)
TARGET = LinkTarget(LINK, "https://shop.example/tea?x=1#top", "ll", {"s1": "bio"}, None)
PLAIN = RedirectResult(302, "https://shop.example/tea?x=1#top")
BROWSER = {"user-agent": PEOPLE["Instagram on iPhone"][0], "referer": "https://l.instagram.com/secret"}


@pytest.fixture
def recorder(settings: Settings) -> Iterator[Recorder]:
    made = Recorder(settings.clicks_url)
    yield made
    made.close()


def open_link(
    recorder: Recorder, target: LinkTarget | None = TARGET, method: str = "GET", **given: Any
) -> RedirectResult:
    visit = Visit(method, "tea", given.pop("headers", BROWSER))
    deadline_s = given.pop("deadline_s", DEADLINE_S)
    return follow(visit, NOW, find_link=lambda _: target, recorder=recorder, keys=KEYS, deadline_s=deadline_s)


def rows(databases: Databases) -> list[Any]:
    with databases.clicks.connect() as connection:
        return list(connection.execute(select(Click.__table__)))


def counter(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"linkledger_{name}_total", labels) or 0


def test_a_person_is_redirected_with_the_token_of_a_stored_click(
    recorder: Recorder, databases: Databases
) -> None:
    before = counter("redirects", verdict="person")
    result = open_link(recorder)
    assert result.location is not None
    start, _, rest = result.location.partition("&ll=")
    assert (result.status, start, rest[-4:]) == (302, "https://shop.example/tea?x=1", "#top")
    token = read_token(KEYS, rest.removesuffix("#top"))
    [row] = rows(databases)
    assert (token.click_id, token.link_id, token.at) == (row.id, LINK, NOW)
    assert (token.earns, token.confirmed) == (True, True)
    assert (row.verdict, row.device, row.referrer_host) == ("person", "phone", "l.instagram.com")
    assert row.sub_ids == {"s1": "bio"}
    assert counter("redirects", verdict="person") == before + 1


def test_a_prerender_gets_a_token_that_earns_but_is_not_confirmed(
    recorder: Recorder, databases: Databases
) -> None:
    result = open_link(recorder, headers={**BROWSER, "sec-purpose": "prefetch;prerender"})
    assert result.location is not None
    token = read_token(KEYS, result.location.partition("ll=")[2].removesuffix("#top"))
    assert (token.earns, token.confirmed) == (True, False)
    assert [row.verdict for row in rows(databases)] == ["unconfirmed"]


@pytest.mark.parametrize(
    ("method", "headers", "verdict"),
    [
        ("HEAD", BROWSER, "head"),
        ("GET", {"user-agent": PREVIEWS["WhatsApp"]}, "preview"),
        ("GET", {"user-agent": CRAWLERS["Google"]}, "crawler"),
        ("GET", {}, "crawler"),
        ("GET", {**BROWSER, "sec-purpose": "prefetch"}, "prefetch"),
        ("GET", {**BROWSER, "sec-fetch-dest": "image"}, "embedded"),
    ],
)
def test_a_machine_is_recorded_and_redirected_without_a_token(
    recorder: Recorder, databases: Databases, method: str, headers: dict[str, str], verdict: str
) -> None:
    assert open_link(recorder, method=method, headers=headers) == PLAIN
    [row] = rows(databases)
    assert row.verdict == verdict
    assert row.reason


@pytest.mark.parametrize(
    ("target", "why"),
    [(None, "unknown"), (replace(TARGET, inactive=InactiveState.LINK_PAUSED), "inactive")],
    ids=["unknown", "inactive"],
)
def test_an_unknown_or_inactive_code_is_counted_but_not_stored(
    recorder: Recorder, databases: Databases, target: LinkTarget | None, why: str
) -> None:
    before = counter("unknown_codes", why=why)
    assert open_link(recorder, target) == RedirectResult(404)
    assert rows(databases) == []
    assert counter("unknown_codes", why=why) == before + 1


def test_a_click_that_misses_the_deadline_is_redirected_without_a_token_and_counted(
    settings: Settings,
) -> None:
    writers = BlockedWriters(blocked=True)
    slow = Recorder(settings.clicks_url, writers.open)
    before = counter("unrecorded_clicks")
    assert open_link(slow, deadline_s=0.01) == PLAIN
    assert counter("unrecorded_clicks") == before + 1
    writers.released.set()
    slow.close()


def test_a_failing_click_database_does_not_stop_the_redirect(tmp_path: Any) -> None:
    broken = Recorder(f"sqlite:///{tmp_path}/nowhere/clicks.db")
    assert open_link(broken) == PLAIN
    broken.close()


def test_unavailable_links_give_503(recorder: Recorder) -> None:
    def fail(_code: str) -> LinkTarget | None:
        raise OperationalError("SELECT", {}, Exception("the server is gone"))

    visit = Visit("GET", "tea", BROWSER)
    assert follow(visit, NOW, find_link=fail, recorder=recorder, keys=KEYS) == RedirectResult(503)


FALLBACK = "https://shop.example/ended"
OWN = Domain("brd_own", FALLBACK)


def visit_on(host: str, query: str = "") -> Visit:
    return Visit("GET", "tea", BROWSER, query=query, host=host, address="203.0.113.9")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"inactive": InactiveState.LINK_PAUSED}, RedirectResult(404)),
        ({"inactive": InactiveState.LINK_ENDED}, RedirectResult(410)),
        ({"inactive": InactiveState.PROGRAM_ENDED}, RedirectResult(410)),
        ({"expires_at": NOW}, RedirectResult(410)),
        ({"expires_at": NOW, "fallback_url": FALLBACK}, RedirectResult(302, FALLBACK)),
        ({"inactive": InactiveState.LINK_PAUSED, "fallback_url": FALLBACK}, RedirectResult(302, FALLBACK)),
    ],
    ids=str,
)
def test_an_inactive_link_redirects_to_the_fallback_or_shows_an_error_page(
    recorder: Recorder, databases: Databases, changes: dict[str, Any], expected: RedirectResult
) -> None:
    assert open_link(recorder, replace(TARGET, **changes)) == expected
    assert rows(databases) == []


@pytest.mark.parametrize(
    ("target", "domain", "status"),
    [
        (replace(TARGET, brand_id="brd_own"), OWN, 302),
        (replace(TARGET, brand_id="brd_other"), Domain("brd_own", None), 404),
        (replace(TARGET, brand_id="brd_other"), None, 302),
        (None, Domain("brd_own", None), 404),
    ],
)
def test_a_brand_domain_serves_only_links_of_that_brand(
    recorder: Recorder, target: LinkTarget | None, domain: Domain | None, status: int
) -> None:
    hosts = []

    def find_domain(host: str) -> Domain | None:
        hosts.append(host)
        return domain

    result = follow(
        visit_on("Go.Own.example:443"),
        NOW,
        find_link=lambda _: target,
        recorder=recorder,
        keys=KEYS,
        find_domain=find_domain,
    )
    assert (result.status, hosts) == (status, ["Go.Own.example:443"])


def test_an_unknown_code_on_a_brand_domain_redirects_to_the_fallback(recorder: Recorder) -> None:
    for target in (None, replace(TARGET, brand_id="brd_other")):
        result = follow(
            visit_on("go.own.example"),
            NOW,
            find_link=lambda _, target=target: target,  # type: ignore[misc]
            recorder=recorder,
            keys=KEYS,
            find_domain=lambda _: OWN,
        )
        assert result == RedirectResult(302, FALLBACK)


def test_passed_labels_are_stored_with_the_click(recorder: Recorder, databases: Databases) -> None:
    link = replace(TARGET, passes=("s1", "utm_source"))
    visit = visit_on("", "s1=story&utm_source=mail&s2=x")
    result = follow(visit, NOW, find_link=lambda _: link, recorder=recorder, keys=KEYS)
    assert result.location is not None
    assert result.location.startswith("https://shop.example/tea?x=1&s1=story&utm_source=mail&ll=")
    assert [row.sub_ids for row in rows(databases)] == [{"s1": "story"}]


def test_country_and_visitor_hashes_are_stored_but_no_address(
    recorder: Recorder, databases: Databases, tmp_path: Path
) -> None:
    visit = visit_on("")._replace(address="8.8.8.8")
    for each in (visit, visit._replace(method="HEAD")):
        follow(
            each,
            NOW,
            find_link=lambda _: TARGET,
            recorder=recorder,
            keys=KEYS,
            visitor_keys=VisitorKeys(tmp_path),
        )
    person, machine = sorted(rows(databases), key=lambda row: row.verdict, reverse=True)
    assert (person.verdict, machine.verdict) == ("person", "head")
    assert (person.country, machine.country) == ("US", "US")
    assert len(person.visitor) == len(person.network) == 11
    assert (machine.visitor, machine.network) == (None, None)
    assert "8.8.8.8" not in str(person)


def test_responses_are_counted_by_status(recorder: Recorder) -> None:
    before = [counter("answers", status=status) for status in ("302", "404")]
    open_link(recorder)
    open_link(recorder, None)
    assert [counter("answers", status=status) for status in ("302", "404")] == [each + 1 for each in before]
