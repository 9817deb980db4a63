"""Links in memory: right after every change, there when the database is not, read once for many."""

import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime

import pytest
from sqlalchemy import text, update
from sqlalchemy.orm import Session

from config.database import Databases, reading, transact
from tests.tracker.cast import Cast
from tests.tracker.clicks.entry_points import make_link
from tests.tracker.clicks.traffic import DEADLINE_S, LINK
from tracker.clicks.redirect.link_cache import MISSING, Library, LinkCache, LinksUnreadable, library
from tracker.people.accounts.models import Brand
from tracker.programs.links.changes import MOST_CHANGES, LinkChanges, changes_since, link_version
from tracker.programs.links.operations import Found, LinkTarget, set_link_state
from tracker.programs.models import Enrollment, Link, Program

TARGET = LinkTarget(LINK, "https://shop.example/tea", "ll", {}, None)
NEVER_S = 3600.0


@pytest.fixture
def link_id(databases: Databases, cast: Cast, now: datetime) -> str:
    return make_link(databases, cast, now)


@pytest.fixture
def links(databases: Databases) -> Iterator[LinkCache]:
    cache = LinkCache(library(databases.main), poll_s=NEVER_S)
    yield cache
    cache.close()


def change(databases: Databases, link_id: str, state: str = "paused") -> None:
    transact(databases.main, lambda session: set_link_state(session, link_id=link_id, state=state))


def version_of(databases: Databases) -> int:
    with reading(databases.main) as session:
        return link_version(session)


def changes_of(databases: Databases, seen: int) -> LinkChanges:
    with reading(databases.main) as session:
        return changes_since(session, seen)


def one_off(read: Callable[[str], Found]) -> LinkCache:
    return LinkCache(Library(read, lambda _seen: LinkChanges(0, {})), poll_s=NEVER_S)


def test_every_change_takes_the_next_version_in_its_own_transaction(
    databases: Databases, link_id: str
) -> None:
    before = version_of(databases)

    def change_and_fail(session: Session) -> None:
        set_link_state(session, link_id=link_id, state="paused")
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
def test_a_change_of_what_a_link_hangs_on_is_a_change_of_the_link(
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
    assert links.known("anna") is MISSING


def test_a_change_evicts_that_link_and_no_other(
    databases: Databases, cast: Cast, link_id: str, links: LinkCache
) -> None:
    transact(
        databases.main, lambda session: session.execute(text(COPY_OF_THE_LINK), {"id": "lnk_" + "0" * 32})
    )
    assert links.find("anna") == replace(found(links, "other"), link_id=found(links, "anna").link_id)
    links.poll()
    change(databases, link_id)
    links.poll()
    assert links.known("anna") is MISSING
    assert links.known("other") is not MISSING
    assert found(links, "anna").reason == "link paused"


COPY_OF_THE_LINK = """
    insert into link (id, enrollment_id, code, code_key, destination, sub_ids, state, created_at)
    select :id, enrollment_id, 'other', 'other', destination, sub_ids, state, created_at from link
"""


def found(links: LinkCache, code: str) -> LinkTarget:
    link = links.find(code)
    assert link is not None
    return link


def test_a_read_that_a_change_overtook_is_answered_but_not_kept(databases: Databases) -> None:
    at_read, go_on = threading.Event(), threading.Event()

    def slow_read(_code: str) -> Found:
        at_read.set()
        assert go_on.wait(DEADLINE_S)
        return Found(TARGET, version=1)

    links = LinkCache(Library(slow_read, lambda _seen: LinkChanges(2, {"tea": 2})), poll_s=NEVER_S)
    answer = links.read("tea")
    assert at_read.wait(DEADLINE_S)
    links.poll()
    go_on.set()
    assert answer.result(DEADLINE_S) == TARGET
    assert links.known("tea") is MISSING
    links.close()


def test_after_too_many_changes_or_a_restored_backup_all_is_read_anew(
    databases: Databases, link_id: str, links: LinkCache
) -> None:
    change(databases, link_id)
    assert links.find("anna") is not None
    links.poll()
    raise_version = text("update link_version set version = version + :by")
    transact(databases.main, lambda session: session.execute(raise_version, {"by": MOST_CHANGES + 1}))
    links.poll()
    assert links.known("anna") is MISSING
    assert links.find("anna") is not None
    transact(databases.main, lambda session: session.execute(raise_version, {"by": -MOST_CHANGES - 1}))
    links.poll()
    assert links.known("anna") is MISSING


def test_who_asks_for_the_same_at_once_shares_one_read() -> None:
    reads: list[str] = []
    go_on = threading.Event()

    def slow_read(code: str) -> Found:
        reads.append(code)
        assert go_on.wait(DEADLINE_S)
        return Found(TARGET, 0)

    links = one_off(slow_read)
    futures = [links.read(code) for code in ("tea", "TEA", "tea")]
    go_on.set()
    assert [future.result(DEADLINE_S) for future in futures] == [TARGET] * 3
    assert reads == ["tea"]
    links.close()


def test_a_code_that_no_link_has_is_remembered_for_a_second(
    databases: Databases, cast: Cast, now: datetime, links: LinkCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert links.find("anna") is None
    make_link(databases, cast, now)
    assert links.find("anna") is None
    monkeypatch.setattr(
        "tracker.clicks.redirect.link_cache.time.monotonic", lambda later=threading.TIMEOUT_MAX: later
    )
    assert links.known("anna") is MISSING
    assert links.find("anna", DEADLINE_S) is not None


def test_a_dead_database_stops_unknown_links_only() -> None:
    alive = True

    def read(_code: str) -> Found:
        if not alive:
            raise OSError("the server is gone")
        return Found(TARGET, 0)

    links = one_off(read)
    assert links.find("tea") == TARGET
    alive = False
    assert links.find("tea") == TARGET
    with pytest.raises(LinksUnreadable):
        links.find("coffee")
    alive = True
    assert links.find("coffee") == TARGET
    links.close()


def test_a_database_that_hangs_is_waited_for_no_longer_than_the_deadline() -> None:
    go_on = threading.Event()

    def hang(_code: str) -> Found:
        go_on.wait(DEADLINE_S)
        return Found(TARGET, 0)

    links = one_off(hang)
    with pytest.raises(LinksUnreadable):
        links.find("tea", deadline_s=0.01)
    go_on.set()
    links.close()


def test_no_more_is_kept_than_there_is_room_for_and_the_oldest_go_first() -> None:
    links = LinkCache(
        Library(lambda _code: Found(TARGET, 0), lambda _seen: LinkChanges(0, {})), room=2, poll_s=NEVER_S
    )
    for code in ("one", "two", "one", "three"):
        assert links.find(code) == TARGET
    assert [links.known(code) is MISSING for code in ("one", "two", "three")] == [False, True, False]
    links.close()


def test_a_forked_child_reads_for_itself(links: LinkCache, link_id: str) -> None:
    assert links.find("anna") is not None
    child = os.fork()
    if child == 0:
        fresh = links.known("anna") is MISSING
        os._exit(0 if fresh else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
