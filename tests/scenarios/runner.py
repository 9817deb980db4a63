"""Tells a tale in many orders at once, each to sources of its own, while the jobs run."""

import hashlib
import json
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from random import Random
from threading import Event
from typing import Any

from sqlalchemy.orm import Session

from config.database import Databases, read_session, transact
from config.settings import Settings
from payouts.commissions.accrual import accrue_due
from payouts.commissions.adjustment import adjust_due
from payouts.commissions.release import release_due
from payouts.selfcheck.checks import self_check
from payouts.statements.close import close_period
from tests.harness.processes.threads import THREADS, run_concurrently
from tests.scenarios.fingerprint import fingerprints
from tests.scenarios.scenarios import SECRETS, Message, Scenario
from tests.tracker.sales.shop import START, Shop, create_shop
from tracker.sales.inbox.group_commit import GroupCommit
from tracker.sales.inbox.retention import empty_bodies, old_bodies
from tracker.sales.sources.operations import create_source
from tracker.sales.suspicion.rules import SETTINGS
from tracker.sales.suspicion.settings import set_suspicion

FIRST_DAY = datetime.fromisoformat("2025-11-05T12:00:00+00:00")
BEFORE_RELEASE = [FIRST_DAY + timedelta(days=number) for number in range(6)]
AROUND_RELEASE = [FIRST_DAY + timedelta(days=number) for number in (18, 20, 22, 26, 28, 30)]
"""Days on which messages come and jobs run. What is sold on the first of November, and told in time, is
released on the first of December, before the fourth of these days."""

PROCESSES = 4

Sources = tuple[str, ...]
"""Ids, of sources of the kinds of a tale; what the first of them says counts."""


def run_all(shop: Shop, tales: Sequence[Scenario], rng: Random) -> list[str]:
    """Each tale in the order in which it is given, cut at random into days. How each of them ends.

    On some evenings the bodies of what was settled are emptied.
    """
    sources_by_scenario = connect_all(shop, [scenario.kinds for scenario in tales])
    days = rng.choice((BEFORE_RELEASE, AROUND_RELEASE))
    plans = [_split_by_day(scenario, rng, days) for scenario in tales]
    for number, now in enumerate(days):
        for sources, plan in zip(sources_by_scenario, plans, strict=True):
            send_messages(shop, sources, plan[number], now)
        run_jobs(shop, now)
        if rng.random() < 0.5:
            empty_applied(shop, now)
    return fingerprints_of(shop, sources_by_scenario)


def send_concurrently(shop: Shop, tales: Sequence[Scenario]) -> list[str]:
    """In sixteen threads, all of them at the same order at about the same time, and the jobs beside them.

    Those of one process share transactions, those of different ones meet in the database.
    """
    sources_by_scenario = connect_all(shop, [scenario.kinds for scenario in tales])
    processes = [replace(shop, intake=GroupCommit(shop.databases.main, shop.keys)) for _ in range(PROCESSES)]
    all_is_delivered = Event()

    def deliver(part: int) -> None:
        for sources, scenario in zip(sources_by_scenario, tales, strict=True):
            send_messages(processes[part % PROCESSES], sources, scenario.messages[part::THREADS], FIRST_DAY)

    def work() -> None:
        while not all_is_delivered.wait(0.05):
            run_jobs(shop, FIRST_DAY)

    def deliver_all() -> None:
        try:
            run_concurrently(*[partial(deliver, part) for part in range(THREADS)])
        finally:
            all_is_delivered.set()

    run_concurrently(deliver_all, work)
    run_jobs(shop, FIRST_DAY)
    return fingerprints_of(shop, sources_by_scenario)


def create_shop_without_suspicion(settings: Settings, databases: Databases, name: str = "Teas") -> Shop:
    """The same order is told to many sources of the brand, which is what suspicion is there to see."""
    shop = create_shop(settings, databases, name)

    def work(session: Session) -> None:
        for signal in SETTINGS:
            set_suspicion(session, shop.brand_id, signal, "off")

    transact(databases.main, work)
    return shop


