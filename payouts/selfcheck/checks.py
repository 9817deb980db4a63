"""The self-check: everything that must be true of the books, their statements and their payouts.

One set of rules, two ways to choose what they look at: a sweep checks everything; a check that starts at a
mark looks at what came since. A finding stops payouts until it is resolved.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from payouts.commissions.checks import commission_faults
from payouts.commissions.models import Commission
from payouts.ledger.balance_copies import copy_faults
from payouts.ledger.checks import BooksSoFar, Finding, Reads, books_end, pages_of, walk
from payouts.ledger.models import Account
from payouts.rollups.checks import balance_copy_faults, sale_total_faults
from payouts.selfcheck.subjects import Statements, Touched, touched_pages
from payouts.settlement.checks import entry_faults, payout_faults, settlement_faults, stuck_payouts
from payouts.settlement.freezes import active_freezes
from payouts.settlement.models import Payout
from payouts.statements.checks import held_balance_faults, statement_faults
from payouts.statements.silence import silence_faults
from tracker.people.accounts.models import Brand

ACCOUNT_ROWS = 20
"""An account has all entries of a creator, so fewer of them are read at once than of other objects."""


class Promise(StrEnum):
    """What the checks promise, in their order."""

    CHAIN = "the chain of transactions is whole"
    MARKS = "the books are those that earlier checks have seen"
    POSTINGS = "every posting is one that its event allows"
    BALANCES = "nothing is held or in transit below zero"
    COMMISSIONS = "every commission is worth what its sale says"
    STATEMENTS = "sealed statements are unchanged and follow one another"
    SILENCE = "a statement approves itself only after a notice, where it needs one"
    HELD = "nothing is held below zero at the end of a period"
    PAYOUTS = "payouts agree with the books, item by item"
    COPIES = "copies of balances agree with the postings"
    SETTLED = "what no payout has settled is what is payable"
    ENTRIES = "every entry is open or in one sent payout"
    PAGES = "balances, totals of sales and visits that pages show agree with the rows that they sum up"
    AUDIT = "the audit is whole: nothing that people did was changed or removed"
    STUCK = "no payout is stuck"
    FREEZES = "payouts are not frozen"


_OF_THE_BOOKS = {"chain": Promise.CHAIN, "postings": Promise.POSTINGS, "balances": Promise.BALANCES}
_BESIDE_THE_BOOKS = (Promise.PAGES, Promise.AUDIT, Promise.STUCK, Promise.FREEZES)
"""Promises about copies for pages, acts and the present: when one is broken, the books are still right."""
_STOPS_NO_PAYOUT = (Promise.PAGES, Promise.AUDIT)


@dataclass(frozen=True)
class Start:
    """Where the check of a brand starts: its books up to a mark, and the time of the mark.

    Without a time it starts at the beginning, and everything of the brand is checked.
    """

    books: BooksSoFar
    since: datetime | None = None


@dataclass
class CheckResult:
    """What a check found, by promise, and the brands' books up to where they were checked."""

    findings: list[tuple[Promise, Finding]] = field(default_factory=list)
    ends: list[BooksSoFar] = field(default_factory=list)

    def of(self, promise: Promise) -> list[Finding]:
        return [finding for kept, finding in self.findings if kept == promise]

    @property
    def stopping_payouts(self) -> list[Finding]:
        """All but those about what only pages read, and about who did what: the books stand by themselves."""
        return [each for promise in Promise if promise not in _STOPS_NO_PAYOUT for each in self.of(promise)]

    def in_order(self) -> list[Finding]:
        """All findings, in the order of the promises."""
        return [finding for promise in Promise for finding in self.of(promise)]

    @property
    def faults_of_books(self) -> int:
        """How many findings there are about what was written, whatever happens now."""
        return sum(promise not in _BESIDE_THE_BOOKS for promise, _finding in self.findings)

    def add(self, promise: Promise, findings: Iterable[Finding]) -> None:
        self.findings += [(promise, each) for each in findings]

    def add_faults_of_books(self, other: "CheckResult") -> None:
        self.findings += [each for each in other.findings if each[0] not in _BESIDE_THE_BOOKS]


