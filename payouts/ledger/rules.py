"""The accounts that each event moves money between, and its section of a statement (docs/money.md 2 and 6).

Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Literal

from tracker.errors import Invalid

Section = Literal["earned", "reversed", "adjustments", "payments", "none"]

CREATOR_ACCOUNTS = ("pending", "payable", "in_transit")


@dataclass(frozen=True)
class EventRule:
    """What one event is for, and the kinds of account that it debits and credits.

    `sign` is its sign in its statement section. `by_hand`: a person may book it; the others only rules book.
    """

    debit: str
    credit: str
    purpose: str
    section: Section = "none"
    sign: int = 1
    by_hand: bool = False

    @property
    def concerns_creator(self) -> bool:
        """Whether it posts to a creator's account."""
        return not {self.debit, self.credit}.isdisjoint(CREATOR_ACCOUNTS)


_by_hand = partial(EventRule, by_hand=True)

EVENTS: Mapping[str, EventRule] = {
    "accrue": EventRule("commission_expense", "pending", "a sale earns a commission", "earned"),
    "reinstate_held": EventRule(
        "commission_expense", "pending", "more of a held commission is left again", "reversed", -1
    ),
    "reverse_held": EventRule(
        "pending", "commission_expense", "less of a held commission is left", "reversed"
    ),
    "mature": EventRule("pending", "payable", "a commission is released"),
    "hold": EventRule("payable", "pending", "a released commission is held again"),
    "reverse_payable": EventRule(
        "payable", "commission_expense", "less of a released commission is left, paid or not", "reversed"
    ),
    "reinstate_payable": EventRule(
        "commission_expense", "payable", "more of a released commission is left again", "reversed", -1
    ),
    "payout_prepared": EventRule("payable", "in_transit", "a payout is prepared"),
    "payout_confirmed": EventRule("in_transit", "funding", "the transfer of a payout was made", "payments"),
    "payout_released": EventRule(
        "in_transit", "payable", "a payout failed, was cancelled or selects its entries again"
    ),
    "transfer_reversed": EventRule(
        "funding", "payable", "money of a transfer came back from the rail", "payments", -1
    ),
    "orphan_adopted": EventRule("payable", "funding", "a transfer that the books did not know", "payments"),
    "paid_by_hand": _by_hand("payable", "bank", "paid by the brand itself, not by the rail", "payments"),
    "tax_withheld": _by_hand(
        "payable", "tax_withheld", "tax that the brand pays for the creator", "payments"
    ),
    "deposit": _by_hand("funding", "deposits", "money moved to a shared rail"),
    "withdrawal": _by_hand("deposits", "funding", "money taken back from a shared rail"),
    "rail_fee": _by_hand("rail_fees", "funding", "a fee of the rail, never the creator's"),
    "rail_loss": _by_hand("rail_losses", "funding", "a creator's debt that the rail collects"),
    "bonus": _by_hand("commission_expense", "payable", "a reward beside the commissions", "adjustments"),
    "flat_fee": _by_hand(
        "commission_expense", "payable", "an agreed fee, such as for a video", "adjustments"
    ),
    "deduction": _by_hand(
        "payable", "commission_expense", "takes back a bonus, a fee or earned money", "adjustments", -1
    ),
    "vat": _by_hand("input_vat", "payable", "VAT on a self-billed invoice", "adjustments"),
    "vat_credit_note": _by_hand(
        "payable", "input_vat", "VAT on a credit note for such an invoice", "adjustments", -1
    ),
    "vat_reverse_charge": _by_hand("input_vat", "output_vat", "reverse charge; nothing to the creator"),
    "vat_reverse_charge_credit_note": _by_hand("output_vat", "input_vat", "reverse charge on a credit note"),
    "write_off": _by_hand("write_off", "payable", "gives up what a creator owes", "adjustments"),
    "unclaimed": _by_hand(
        "payable", "unclaimed", "a payable balance that cannot be claimed", "adjustments", -1
    ),
    "claimed": _by_hand("unclaimed", "payable", "unclaimed money, claimed after all", "adjustments"),
    "gift": _by_hand("gifts", "gifts_given", "the value of a gift, never payable"),
    "exchange_out": _by_hand("payable", "fx", "payable money given for another currency", "adjustments", -1),
    "exchange_in": _by_hand("fx", "payable", "payable money received in that currency", "adjustments"),
    "exchange_gain": _by_hand("fx", "fx_result", "what the brand gained by its exchanges"),
    "exchange_loss": _by_hand("fx_result", "fx", "what the brand lost by its exchanges"),
}
"""By the event of a line. It is the kind of its transaction, except for an exchange.

`payout_released` is the definite failure or the cancellation of a payout. An exchange is one transaction with
two lines: `exchange_out` in one currency, `exchange_in` in the other. When new evidence credits B instead of
A, there are two transactions: the reversal of A's commission and the accrual of B's.
"""

EXCHANGE_EVENTS = ("exchange_out", "exchange_in")
"""The events of the two lines of an `exchange`."""

FORMER_ACCOUNTS: Mapping[str, tuple[str, str]] = {"paid_by_hand": ("payable", "funding")}
"""Debit and credit that earlier versions posted, by kind. Such postings stay (docs/decisions/0088)."""

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
        if self.creator_id is None and EVENTS[self.event].concerns_creator:
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


def events_of(kind: str) -> tuple[str, ...]:
    """The events of the lines that a transaction of this kind may have. None when the kind is not known."""
    if kind == "exchange":
        return EXCHANGE_EVENTS
    return (kind,) if kind in EVENTS and kind not in EXCHANGE_EVENTS else ()


def kind_of(event: str) -> str:
    """The kind of the transaction that has a line with this event."""
    return "exchange" if event in EXCHANGE_EVENTS else event


def event_between(debit_kind: str, credit_kind: str, transaction_kind: str) -> EventRule:
    """The rule of a stored posting, by its transaction's kind; for an exchange, by the line's direction."""
    if transaction_kind != "exchange":
        return EVENTS[transaction_kind]
    return EVENTS["exchange_out" if debit_kind == "payable" else "exchange_in"]


def liability_minor(debits_minor: int, credits_minor: int) -> int:
    """Balance of a liability account such as `payable`: what is owed. Below 0: the creator owes."""
    return credits_minor - debits_minor
