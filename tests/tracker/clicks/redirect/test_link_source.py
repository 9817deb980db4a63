"""The poller reads nothing while nothing was committed, and misses no change."""

from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from config.database import Databases, make_engine, transact
from config.locking.commits import CommitWatch, Watch
from config.settings import Settings
from tests.cast.people import PERSON, START, Cast
from tests.tracker.clicks.entry_points import make_link
from tests.tracker.clicks.recording.test_spool_writer import wait_until
from tracker.clicks.redirect.link_cache import NOT_CACHED, LinkCache
from tracker.clicks.redirect.link_source import LinkSource, link_source
from tracker.programs.links.changes import LinkChanges
from tracker.programs.links.domains import add_domain
from tracker.programs.links.operations import LinkLookup
from tracker.programs.links.state_changes import set_link_state

OFTEN_S = 0.005


@pytest.fixture
def link_id(databases: Databases, cast: Cast, now: datetime) -> str:
    return make_link(databases, cast, now)


@pytest.fixture
def statements(databases: Databases) -> Iterator[list[str]]:
    """The statements that are executed on the databases from now on."""
    found: list[str] = []

    def record(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        found.append(statement)

    event.listen(databases.main, "before_cursor_execute", record)
    yield found
    event.remove(databases.main, "before_cursor_execute", record)


def test_a_change_is_noticed_within_a_poll(
    databases: Databases, cast: Cast, now: datetime, link_id: str
) -> None:
    links = LinkCache(link_source(databases.main), poll_s=OFTEN_S)
    for state in ("paused", "active"):
        assert links.find("anna") is not None
        transact(databases.main, partial(set_link_state, now=now, actor=PERSON, link_id=link_id, state=state))
        wait_until(lambda: links.cached("anna") is NOT_CACHED)
    add = {"brand_id": cast.brand_id, "host": "go.own.example", "own_host": "links.example"}
    transact(databases.main, lambda s: add_domain(s, now, actor=PERSON, **add))
    wait_until(lambda: links.domain("go.own.example") is not None)
    links.close()


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_polls_read_nothing_while_nothing_is_committed(
    databases: Databases, link_id: str, statements: list[str]
) -> None:
    watches: list[CountedWatch] = []
    source = link_source(databases.main)

    def watch() -> Watch:
        watches.append(CountedWatch(databases))
        return watches[-1]

    links = LinkCache(LinkSource(source.read, source.changes, source.domains, watch), poll_s=OFTEN_S)
    links.start()
    wait_until(lambda: bool(watches) and watches[0].times > 2)
    before = len(statements)
    wait_until(lambda: watches[0].times > 20)
    assert len(statements) == before
    links.close()


class CountedWatch(CommitWatch):
    def __init__(self, databases: Databases) -> None:
        super().__init__(databases.main)
        self.times = 0

    def has_changed(self) -> bool:
        self.times += 1
        return super().has_changed()


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_the_watch_sees_commits_of_others_and_no_reads(
    settings: Settings, databases: Databases, link_id: str
) -> None:
    watch = CommitWatch(databases.main)
    assert watch.has_changed(), "nothing is known at first"
    assert not watch.has_changed()
    other = make_engine(settings.main_url)
    with other.begin() as connection:
        connection.exec_driver_sql("select count(*) from link").scalar()
    assert not watch.has_changed()
    transact(other, lambda s: set_link_state(s, START, actor=PERSON, link_id=link_id, state="paused"))
    assert watch.has_changed()
    assert not watch.has_changed()
    watch.close()
    assert watch.has_changed(), "a new connection knows nothing"
    other.dispose()


def test_a_poll_that_failed_is_repeated_although_nothing_changes_any_more() -> None:
    polls: list[int] = []

    def changes(seen: int) -> LinkChanges:
        polls.append(seen)
        if len(polls) == 1:
            raise OperationalError("select", {}, OSError("the server is gone"))
        return LinkChanges(7, {})

    links = LinkCache(
        LinkSource(lambda _code: LinkLookup(None, 0), changes, watch=NothingChanges), poll_s=OFTEN_S
    )
    links.start()
    wait_until(lambda: len(polls) == 2)
    wait_until(lambda: links.readable)
    links.close()
    assert polls == [-1, -1]


class NothingChanges:
    def has_changed(self) -> bool:
        return False

    def close(self) -> None:
        return
