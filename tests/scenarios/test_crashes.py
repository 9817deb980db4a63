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
from payouts.commissions.release import mature_due
from tests.harness.processes.crashes import CRASH_POINTS, Zygote, kill_at, zygote
from tests.scenarios.catalogue import SIX
from tests.scenarios.runner import FIRST_DAY, Sources, connect_all, ends_of, require_one_end, run_jobs, tell
from tests.scenarios.scenarios import Told
from tests.tracker.sales.shop import Shop
from tracker.sales.inbox.operations import receive
from tracker.sales.sources.operations import get_source

RIPE = FIRST_DAY + timedelta(days=30)
STEPS = (accrue_due, adjust_due, mature_due)
MOST = 10_000


def take_and_book(
    settings: Settings, sources: Sources, messages: Sequence[Told], answers: Path, moment: str, number: int
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


def _receive(session: Session, settings: Settings, sources: Sources, told: Told) -> None:
    source = get_source(session, sources[told.by])
    receive(session, FIRST_DAY, source, told.key, told.body, keys=settings.secret_keys, topic=told.topic)


def book(engine: Engine) -> None:
    for now in (FIRST_DAY, RIPE):
        for step in STEPS:
            transact(engine, partial(step, now=now, limit=100))


class Scene:
    """A shop that tells one tale again and again, each time to sources of its own."""

    def __init__(self, settings: Settings, shop: Shop, name: str, nurse_: Zygote) -> None:
        self.settings, self.shop, self.zygote = settings, shop, nurse_
        # The refund and the dispute come before their sale, so that one message wakes another.
        self.kinds, self.messages = (tale := SIX[name](shop)).kinds, tuple(reversed(tale.messages))
        self.told_to: list[Sources] = []
        self.zygote.do(self._work("begin", MOST))

    def _work(self, moment: str, number: int) -> Callable[[], None]:
        [sources] = connect_all(self.shop, [self.kinds])
        self.told_to.append(sources)
        self.answers = self.settings.home / f"answers-{len(self.told_to)}"
        return partial(take_and_book, self.settings, sources, self.messages, self.answers, moment, number)

    def dies(self, moment: str, number: int) -> bool:
        """Whether there was such a point. Then the shop sends again what was not answered, and jobs run."""
        killed = self.zygote.was_killed(self._work(moment, number))
        answered = self.answers.read_text().split("\n") if self.answers.exists() else []
        unanswered = [told for told in self.messages if told.key not in answered]
        tell(self.shop, self.told_to[-1], unanswered, FIRST_DAY)
        run_jobs(self.shop, RIPE)
        return killed

    def dies_at_each(self, moment: str, first: int = 1, step: int = 1) -> None:
        number = first
        while self.dies(moment, number):
            number += step
        assert number > len(self.messages) + len(STEPS), "there was a transaction for each"

    def require_one_end(self) -> None:
        require_one_end(ends_of(self.shop, self.told_to))


def test_killed_at_every_other_commit_and_at_some_statements_all_is_booked_once(
    settings: Settings, shop: Shop, chance: Random
) -> None:
    with zygote() as working:
        scene = Scene(settings, shop, chance.choice(list(SIX)), working)
        for moment in ("commit", "committed") if is_sqlite(shop) else ("commit",):
            scene.dies_at_each(moment, chance.choice((1, 2)), 2)
        for _ in range(4):
            assert scene.dies("statement", chance.randint(1, 30))
        scene.require_one_end()


def is_sqlite(shop: Shop) -> bool:
    return shop.databases.main.dialect.name == "sqlite"


@pytest.mark.nightly
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", SIX)
def test_killed_at_any_point_all_is_booked_once(settings: Settings, shop: Shop, name: str) -> None:
    with zygote() as working:
        scene = Scene(settings, shop, name, working)
        for moment in CRASH_POINTS:
            scene.dies_at_each(moment)
        scene.require_one_end()