def self_check(session: Session, now: datetime) -> list[Finding]:
    """A sweep in one view of the books. All faults, in the order of the promises."""
    return check_books(lambda: nullcontext(session), now, from_the_beginning(session)).in_order()


def from_the_beginning(session: Session) -> dict[str, Start]:
    """Each brand, checked as a whole."""
    brands = session.scalars(select(Brand.id).order_by(Brand.id))
    return {brand_id: Start(BooksSoFar(brand_id)) for brand_id in brands}


def check_books(reads: Reads, now: datetime, starts: Mapping[str, Start]) -> CheckResult:
    """Check the books of these brands from where they start. An empty result means that all is right."""
    result = CheckResult()
    for start in starts.values():
        _check_brand(reads, start, result)
    if swept := frozenset(brand_id for brand_id, start in starts.items() if start.since is None):
        _check_all_subjects(reads, swept, result)
    with reads() as session:
        result.add(Promise.SILENCE, silence_faults(session))
        result.add(Promise.STUCK, stuck_payouts(session, now))
        result.add(Promise.FREEZES, active_freezes(session))
    return result


def _check_brand(reads: Reads, start: Start, result: CheckResult) -> None:
    """The brand's transactions and statements, and what its transactions since a mark concern."""
    books = start.books
    with reads() as session:
        end = books_end(session, books.brand_id)
        statements = Statements.read(session, books.brand_id)
        touched = Touched.without_postings(session, books.brand_id, start.since)
    for page in walk(reads, books, end):
        for finding in page.findings:
            result.add(_OF_THE_BOOKS[finding.check], [finding])
        if start.since is not None:
            touched.add(page)
            if touched.is_full:
                _check_touched(reads, touched, result)
    if start.since is not None:
        _check_touched(reads, touched, result)
    closings = statements.closings(books.owed, start.since, touched.periods)
    result.add(Promise.STATEMENTS, statement_faults(reads, closings))
    result.add(Promise.COPIES, copy_faults(reads, statements.periods_of(closings)))
    if start.since is None:
        result.add(Promise.PAGES, balance_copy_faults(reads, books))
        result.add(Promise.PAGES, sale_total_faults(reads, books.brand_id))
    result.ends.append(books)


def _check_all_subjects(reads: Reads, brands: frozenset[str], result: CheckResult) -> None:
    for page in pages_of(reads, Commission.id, Commission.brand_id, brands):
        _check_page(reads, page, result, _COMMISSION_RULES)
    for page in pages_of(reads, Payout.id, Payout.brand_id, brands):
        _check_page(reads, page, result, _PAYOUT_RULES)
    payable = Account.kind == "payable"
    for page in pages_of(reads, Account.id, Account.brand_id, brands, payable, rows=ACCOUNT_ROWS):
        _check_page(reads, page, result, _ACCOUNT_RULES)


def _check_touched(reads: Reads, touched: Touched, result: CheckResult) -> None:
    for page in touched_pages(reads, Commission.id, touched.subjects):
        _check_page(reads, page, result, _COMMISSION_RULES)
    for page in touched_pages(reads, Payout.id, touched.subjects):
        _check_page(reads, page, result, _PAYOUT_RULES)
    payable = Account.kind == "payable"
    for page in touched_pages(reads, Account.id, touched.accounts, payable, rows=ACCOUNT_ROWS):
        _check_page(reads, page, result, _ACCOUNT_RULES)
    touched.clear_subjects()


Rule = tuple[Promise, Callable[[Session, list[str]], Iterator[Finding]]]

_COMMISSION_RULES: tuple[Rule, ...] = (
    (Promise.COMMISSIONS, commission_faults),
    (Promise.HELD, held_balance_faults),
)
_PAYOUT_RULES: tuple[Rule, ...] = ((Promise.PAYOUTS, payout_faults),)
_ACCOUNT_RULES: tuple[Rule, ...] = ((Promise.SETTLED, settlement_faults), (Promise.ENTRIES, entry_faults))


def _check_page(reads: Reads, ids: list[str], result: CheckResult, rules: tuple[Rule, ...]) -> None:
    """Check a page of subjects in one read, so that what is compared is seen at one moment."""
    with reads() as session:
        for promise, rule in rules:
            result.add(promise, rule(session, ids))
