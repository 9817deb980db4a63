"""After a restore the payment provider may know more than the books: nothing is paid until both agree."""

import dataclasses
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event, inspect, select

from config.database import Databases, open_databases, read_session, transact
from config.settings import Settings
from payouts.backup.archive import open_archive
from payouts.backup.create import make_backup
from payouts.backup.restore import restore
from payouts.selfcheck.runs import require_consistent_books, run_check
from payouts.settlement.freezes import is_frozen, place_freeze
from payouts.settlement.reasons import FreezeReason
from payouts.transfers.reconciliation.adoption import adopt
from payouts.transfers.reconciliation.reconciliation import reconcile
from payouts.transfers.sandbox.server import SANDBOX_KEY
from payouts.transfers.stripe.client import StripeRail
from tests.cast.books import Books, at
from tests.cast.months import DEFAULT_SEED, seed_after, sent_keys
from tests.conftest import settings_for
from tests.harness.databases.snapshots import database_seed_for
from tracker.errors import Conflict, Fault
from tracker.people.accounts.models import Brand
from tracker.reasons import Reason


def ignore_progress(_line: str) -> None:
    """Show no progress."""


def make_backup_at(books: Books, file: Path, when: str) -> Path:
    make_backup(books.databases, at(when), file, ignore_progress)
    return file


def approve_october(books: Books) -> None:
    books.sale("S1", 1000_00, "10-01")
    books.end("2026-10", "11-01 00:05")
    books.approve("2026-10", "11-08")


def restore_into_new_home(books: Books, when: str, later_events: Callable[[], Any]) -> None:
    """Make a backup at that time, let `later_events` happen, and restore the backup."""
    file = make_backup_at(books, new_home(books).with_name("backup"), when)
    later_events()
    databases = open_databases(settings_for(new_home(books)))
    with open_archive(file) as archive:
        assert restore(databases, archive, ignore_progress).findings == []
    databases.close()


def new_home(books: Books) -> Path:
    return books.settings.home.with_name("new-home")


def restore_without_payout(books: Books) -> None:
    approve_october(books)
    restore_into_new_home(books, "11-08 13:00", lambda: books.pay("11-09"))
    assert books.sandbox.control.counts()["transfers"] == 1


APPROVED, RESTORED = seed_after(approve_october), seed_after(restore_without_payout)


database_seed = database_seed_for(restored=RESTORED, approved=APPROVED, books=DEFAULT_SEED)


@pytest.fixture
def approved(books: Books) -> Books:
    """100 EUR are authorised for October."""
    return books


@pytest.fixture
def restored(books: Books) -> Iterator[Books]:
    """The books of 8 November, restored after the payout of 9 November had been sent."""
    yield from open_new_home(books)


def open_new_home(books: Books) -> Iterator[Books]:
    settings: Settings = settings_for(new_home(books))
    databases = open_databases(settings)
    yield dataclasses.replace(books, settings=settings, databases=databases)
    databases.close()


def reconciled(books: Books) -> list[str]:
    return reconcile(books.databases, rail(books), at("11-10")).unknown_transfers


def rail(books: Books) -> StripeRail:
    return StripeRail(SANDBOX_KEY, books.sandbox.url)


def test_payouts_are_frozen_with_a_reason(restored: Books) -> None:
    with pytest.raises(Fault, match="restored from a backup.*payout reconcile"):
        require_consistent_books(restored.databases.main, restored.settings, at("11-10"))


def test_transfer_missing_in_the_books_is_named_and_payouts_stay_frozen(restored: Books) -> None:
    assert len(reconciled(restored)) == 1
    assert any("frozen" in fault for fault in restored.faults())


def test_an_adopted_transfer_pays_the_statement_and_nothing_is_paid_again(restored: Books) -> None:
    (transfer_ref,) = reconciled(restored)
    for _ in range(2):
        found = rail(restored).transfer(transfer_ref)
        restored.write(lambda s, t=found: adopt(s, at("11-10"), brand_id=restored.brand_id, transfer=t))
    assert reconciled(restored) == []
    assert restored.faults() == []
    assert restored.balance().total_minor == 0
    assert restored.pay("11-10").paid == []
    assert restored.sandbox.control.counts()["transfers"] == 1


