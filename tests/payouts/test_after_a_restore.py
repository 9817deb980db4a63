"""After a restore the payment provider knows more than the books: nothing is paid until both agree again."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.database import open_databases
from config.settings import Settings
from payouts.backup.archive import open_archive
from payouts.backup.making import make_backup
from payouts.backup.restoring import restore
from payouts.checks import require_sound_books
from payouts.transfers.adoption import adopt
from payouts.transfers.reconciliation import reconcile
from payouts.transfers.sandbox.server import SANDBOX_KEY
from payouts.transfers.stripe_rail import StripeRail
from tests.conftest import settings_for
from tests.payouts.cast import Books, at
from tracker.errors import Fault


def hush(_line: str) -> None:
    """Progress is for people."""


def backed_up(books: Books, file: Path, when: str) -> Path:
    make_backup(books.databases, at(when), file, hush)
    return file


@pytest.fixture
def restored(books: Books, tmp_path: Path) -> Iterator[Books]:
    """The books of 8 November, restored after the payout of 9 November had been sent."""
    books.sale("S1", 1000_00, "10-01")
    books.close("2026-10", "11-01 00:05")
    books.approve("2026-10", "11-08")
    file = backed_up(books, tmp_path / "backup", "11-08 13:00")
    assert len(books.pay("11-09").paid) == 1
    yield from restored_from(file, books, tmp_path)


def restored_from(file: Path, books: Books, tmp_path: Path) -> Iterator[Books]:
    settings: Settings = settings_for(tmp_path / "new-home")
    databases = open_databases(settings)
    with open_archive(file) as archive:
        assert restore(databases, archive, hush).findings == []
    yield dataclasses.replace(books, settings=settings, databases=databases)
    databases.close()


def compared(books: Books) -> list[str]:
    return reconcile(books.databases, rail(books), at("11-10")).unknown_transfers


def rail(books: Books) -> StripeRail:
    return StripeRail(SANDBOX_KEY, books.sandbox.url)


def test_payouts_are_frozen_and_the_reason_is_said(restored: Books) -> None:
    with pytest.raises(Fault, match="restored from a backup.*payout reconcile"):
        restored.write(lambda s: require_sound_books(s, at("11-10")))


def test_the_transfer_that_the_books_forgot_is_named_and_the_freeze_stays(restored: Books) -> None:
    assert len(compared(restored)) == 1
    assert any("frozen" in fault for fault in restored.faults())


def test_an_adopted_transfer_settles_the_statement_and_nothing_is_paid_again(restored: Books) -> None:
    (transfer_ref,) = compared(restored)
    for _ in range(2):
        found = rail(restored).transfer(transfer_ref)
        restored.write(lambda s, t=found: adopt(s, at("11-10"), brand_id=restored.brand_id, transfer=t))
    assert compared(restored) == []
    assert restored.faults() == []
    assert restored.balance().total_minor == 0
    assert restored.pay("11-10").paid == []
    assert restored.sandbox.control.counts()["transfers"] == 1


def test_books_that_know_everything_are_thawed_at_once(books: Books, tmp_path: Path) -> None:
    books.sale("S1", 1000_00, "10-01")
    books.close("2026-10", "11-01 00:05")
    books.approve("2026-10", "11-08")
    books.pay("11-09")
    file = backed_up(books, tmp_path / "backup", "11-09 13:00")
    for whole in restored_from(file, books, tmp_path):
        assert compared(whole) == []
        assert whole.faults() == []
