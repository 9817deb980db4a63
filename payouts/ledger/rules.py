"""The accounts that each event moves money between, and its section of a statement (docs/money.md 2 and 6).

Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from tracker.errors import Invalid

Section = Literal["earned", "reversed", "adjustments", "payments", "none"]

CREATOR_ACCOUNTS = ("pending", "payable", "in_transit")


@dataclass(frozen=True)
class EventRule:
    """The kinds of account that one event debits and credits; `sign` is its sign in its statement section."""

    debit: str
    credit: str
    section: Section = "none"
    sign: int = 1


EVENTS: Mapping[str, EventRule] = {
    "accrue": EventRule("commission_expense", "pending", "earned"),
    "reinstate_held": EventRule("commission_expense", "pending", "reversed", -1),
    "reverse_held": EventRule("pending", "commission_expense", "reversed"),
    "mature": EventRule("pending", "payable"),
    "hold": EventRule("payable", "pending"),
    "reverse_payable": EventRule("payable", "commission_expense", "reversed"),
    "reinstate_payable": EventRule("commission_expense", "payable", "reversed", -1),
    "payout_prepared": EventRule("payable", "in_transit"),
    "payout_confirmed": EventRule("in_transit", "funding", "payments"),
    "payout_released": EventRule("in_transit", "payable"),
    "transfer_reversed": EventRule("funding", "payable", "payments", -1),
    "orphan_adopted": EventRule("payable", "funding", "payments"),
    "paid_by_hand": EventRule("payable", "funding", "payments"),
    "deposit": EventRule("funding", "deposits"),
    "withdrawal": EventRule("deposits", "funding"),
    "rail_fee": EventRule("rail_fees", "funding"),
    "bonus": EventRule("commission_expense", "payable", "adjustments"),
    "deduction": EventRule("payable", "commission_expense", "adjustments", -1),
    "vat": EventRule("input_vat", "payable", "adjustments"),
    "vat_credit_note": EventRule("payable", "input_vat", "adjustments", -1),
    "write_off": EventRule("write_off", "payable", "adjustments"),
    "unclaimed": EventRule("payable", "unclaimed", "adjustments", -1),
    "gift": EventRule("gifts", "gifts_given"),
    "exchange_out": EventRule("payable", "fx", "adjustments", -1),
    "exchange_in": EventRule("fx", "payable", "adjustments"),
}
"""By kind of a transaction's lines.

`payout_released` is the definite failure or the cancellation of a payout. An exchange is one transaction with
two lines: `exchange_out` in one currency, `exchange_in` in the other. When new evidence credits B instead of
A, there are two transactions: the reversal of A's commission and the accrual of B's.
"""

PAYOUT_KINDS = frozenset({"payout_prepared", "payout_released"})
"""Transactions on `payable` that payouts make themselves; no other payout settles their postings."""


@dataclass(frozen=True)
class Line:
    """A posting that is not numbered yet: event, amount, currency and creator."""

    event: str
    amount_minor: int
    currency: str
    creator_id: str | None = None

    def __post_init__(self) -> None:
        if self.event not in EVENTS:
            raise Invalid(f"{self.event!r} is not an event of the ledger.")
        if self.amount_minor <= 0:
            raise Invalid(f"The amount of a posting must be positive, not {self.amount_minor}.")
        rule = EVENTS[self.event]
        if self.creator_id is None and not {rule.debit, rule.credit}.isdisjoint(CREATOR_ACCOUNTS):
            raise Invalid(f"{self.event!r} posts to a creator's account: it needs the creator's id.")


def account_id(brand_id: str, kind: str, currency: str, creator_id: str | None) -> str:
    """The id of an account, made of brand, owner, kind and currency."""
    owner = creator_id if kind in CREATOR_ACCOUNTS else None
    return f"{brand_id}:{owner or 'brand'}:{kind}:{currency}"


def accounts_of(line: Line, brand_id: str) -> tuple[str, str]:
    """The ids of the debit and the credit account."""
    rule = EVENTS[line.event]
    return (
        account_id(brand_id, rule.debit, line.currency, line.creator_id),
        account_id(brand_id, rule.credit, line.currency, line.creator_id),
    )


def event_between(debit_kind: str, credit_kind: str, transaction_kind: str) -> EventRule:
    """The rule of a stored posting, by its transaction's kind; for an exchange, by the line's direction."""
    if transaction_kind != "exchange":
        return EVENTS[transaction_kind]
    return EVENTS["exchange_out" if debit_kind == "payable" else "exchange_in"]


def liability_minor(debits_minor: int, credits_minor: int) -> int:
    """Balance of a liability account such as `payable`: what is owed. Below 0: the creator owes."""
    return credits_minor - debits_minor
