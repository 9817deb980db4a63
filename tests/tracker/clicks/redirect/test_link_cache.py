"""The link cache is correct after every change, survives outages and shares reads."""

import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime

import pytest
from sqlalchemy import text, update
from sqlalchemy.orm import Session

from config.database import Databases, read_session, transact
from tests.cast.people import PERSON, START, Cast
from tests.tracker.clicks.entry_points import make_link
from tests.tracker.clicks.traffic import DEADLINE_S, LINK
from tracker.clicks.redirect.link_cache import (
    NOT_CACHED,
    LinkCache,
    LinksUnavailable,
)
from tracker.clicks.redirect.link_source import LinkSource, link_source
from tracker.people.accounts.models import Brand
from tracker.programs.links.changes import MAX_CHANGES, LinkChanges, changes_since, link_version
from tracker.programs.links.operations import InactiveState, LinkLookup, LinkTarget
from tracker.programs.links.state_changes import set_link_state
from tracker.programs.models import Enrollment, Link, Program

TARGET = LinkTarget(LINK, "https://shop.example/tea", "ll", {}, None)
NEVER_S = 3600.0


@pytest.fixture
def link_id(databases: Databases, cast: Cast, now: datetime) -> str:
    return make_link(databases, cast, now)


@pytest.fixture
def links(databases: Databases) -> Iterator[LinkCache]:
    cache = LinkCache(link_source(databases.main), poll_s=NEVER_S)
    yield cache
    cache.close()


def change(databases: Databases, link_id: str, state: str = "paused") -> None:
    transact(
        databases.main,
        lambda session: set_link_state(session, START, actor=PERSON, link_id=link_id, state=state),
    )


def version_of(databases: Databases) -> int:
    with read_session(databases.main) as session:
        return link_version(session)


def changes_of(databases: Databases, seen: int) -> LinkChanges:
    with read_session(databases.main) as session:
        return changes_since(session, seen)


def cache_without_changes(read: Callable[[str], LinkLookup]) -> LinkCache:
    return LinkCache(LinkSource(read, lambda _seen: LinkChanges(0, {})), poll_s=NEVER_S)


def test_every_committed_change_increments_the_version(databases: Databases, link_id: str) -> None:
    before = version_of(databases)

    def change_and_fail(session: Session) -> None:
        set_link_state(session, START, actor=PERSON, link_id=link_id, state="paused")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        transact(databases.main, change_and_fail)
    assert version_of(databases) == before
    change(databases, link_id)
    change(databases, link_id, "active")
    assert version_of(databases) == before + 2
    assert changes_of(databases, before) == LinkChanges(before + 2, {"anna": before + 2})
    assert changes_of(databases, before + 2) == LinkChanges(before + 2, {})


@pytest.mark.parametrize("table", [Link, Enrollment, Program, Brand])
def test_changing_a_parent_of_a_link_evicts_the_link(
    databases: Databases, link_id: str, links: LinkCache, table: type[Program]
) -> None:
    assert links.find("anna") is not None
    links.poll()
    before = version_of(databases)
    transact(
        databases.main, lambda session: session.execute(update(table).values(created_at=table.created_at))
    )
    assert "anna" in (changes_of(databases, before).codes or {})
    links.poll()
    assert links.cached("anna") is NOT_CACHED


def test_a_change_evicts_only_that_link(
    databases: Databases, cast: Cast, link_id: str, links: LinkCache
) -> None:
    transact(
        databases.main, lambda session: session.execute(text(COPY_OF_THE_LINK), {"id": "lnk_" + "0" * 32})
    )
    assert links.find("anna") == replace(found(links, "other"), link_id=found(links, "anna").link_id)
    links.poll()
    change(databases, link_id)
    links.poll()
    assert links.cached("anna") is NOT_CACHED
    assert links.cached("other") is not NOT_CACHED
    assert found(links, "anna").inactive is InactiveState.LINK_PAUSED


COPY_OF_THE_LINK = """
    insert into link (id, enrollment_id, code, code_key, destination, sub_ids, state, created_at)
    select :id, enrollment_id, 'other', 'other', destination, sub_ids, state, created_at from link
"""


