"""Jobs are killed at any of their commits; other processes run them again, and the books are the same.

Every job of the job table takes part, and the rows of every table are compared, so that new ones are covered
by themselves.
"""

import os
import secrets
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import func, select

from config.database import open_databases, read_session
from config.locking.turns import Turn
from config.settings import Settings
from payouts.commissions.models import Commission, Entry
from payouts.jobs.claims import LEASE
from payouts.jobs.models import JobRun
from payouts.ledger.models import Posting
from payouts.processes.job_table import JOBS, tick
from payouts.settlement.models import Payout
from payouts.tables import MAIN_TABLES
from payouts.transfers.sandbox.server import SandboxServer
from tests.cast.books import Books, at
from tests.cast.months import sandbox_file, seed_after, transfers_in
from tests.conftest import settings_for
from tests.harness.databases.snapshots import DatabaseSeed, Snapshot, SnapshotStore
from tests.harness.processes.crashes import Zygote, kill_at, zygote
from tracker.sales.orders.models import Sale

TIMES = ("11-01 00:05", "11-08 00:05", "11-09 00:05", "11-20 00:05")
"""The period is closed; its statement is approved and sealed; it is paid; a day without news."""

LATER = LEASE + timedelta(minutes=5)
"""How long after a kill another scheduler runs: the lease of the killed run has expired."""

NO_KILL = 10**9
KILLS_OF_A_SAMPLE = 6
NOT_COMPARED = {"job_run", "job_clock", "ledger_mark", "sale_slot_counted"}
"""Runs, marks of the self-check, and the five minutes in which rows were written: a crash adds some."""

SEED = os.environ.get("LINKLEDGER_TEST_SEED") or secrets.token_hex(4)


def report_orders(books: Books) -> None:
    """A plain sale, one with a refund, one with a lost dispute, one that is released in the next month."""
    days = ("10-01", "10-01", "10-01", "10-20")
    for number, day in enumerate(days):
        order = f"S{number}"
        data = books.sale_data(order, 1000_00, day, click=books.click(books.link_id, day))
        books.report("sale.created", data, f"sale-{order}", at(day), with_jobs=False)
    books.refund("S1", 400_00, "10-05", with_jobs=False)
    data = {"order_id": "S2", "dispute_id": "dp", "occurred_at": at("10-06").isoformat(), "currency": "EUR"}
    for status in ("opened", "lost"):
        more = {"status": status, "amount": 1000_00}
        books.report("dispute.updated", data | more, f"dispute-{status}", at("10-06"), with_jobs=False)


@pytest.fixture
def database_seed() -> DatabaseSeed:
    return REPORTED


REPORTED = seed_after(report_orders)


def run_jobs(settings: Settings, progress: Path, kill_at_commit: int) -> None:
    """What schedulers do at TIMES, in one process, which is killed at that commit. The file has how many of
    the times are done."""
    databases = open_databases(settings, Turn.JOBS)
    kill_at(databases.main, "commit", kill_at_commit)
    for done, when in enumerate(TIMES):
        progress.write_text(str(done))
        tick(databases, settings, at(when))
    progress.write_text(str(len(TIMES)))
    databases.close()


class Campaign:
    """Runs the jobs on a copy of the reported orders for each kill."""

    def __init__(self, snapshots: SnapshotStore, snapshot: Snapshot, folder: Path, process: Zygote) -> None:
        self._snapshots, self._snapshot, self._folder, self._process = snapshots, snapshot, folder, process
        self._copies = 0
        self.killed_jobs = Counter[str]()
        with self._copy() as books:
            self._process.do(self._work(books, NO_KILL))
            self.expected = fingerprint(books)
            self.commits = self._commits_of(books)

    def kill(self, number: int) -> bool:
        """Kill the jobs at this commit and run them again. Returns whether there is such a commit."""
        with self._copy() as books:
            killed = self._process.was_killed(self._work(books, number))
            with read_session(books.databases.main) as session:
                self.killed_jobs.update(session.scalars(select(JobRun.job).where(JobRun.state == "running")))
            for when in TIMES[int(self._progress(books).read_text()) :]:
                tick(books.databases, books.settings, at(when) + LATER)
            assert fingerprint(books) == self.expected, f"killed at commit {number}"
        return killed

    def _commits_of(self, books: Books) -> int:
        """A lower bound: each run commits when it is claimed and when it ends."""
        with read_session(books.databases.main) as session:
            return 2 * (session.scalar(select(func.count()).select_from(JobRun)) or 0)

    def _work(self, books: Books, number: int) -> Any:
        return partial(run_jobs, books.settings, self._progress(books), number)

    def _progress(self, books: Books) -> Path:
        return books.settings.home / "progress"

    @contextmanager
    def _copy(self) -> Iterator[Books]:
        self._copies += 1
        folder = self._folder / f"copy-{self._copies}"
        with (
            self._snapshots.copy(self._snapshot, folder) as copied,
            SandboxServer(sandbox_file(copied)) as sandbox,
        ):
            settings = settings_for(copied.home, copied.database_url, stripe_api_base=sandbox.url)
            databases = open_databases(settings)
            opened: Books = self._snapshot.known[0]
            yield replace(opened, settings=settings, databases=databases, sandbox=sandbox)
            databases.close()


def fingerprint(books: Books) -> dict[str, Any]:
    """What no crash may change: rows of each table, amounts, balances, payouts, transfers, faults."""
    with read_session(books.databases.main) as session:
        rows = {
            table.name: session.scalar(select(func.count()).select_from(table))
            for table in MAIN_TABLES.sorted_tables
            if table.name not in NOT_COMPARED
        }
        entries = session.execute(
            select(Sale.order_id, Entry.line, Entry.kind, Entry.amount_after_minor)
            .join(Commission, Commission.id == Entry.commission_id)
            .join(Sale, Sale.id == Commission.sale_id)
            .order_by(Sale.order_id, Entry.line)
        )
        debits = select(Posting.debit_account_id, Posting.credit_account_id, func.sum(Posting.amount_minor))
        postings = session.execute(
            debits.group_by(Posting.debit_account_id, Posting.credit_account_id).order_by(
                Posting.debit_account_id, Posting.credit_account_id
            )
        )
        payouts = session.execute(select(Payout.state, Payout.amount_minor).order_by(Payout.id))
        found = {"rows": rows}
        for name, values in (("entries", entries), ("postings", postings), ("payouts", payouts)):
            found[name] = [tuple(each) for each in values]  # type: ignore[assignment]
    transfers = sorted(each["amount"] for each in transfers_in(books.sandbox))
    return {**found, "transfers": transfers, "faults": books.faults()}


@pytest.fixture
def campaign(snapshots: SnapshotStore, snapshot: Snapshot, home: Path) -> Iterator[Campaign]:
    print(f"LINKLEDGER_TEST_SEED={SEED}")  # noqa: T201
    with zygote() as process:
        yield Campaign(snapshots, snapshot, home.parent, process)


def test_jobs_that_are_killed_at_some_commits_book_everything_once(campaign: Campaign) -> None:
    assert campaign.expected["faults"] == []
    assert len(campaign.expected["transfers"]) == 1
    for number in Random(SEED).sample(range(1, campaign.commits), KILLS_OF_A_SAMPLE):
        assert campaign.kill(number)


@pytest.mark.nightly
@pytest.mark.timeout(3600)
def test_every_job_may_be_killed_at_every_commit(campaign: Campaign) -> None:
    number = 1
    while campaign.kill(number):
        number += 1
    assert number > campaign.commits
    assert set(campaign.killed_jobs) == {job.name for job in JOBS}
