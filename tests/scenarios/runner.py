"""Sends the messages of scenarios, each to its own sources, in many orders, while the jobs run."""

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
from payouts.commissions.holds.ending import end_holds
from payouts.commissions.release import release_due
from payouts.selfcheck.checks import self_check
from payouts.statements.close import close_period
from tests.cast.people import PERSON, START
from tests.cast.shop import Shop, create_shop
from tests.cast.stored_reasons import reason_faults
from tests.harness.processes.threads import THREADS, run_concurrently
from tests.scenarios.fingerprint import brand_fingerprints
from tests.scenarios.scenarios import SECRETS, Message, Scenario
from tracker.sales.inbox.group_commit import GroupCommit
from tracker.sales.inbox.retention import empty_bodies, old_bodies
from tracker.sales.sources.operations import create_source
from tracker.sales.suspicion.rules import SETTINGS
from tracker.sales.suspicion.settings import set_suspicion

FIRST_DAY = datetime.fromisoformat("2025-11-05T12:00:00+00:00")
BEFORE_RELEASE = [FIRST_DAY + timedelta(days=number) for number in range(6)]
AROUND_RELEASE = [FIRST_DAY + timedelta(days=number) for number in (18, 20, 22, 26, 28, 30)]
"""Days on which messages arrive and jobs run. The commission of a sale on 1 November is released on
1 December, before the fourth of these days, if its messages arrive in time."""

PROCESSES = 4

Sources = tuple[str, ...]
"""Ids of the sources of one scenario, the primary source first."""


def run_all(shop: Shop, scenarios: Sequence[Scenario], rng: Random) -> list[str]:
    """Send the messages of each scenario in their order, split randomly over days; returns the fingerprints.

    On random days, the bodies of applied messages are emptied afterwards.
    """
    sources_by_scenario = connect_all(shop, [scenario.kinds for scenario in scenarios])
    days = rng.choice((BEFORE_RELEASE, AROUND_RELEASE))
    plans = [_split_by_day(scenario, rng, days) for scenario in scenarios]
    for number, now in enumerate(days):
        for sources, plan in zip(sources_by_scenario, plans, strict=True):
            send_messages(shop, sources, plan[number], now)
        run_jobs(shop, now)
        if rng.random() < 0.5:
            empty_applied(shop, now)
    return fingerprints_of(shop, sources_by_scenario)


def send_concurrently(shop: Shop, scenarios: Sequence[Scenario]) -> list[str]:
    """Send from sixteen threads, which work on the same order at about the same time, while the jobs run.

    Messages within a process share transactions; messages of different processes compete in the database.
    """
    sources_by_scenario = connect_all(shop, [scenario.kinds for scenario in scenarios])
    processes = [replace(shop, intake=GroupCommit(shop.databases.main, shop.keys)) for _ in range(PROCESSES)]
    all_delivered = Event()

    def deliver(part: int) -> None:
        for sources, scenario in zip(sources_by_scenario, scenarios, strict=True):
            send_messages(processes[part % PROCESSES], sources, scenario.messages[part::THREADS], FIRST_DAY)

    def run_jobs_meanwhile() -> None:
        while not all_delivered.wait(0.05):
            run_jobs(shop, FIRST_DAY)

    def deliver_all() -> None:
        try:
            run_concurrently(*[partial(deliver, part) for part in range(THREADS)])
        finally:
            all_delivered.set()

    run_concurrently(deliver_all, run_jobs_meanwhile)
    run_jobs(shop, FIRST_DAY)
    return fingerprints_of(shop, sources_by_scenario)


def create_shop_without_suspicion(settings: Settings, databases: Databases, name: str = "Teas") -> Shop:
    """Suspicion is off, because many sources of the brand report the same order, which it would detect."""
    shop = create_shop(settings, databases, name)

    def work(session: Session) -> None:
        for signal in SETTINGS:
            set_suspicion(session, START, shop.brand_id, signal, "off", actor=PERSON)

    transact(databases.main, work)
    return shop


def connect_all(shop: Shop, kinds: Sequence[tuple[str, ...]], namespace: str | None = None) -> list[Sources]:
    """Create the sources of each scenario; all share `namespace`, or each scenario has its own."""

    def work(session: Session) -> list[Sources]:
        return [_connect(session, shop, each, namespace or uuid.uuid4().hex) for each in kinds]

    return transact(shop.databases.main, work)