def found(links: LinkCache, code: str) -> LinkTarget:
    link = links.find(code)
    assert link is not None
    return link


def test_a_read_older_than_a_change_is_returned_but_not_cached(databases: Databases) -> None:
    at_read, released = threading.Event(), threading.Event()

    def slow_read(_code: str) -> LinkLookup:
        at_read.set()
        assert released.wait(DEADLINE_S)
        return LinkLookup(TARGET, version=1)

    links = LinkCache(LinkSource(slow_read, lambda _seen: LinkChanges(2, {"tea": 2})), poll_s=NEVER_S)
    future = links.read("tea")
    assert at_read.wait(DEADLINE_S)
    links.poll()
    released.set()
    assert future.result(DEADLINE_S) == TARGET
    assert links.cached("tea") is NOT_CACHED
    links.close()


def test_too_many_changes_or_a_restored_backup_clear_the_cache(
    databases: Databases, link_id: str, links: LinkCache
) -> None:
    change(databases, link_id)
    assert links.find("anna") is not None
    links.poll()
    raise_version = text("update link_version set version = version + :by")
    transact(databases.main, lambda session: session.execute(raise_version, {"by": MAX_CHANGES + 1}))
    links.poll()
    assert links.cached("anna") is NOT_CACHED
    assert links.find("anna") is not None
    transact(databases.main, lambda session: session.execute(raise_version, {"by": -MAX_CHANGES - 1}))
    links.poll()
    assert links.cached("anna") is NOT_CACHED


def test_concurrent_lookups_of_one_code_share_one_read() -> None:
    reads: list[str] = []
    released = threading.Event()

    def slow_read(code: str) -> LinkLookup:
        reads.append(code)
        assert released.wait(DEADLINE_S)
        return LinkLookup(TARGET, 0)

    links = cache_without_changes(slow_read)
    futures = [links.read(code) for code in ("tea", "TEA", "tea")]
    released.set()
    assert [future.result(DEADLINE_S) for future in futures] == [TARGET] * 3
    assert reads == ["tea"]
    links.close()


def test_an_unknown_code_is_cached_for_one_second(
    databases: Databases, cast: Cast, now: datetime, links: LinkCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert links.find("anna") is None
    make_link(databases, cast, now)
    assert links.find("anna") is None
    monkeypatch.setattr(
        "tracker.clicks.redirect.link_cache.time.monotonic", lambda later=threading.TIMEOUT_MAX: later
    )
    assert links.cached("anna") is NOT_CACHED
    assert links.find("anna", DEADLINE_S) is not None


def test_cached_links_survive_a_database_outage() -> None:
    is_up = True

    def read(_code: str) -> LinkLookup:
        if not is_up:
            raise OSError("the server is gone")
        return LinkLookup(TARGET, 0)

    links = cache_without_changes(read)
    assert links.find("tea") == TARGET
    is_up = False
    assert links.find("tea") == TARGET
    with pytest.raises(LinksUnavailable):
        links.find("coffee")
    is_up = True
    assert links.find("coffee") == TARGET
    links.close()


def test_a_read_of_a_hanging_database_fails_at_the_deadline() -> None:
    released = threading.Event()

    def hang(_code: str) -> LinkLookup:
        released.wait(DEADLINE_S)
        return LinkLookup(TARGET, 0)

    links = cache_without_changes(hang)
    with pytest.raises(LinksUnavailable):
        links.find("tea", deadline_s=0.01)
    released.set()
    links.close()


def test_the_least_recently_used_link_is_evicted_at_the_limit() -> None:
    links = LinkCache(
        LinkSource(lambda _code: LinkLookup(TARGET, 0), lambda _seen: LinkChanges(0, {})),
        max_links=2,
        poll_s=NEVER_S,
    )
    for code in ("one", "two", "one", "three"):
        assert links.find(code) == TARGET
    assert [links.cached(code) is NOT_CACHED for code in ("one", "two", "three")] == [False, True, False]
    links.close()


def test_a_forked_child_starts_with_an_empty_cache(links: LinkCache, link_id: str) -> None:
    assert links.find("anna") is not None
    child = os.fork()
    if child == 0:
        fresh = links.cached("anna") is NOT_CACHED
        os._exit(0 if fresh else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
