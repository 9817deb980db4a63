"""A process is killed at any point between receiving and booking: nothing is lost or booked twice."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from config.database import open_databases, transact
from config.settings import Settings
from payouts.commissions.accrual import accrue_due
from payouts.commissions.adjustment import adjust_due
from payouts.commissions.release import release_due
from tests.cast.shop import Shop
from tests.harness.processes.crashes import CRASH_POINTS, Zygote, kill_at, zygote
from tests.scenarios.catalogue import SIX_MESSAGES
from tests.scenarios.runner import (
    FIRST_DAY,
    Sources,
    connect_all,
    fingerprints_of,
    require_same_fingerprint,
    run_jobs,
    send_messages,
)
from tests.scenarios.scenarios import Message
from tracker.sales.inbox.apply_or_park import receive
from tracker.sales.sources.operations import get_source

AFTER_RELEASE = FIRST_DAY + timedelta(days=30)
STEPS = (accrue_due, adjust_due, release_due)
NO_CRASH = 10_000


def receive_and_book(
    settings: Settings,
    sources: Sources,
    messages: Sequence[Message],
    acknowledged_file: Path,
    point: str,
    number: int,
) -> None:
    """Do the work of a web process and the scheduler; write the keys of acknowledged messages to the file."""
    databases = open_databases(settings)
    kill_at(databases.main, point, number)
    for message in messages:
        transact(databases.main, partial(_receive, settings=settings, sources=sources, message=message))
        with acknowledged_file.open("a") as file:
            file.write(f"{message.key}\n")
    book(databases.main)
    databases.close()


def _receive(session: Session, settings: Settings, sources: Sources, message: Message) -> None:
    source = get_source(session, sources[message.source_index])
    receive(
        session, FIRST_DAY, source, message.key, message.body, keys=settings.secret_keys, topic=message.topic
    )


def book(engine: Engine) -> None:
    for now in (FIRST_DAY, AFTER_RELEASE):
        for step in STEPS:
            transact(engine, partial(step, now=now, limit=100))


class CrashScenario:
    """A shop that sends the messages of one scenario repeatedly, each time to new sources."""

    def __init__(self, settings: Settings, shop: Shop, name: str, process: Zygote) -> None:
        self.settings, self.shop, self.process = settings, shop, process
        # The refund and the dispute come before their sale, so that one message unparks others.
        self.kinds, self.messages = (
            (scenario := SIX_MESSAGES[name](shop)).kinds,
            tuple(reversed(scenario.messages)),
        )
        self.sources_by_scenario: list[Sources] = []
        self.process.do(self._work("begin", NO_CRASH))

    def _work(self, point: str, number: int) -> Callable[[], None]:
        [sources] = connect_all(self.shop, [self.kinds])
        self.sources_by_scenario.append(sources)
        self.acknowledged_file = self.settings.home / f"acknowledged-{len(self.sources_by_scenario)}"
        return partial(
            receive_and_book, self.settings, sources, self.messages, self.acknowledged_file, point, number
        )

    def crash_at(self, point: str, number: int) -> bool:
        """Crash at this point; returns whether there was such a point.

        Then the shop sends the unacknowledged messages again, and the jobs run.
        """
        killed = self.process.was_killed(self._work(point, number))
        acknowledged = (
            self.acknowledged_file.read_text().split("\n") if self.acknowledged_file.exists() else []
        )
        unacknowledged = [each for each in self.messages if each.key not in acknowledged]
        send_messages(self.shop, self.sources_by_scenario[-1], unacknowledged, FIRST_DAY)
        run_jobs(self.shop, AFTER_RELEASE)
        return killed

    def crash_at_each(self, point: str, first: int = 1, step: int = 1) -> None:
        number = first
        while self.crash_at(point, number):
            number += step
        assert number > len(self.messages) + len(STEPS), "each message and each job has its own transaction"

    def require_same_fingerprint(self) -> None:
        require_same_fingerprint(fingerprints_of(self.shop, self.sources_by_scenario))


def test_crashes_at_sampled_commits_and_statements_book_everything_once(
    settings: Settings, shop: Shop, rng: Random
) -> None:
    with zygote() as process:
        crash_scenario = CrashScenario(settings, shop, rng.choice(list(SIX_MESSAGES)), process)
        for point in ("commit", "committed") if is_sqlite(shop) else ("commit",):
            crash_scenario.crash_at_each(point, rng.choice((1, 2)), 2)
        for _ in range(4):
            assert crash_scenario.crash_at("statement", rng.randint(1, 30))
        crash_scenario.require_same_fingerprint()


def is_sqlite(shop: Shop) -> bool:
    return shop.databases.main.dialect.name == "sqlite"


@pytest.mark.nightly
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", SIX_MESSAGES)
def test_a_crash_at_any_point_books_everything_once(settings: Settings, shop: Shop, name: str) -> None:
    with zygote() as process:
        crash_scenario = CrashScenario(settings, shop, name, process)
        for point in CRASH_POINTS:
            crash_scenario.crash_at_each(point)
        crash_scenario.require_same_fingerprint()