def test_complete_books_are_unfrozen_by_the_first_comparison(approved: Books) -> None:
    approved.pay("11-09")
    restore_into_new_home(approved, "11-09 13:00", lambda: None)
    for restored_books in open_new_home(approved):
        assert reconciled(restored_books) == []
        assert restored_books.faults() == []


class Crash(BaseException):
    """Imitates the end of a process; the product must not catch it."""


def test_restore_killed_at_any_point_leaves_no_unfrozen_books(books: Books, tmp_path: Path) -> None:
    file = make_backup_at(books, tmp_path / "backup", "11-08 13:00")
    transactions = restore_until_crash(file, tmp_path / "whole", crash_after=1000)
    with_books = 0
    for number in range(transactions):
        home = tmp_path / f"home-{number}"
        with pytest.raises(Crash):
            restore_until_crash(file, home, crash_after=number)
        databases = open_databases(settings_for(home))
        if restored_brands(databases):
            with_books += 1
            assert transact(databases.main, is_frozen)
        databases.close()
    assert with_books > 1


def restore_until_crash(file: Path, home: Path, crash_after: int) -> int:
    """Restore, and crash at the beginning of a transaction. Returns how many transactions began."""
    databases = open_databases(settings_for(home))
    begun = 0

    def crash(_connection: Connection) -> None:
        nonlocal begun
        if begun == crash_after:
            raise Crash
        begun += 1

    event.listen(databases.main, "begin", crash)
    try:
        with open_archive(file) as archive:
            restore(databases, archive, ignore_progress)
    finally:
        databases.close()
    return begun


def restored_brands(databases: Databases) -> bool:
    if not inspect(databases.main).has_table("brand"):
        return False
    with read_session(databases.main) as session:
        return session.scalar(select(Brand.id)) is not None


@pytest.mark.parametrize("way", ["resolve", "retry", "pay"])
def test_while_payouts_are_frozen_nothing_is_sent_again(approved: Books, way: str) -> None:
    books = approved
    fault = "403_before" if way == "pay" else "drop_before"
    books.sandbox.control.queue_fault(fault)
    report = books.run("11-09").pay(books.brand_id, early=True)
    (payout_id,) = report.failed if way == "pay" else report.unknown
    freeze = partial(
        place_freeze, now=at("11-09"), reason=Reason(FreezeReason.RESTORED), compare_from=at("11-09")
    )
    books.write(freeze)
    sent = len(sent_keys(books.sandbox))
    run = books.run("11-09 14:00")
    if way == "resolve":
        assert run.resolve_open_attempts().unknown
    elif way == "retry":
        with pytest.raises(Conflict, match="may still be in progress"):
            run.give_up(payout_id)
    else:
        with pytest.raises(Fault, match="frozen"):
            run.pay(books.brand_id, early=True)
    assert len(sent_keys(books.sandbox)) == sent
    assert reconciled(books) == []
    books.run("11-09 15:00").resolve_open_attempts()
    books.run("11-09 16:00").pay(books.brand_id, early=True)
    assert (books.balance().total_minor, books.sandbox.control.counts()["transfers"]) == (0, 1)


def test_completed_transfer_is_found_while_frozen(approved: Books) -> None:
    books = approved
    books.sandbox.control.queue_fault("drop_after")
    assert books.run("11-09").pay(books.brand_id, early=True).unknown
    books.write(
        partial(place_freeze, now=at("11-09"), reason=Reason(FreezeReason.RESTORED), compare_from=at("11-09"))
    )
    assert books.run("11-09 14:00").resolve_open_attempts().paid
    assert len(sent_keys(books.sandbox)) == 1


def test_restored_books_have_no_mark_that_a_check_could_start_at(approved: Books) -> None:
    main, settings = approved.databases.main, approved.settings
    for full in (True, False):
        assert run_check(main, settings, at("11-08")).is_full is full
    restore_into_new_home(approved, "11-09 13:00", lambda: None)
    for books in open_new_home(approved):
        same_key = run_check(books.databases.main, settings, at("11-10"))
        assert (same_key.is_full, [each.check for each in same_key.result.in_order()]) == (True, ["freeze"])
        assert not run_check(books.databases.main, settings, at("11-10")).is_full
