"""A process is killed anywhere between receiving and booking: nothing is lost, and nothing is there twice."""

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
from tests.tracker.sales.shop import Shop
from tracker.sales.inbox.operations import receive
from tracker.sales.sources.operations import get_source

AFTER_RELEASE = FIRST_DAY + timedelta(days=30)
STEPS = (accrue_due, adjust_due, release_due)
MOST = 10_000


def receive_and_book(
    settings: Settings, sources: Sources, messages: Sequence[Message], answers: Path, moment: str, number: int
) -> None:
    """What a web process and then the scheduler do; the answers to the shop are kept as they leave."""
    databases = open_databases(settings)
    kill_at(databases.main, moment, number)
    for told in messages:
        transact(databases.main, partial(_receive, settings=settings, sources=sources, told=told))
        with answers.open("a") as file:
            file.write(f"{told.key}\n")
    book(databases.main)
    databases.close()


def _receive(session: Session, settings: Settings, sources: Sources, told: Message) -> None:
    source = get_source(session, sources[told.by])
    receive(session, FIRST_DAY, source, told.key, told.body, keys=settings.secret_keys, topic=told.topic)


def book(engine: Engine) -> None:
    for now in (FIRST_DAY, AFTER_RELEASE):
        for step in STEPS:
            transact(engine, partial(step, now=now, limit=100))


class CrashScenario:
    """A shop that tells one tale again and again, each time to sources of its own."""

    def __init__(self, settings: Settings, shop: Shop, name: str, nurse_: Zygote) -> None:
        self.settings, self.shop, self.zygote = settings, shop, nurse_
        # The refund and the dispute come before their sale, so that one message wakes another.
        self.kinds, self.messages = (
            (scenario := SIX_MESSAGES[name](shop)).kinds,
            tuple(reversed(scenario.messages)),
        )
        self.sources_by_scenario: list[Sources] = []
        self.zygote.do(self._work("begin", MOST))

    def _work(self, moment: str, number: int) -> Callable[[], None]:
        [sources] = connect_all(self.shop, [self.kinds])
        self.sources_by_scenario.append(sources)
        self.answers = self.settings.home / f"answers-{len(self.sources_by_scenario)}"
        return partial(receive_and_book, self.settings, sources, self.messages, self.answers, moment, number)

    def crash_at(self, moment: str, number: int) -> bool:
        """Whether there was such a point. Then the shop sends again what was not answered, and jobs run."""
        killed = self.zygote.was_killed(self._work(moment, number))
        answered = self.answers.read_text().split("\n") if self.answers.exists() else []
        unanswered = [told for told in self.messages if told.key not in answered]
        send_messages(self.shop, self.sources_by_scenario[-1], unanswered, FIRST_DAY)
        run_jobs(self.shop, AFTER_RELEASE)
        return killed

    def crash_at_each(self, moment: str, first: int = 1, step: int = 1) -> None:
        number = first
        while self.crash_at(moment, number):
            number += step
        assert number > len(self.messages) + len(STEPS), "there was a transaction for each"

    def require_same_fingerprint(self) -> None:
        require_same_fingerprint(fingerprints_of(self.shop, self.sources_by_scenario))


def test_crashes_at_sampled_commits_and_statements_book_everything_once(
    settings: Settings, shop: Shop, rng: Random
) -> None:
    with zygote() as working:
        crash_scenario = CrashScenario(settings, shop, rng.choice(list(SIX_MESSAGES)), working)
        for moment in ("commit", "committed") if is_sqlite(shop) else ("commit",):
            crash_scenario.crash_at_each(moment, rng.choice((1, 2)), 2)
        for _ in range(4):
            assert crash_scenario.crash_at("statement", rng.randint(1, 30))
        crash_scenario.require_same_fingerprint()


def is_sqlite(shop: Shop) -> bool:
    return shop.databases.main.dialect.name == "sqlite"


@pytest.mark.nightly
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", SIX_MESSAGES)
def test_a_crash_at_any_point_books_everything_once(settings: Settings, shop: Shop, name: str) -> None:
    with zygote() as working:
        crash_scenario = CrashScenario(settings, shop, name, working)
        for moment in CRASH_POINTS:
            crash_scenario.crash_at_each(moment)
        crash_scenario.require_same_fingerprint()
