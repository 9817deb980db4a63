"""A process is killed between an operation and its queued message: none is lost, none is twice."""

from datetime import datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import select

from config.database import Databases, open_databases, read_session, transact
from config.settings import Settings
from payouts.commissions.adjustment import adjust_due
from payouts.mail.due import compose_group, due_groups
from payouts.settlement.freezes import place_freeze
from payouts.settlement.reasons import FreezeReason
from tests.cast.books import Books, at
from tests.harness.processes.crashes import Zygote, kill_at, zygote
from tests.payouts.mail.cast import add_user
from tracker.mail.models import MailCause, MailMessage
from tracker.reasons import Reason

MOST_POINTS = 80


def adjust(databases: Databases, _settings: Settings, now: datetime) -> None:
    """Enter what shops reported: the causes stand in the same transaction."""
    while transact(databases.main, lambda s: adjust_due(s, now, 100)):
        pass


def freeze(databases: Databases, _settings: Settings, now: datetime) -> None:
    reason = Reason(FreezeReason.TRANSFER_NOT_IN_BOOKS, {"transfer": "tr_1"})
    transact(databases.main, lambda s: place_freeze(s, now, reason=reason, compare_from=now))


def compose(databases: Databases, settings: Settings, now: datetime) -> None:
    """As the job does."""
    with read_session(databases.main) as session:
        groups = due_groups(session, now)
    for group in groups:
        transact(databases.main, partial(compose_group, now=now, cause_ids=group, settings=settings))


WORK = {"adjust": adjust, "freeze": freeze, "compose": compose}


def work(settings: Settings, name: str, now: datetime, moment: str, number: int) -> None:
    databases = open_databases(settings)
    if moment:
        kill_at(databases.main, moment, number)
    WORK[name](databases, settings, now)
    databases.close()


def run(processes: Zygote, books: Books, name: str, now: datetime, moment: str = "", number: int = 0) -> bool:
    """Whether the process was killed."""
    return processes.was_killed(partial(work, books.settings, name, now, moment, number))


def counts(books: Books, since: datetime) -> tuple[int, list[str], list[str]]:
    """Of what was noted or queued since: causes, causes that wait, and recipients of messages."""
    with read_session(books.databases.main) as session:
        causes = session.scalars(select(MailCause).where(MailCause.noted_at >= since)).all()
        query = select(MailMessage.to_name).where(MailMessage.created_at >= since)
        told = sorted(session.scalars(query))
    return len(causes), [each.kind for each in causes if each.composed_at is None], told


@pytest.mark.parametrize("moment", ["statement", "committed"])
def test_a_report_of_a_shop_is_told_once_wherever_it_is_killed(books: Books, moment: str) -> None:
    """The job that enters it and the one that composes are each killed at every point, then run again."""
    now, order = at("10-08 12:00"), 0
    with zygote() as processes:
        for name in ("adjust", "compose"):
            for number in range(1, MOST_POINTS):
                now, order = now + timedelta(hours=1), order + 1
                books.sale(f"S{order}", 100_00, "10-05")
                books.receive("refund.created", refund_of(order, now), f"r{order}", now)
                point = (moment, number) if name == "adjust" else ("", 0)
                killed = run(processes, books, "adjust", now, *point)
                run(processes, books, "adjust", now)
                assert counts(books, now) == (1, ["line_reversed"], [])
                due = now + timedelta(minutes=20)
                if name == "compose":
                    killed = run(processes, books, "compose", due, moment, number)
                assert not run(processes, books, "compose", due)
                assert counts(books, now) == (1, [], ["Anna"])
                if not killed:
                    break
            assert 1 < number < MOST_POINTS - 1, name


def refund_of(order: int, now: datetime) -> dict[str, object]:
    ids = {"order_id": f"S{order}", "refund_id": f"r{order}", "occurred_at": now.isoformat()}
    return ids | {"currency": "EUR", "amount": 10_00}


@pytest.mark.parametrize("moment", ["statement", "committed"])
def test_a_freeze_is_told_once_to_each_wherever_composing_is_killed(books: Books, moment: str) -> None:
    add_user(books, "Olga", "owner")
    add_user(books, "Otto", operator=True)
    now = at("10-08 12:00")
    with zygote() as processes:
        for number in range(1, MOST_POINTS):
            now += timedelta(hours=1)
            run(processes, books, "freeze", now)
            killed = run(processes, books, "compose", now, moment, number)
            assert not run(processes, books, "compose", now)
            assert counts(books, now) == (1, [], ["Olga", "Otto"])
            if not killed:
                break
    assert 1 < number < MOST_POINTS - 1