def _connect(session: Session, shop: Shop, kinds: tuple[str, ...], namespace: str) -> Sources:
    def source(kind: str, **where: str) -> str:
        values: dict[str, Any] = {"brand_id": shop.brand_id, "keys": shop.keys, "secret": SECRETS[kind]}
        return create_source(session, START, actor=PERSON, kind=kind, **values, **where)[0].id

    first = source(kinds[0], namespace=namespace)
    return (first, *[source(kind, supports=first) for kind in kinds[1:]])


def _split_by_day(scenario: Scenario, rng: Random, days: Sequence[datetime]) -> list[Sequence[Message]]:
    """The messages to send on each day."""
    sending_days = 3 if scenario.attribution_may_change and days is AROUND_RELEASE else len(days)
    order = scenario.messages
    cuts = sorted(rng.randint(0, len(order)) for _ in range(sending_days - 1))
    parts = [order[start:end] for start, end in zip([0, *cuts], [*cuts, len(order)], strict=True)]
    return [*parts, *[()] * (len(days) - sending_days)]


def send_messages(shop: Shop, sources: Sources, messages: Iterable[Message], now: datetime) -> None:
    for each in messages:
        shop.send_raw(
            each.body, key=each.key, source_id=sources[each.source_index], now=now, topic=each.topic
        )


def run_jobs(shop: Shop, now: datetime) -> None:
    """Run the jobs that the scheduler runs every minute."""
    steps: tuple[Callable[[Session, datetime, int], int], ...] = (accrue_due, adjust_due, release_due)

    def run_every_step(session: Session) -> None:
        for step in steps:
            while step(session, now, 500):
                session.flush()

    transact(shop.databases.main, run_every_step)


def empty_applied(shop: Shop, now: datetime) -> None:
    """Empty the bodies of applied messages; repeated messages must still be recognised as duplicates."""

    def work(session: Session) -> int:
        return empty_bodies(session, now, old_bodies(session, now, 10_000))

    transact(shop.databases.main, work)


def finish(shop: Shop) -> None:
    """Release the commissions, draft the statements up to December, and require a clean self-check.

    At the end all holds of messages have ended, whenever each message came.
    """
    january = datetime.fromisoformat("2026-01-02T12:00:00+00:00")
    run_jobs(shop, january - timedelta(days=15))
    transact(shop.databases.main, lambda s: close_period(s, january, shop.brand_id, "2025-12"))
    later = january + timedelta(days=8)
    transact(shop.databases.main, lambda s: end_holds(s, later, 10_000))
    run_jobs(shop, later)
    with read_session(shop.databases.main) as session:
        assert [finding.message for finding in self_check(session, later)] == []
        assert reason_faults(session) == []


def fingerprints_of(shop: Shop, sources_by_scenario: Sequence[Sources]) -> list[str]:
    """Finish the brand and return the fingerprint of each scenario."""
    finish(shop)
    found = brand_fingerprints(shop.databases, shop.brand_id)
    return [found[sources[0]] for sources in sources_by_scenario]


def shuffled_with_duplicates(scenario: Scenario, rng: Random, max_duplicates: int) -> Scenario:
    """The scenario in a random order, with up to `max_duplicates` messages sent twice."""
    duplicates = rng.sample(scenario.messages, rng.randint(0, min(max_duplicates, len(scenario.messages))))
    order = [*scenario.messages, *duplicates]
    rng.shuffle(order)
    return replace(scenario, messages=tuple(order))


def require_same_fingerprint(fingerprints: Sequence[str]) -> str:
    """Assert that all fingerprints are equal; returns it."""
    hashes = {hashlib.sha256(each.encode()).hexdigest() for each in fingerprints}
    if len(hashes) > 1:
        other = next(each for each in fingerprints if each != fingerprints[0])
        raise AssertionError(
            f"{len(hashes)} different fingerprints of {len(fingerprints)} runs:\n"
            f"{_difference(fingerprints[0], other)}"
        )
    return fingerprints[0]


def _difference(one: str, other: str) -> str:
    left, right = json.loads(one), json.loads(other)
    names = [name for name in sorted({*left, *right}) if left.get(name) != right.get(name)]
    return "\n".join(f"{name}:\n  {left.get(name)}\n  {right.get(name)}" for name in names)