def connect_all(shop: Shop, kinds: Sequence[tuple[str, ...]], namespace: str | None = None) -> list[Sources]:
    """Sources for as many tales, which share a namespace, or have one each."""

    def work(session: Session) -> list[Sources]:
        return [_connect(session, shop, each, namespace or uuid.uuid4().hex) for each in kinds]

    return transact(shop.databases.main, work)


def _connect(session: Session, shop: Shop, kinds: tuple[str, ...], namespace: str) -> Sources:
    def source(kind: str, **where: str) -> str:
        values: dict[str, Any] = {"brand_id": shop.brand_id, "keys": shop.keys, "secret": SECRETS[kind]}
        return create_source(session, START, kind=kind, **values, **where)[0].id

    first = source(kinds[0], namespace=namespace)
    return (first, *[source(kind, supports=first) for kind in kinds[1:]])


def _split_by_day(scenario: Scenario, rng: Random, days: Sequence[datetime]) -> list[Sequence[Message]]:
    """What is told on each day."""
    last = 3 if scenario.credit_may_change and days is AROUND_RELEASE else len(days)
    order = scenario.messages
    at = sorted(rng.randint(0, len(order)) for _ in range(last - 1))
    parts = [order[start:end] for start, end in zip([0, *at], [*at, len(order)], strict=True)]
    return [*parts, *[()] * (len(days) - last)]


def send_messages(shop: Shop, sources: Sources, messages: Iterable[Message], now: datetime) -> None:
    for each in messages:
        shop.send_raw(each.body, key=each.key, source_id=sources[each.by], now=now, topic=each.topic)


def run_jobs(shop: Shop, now: datetime) -> None:
    """What the scheduler does every minute."""
    steps: tuple[Callable[[Session, datetime, int], int], ...] = (accrue_due, adjust_due, release_due)

    def every_step(session: Session) -> None:
        for step in steps:
            while step(session, now, 500):
                session.flush()

    transact(shop.databases.main, every_step)


def empty_applied(shop: Shop, now: datetime) -> None:
    """What was settled before loses its body, and must be known all the same when it is told again."""

    def work(session: Session) -> int:
        return empty_bodies(session, now, old_bodies(session, now, 10_000))

    transact(shop.databases.main, work)


def finish(shop: Shop) -> None:
    """The hold is over, November and December are drafted, and the books are sound."""
    january = datetime.fromisoformat("2026-01-02T12:00:00+00:00")
    run_jobs(shop, january - timedelta(days=15))
    transact(shop.databases.main, lambda s: close_period(s, january, shop.brand_id, "2025-12"))
    with read_session(shop.databases.main) as session:
        assert [finding.message for finding in self_check(session, january)] == []


def fingerprints_of(shop: Shop, sources_by_scenario: Sequence[Sources]) -> list[str]:
    """How each tale ends when all is told."""
    finish(shop)
    found_fingerprints = fingerprints(shop.databases, shop.brand_id)
    return [found_fingerprints[sources[0]] for sources in sources_by_scenario]


def shuffled_with_duplicates(scenario: Scenario, rng: Random, most: int) -> Scenario:
    """In any order, up to so many messages twice."""
    again = rng.sample(scenario.messages, rng.randint(0, min(most, len(scenario.messages))))
    order = [*scenario.messages, *again]
    rng.shuffle(order)
    return replace(scenario, messages=tuple(order))


def require_same_fingerprint(found_fingerprints: Sequence[str]) -> str:
    """All ended in the same state; its text."""
    hashes = {hashlib.sha256(end.encode()).hexdigest() for end in found_fingerprints}
    if len(hashes) > 1:
        other = next(each for each in found_fingerprints if each != found_fingerprints[0])
        raise AssertionError(
            f"{len(hashes)} different ends of {len(found_fingerprints)}:\n{_difference(found_fingerprints[0], other)}"
        )
    return found_fingerprints[0]


def _difference(one: str, other: str) -> str:
    mine, yours = json.loads(one), json.loads(other)
    names = [name for name in sorted({*mine, *yours}) if mine.get(name) != yours.get(name)]
    return "\n".join(f"{name}:\n  {mine.get(name)}\n  {yours.get(name)}" for name in names)
