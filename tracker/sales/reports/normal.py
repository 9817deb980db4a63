"""The normal form: every kind of source is translated into these reports.

A field of a report is declared here and nowhere else: name, type, description, and whether it is required.
Validation, the OpenAPI document, the columns of files, the parameters of postbacks and the tables of
docs/sales.md follow from the declarations. Reports that code makes itself are not validated.

Each report has a content hash. It leaves out the envelope, the event key and the evidence for attribution.
Two reports under the same id with the same hash are the same report; with different hashes they contradict
each other.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Literal

from config.canonical import canonical_json
from tracker.errors import Invalid
from tracker.sales.reports.field_types import (
    CHOICE,
    NULL_IS_DEFAULT,
    Amount,
    Currency,
    Flag,
    ListOf,
    Names,
    NotReported,
    OptionalAmount,
    OptionalText,
    OptionalTime,
    PositiveAmount,
    Text,
    Time,
    Token,
    Tokens,
    about,
)
from tracker.sales.reports.order_parts import ExcludedPart, RefundedItem, comparable
from tracker.sales.reports.order_parts import Item as Item

DisputeStatusName = Literal["opened", "won", "lost"]


@dataclass(frozen=True)
class SaleReport:
    """An order was paid. Amounts are minor units; `total` is what was paid, with tax and shipping."""

    order_id: Annotated[Text, about("Your id of the order. There is one sale per order.")]
    occurred_at: Annotated[Time, about("When the order was paid. RFC 3339 with a zone.")]
    currency: Currency
    total: Annotated[Amount, about("What the shopper paid: after discount, with tax and shipping.")]
    tax: Annotated[Amount, about("All tax, including tax on shipping; 0 when there is none.")]
    shipping: Annotated[Amount, about("Shipping without its tax; 0 when there is none.")]
    discount: Annotated[
        Amount, NULL_IS_DEFAULT, about("The discount that is already subtracted from `total`.")
    ] = 0
    cost: Annotated[
        OptionalAmount, about("What the order cost you; for programs that pay commission on profit.")
    ] = None
    click: Annotated[
        Token, about("The click token: the value of the parameter `ll` in the URL of the visit.")
    ] = field(default=None, repr=False)
    touches: Annotated[Tokens, about("All click tokens of the shopper, if your shop stores several.")] = (
        field(default=(), repr=False)
    )
    coupons: Annotated[Names, about("The discount codes of the order, in the order of their use.")] = ()
    customer: Annotated[
        OptionalText,
        about("Your id of the customer, not an e-mail address. It is used to recognise later orders."),
    ] = field(default=None, repr=False)
    customer_email_hash: Annotated[
        OptionalText,
        about("SHA-256, in hex, of the customer's e-mail address in lower case without surrounding spaces."),
    ] = field(default=None, repr=False)
    items: Annotated[ListOf[Item], about("The lines of the order.")] = ()
    test: Annotated[
        Flag,
        NULL_IS_DEFAULT,
        about("Whether this is a test order. It is booked separately and earns nothing."),
    ] = False
    references: Annotated[
        Names, about("Other names of the order, such as its payment at Stripe (pi_…, ch_…, cs_…).")
    ] = ()
    checkout_started_at: Annotated[
        OptionalTime, about("When the checkout began. A click after it is suspicious.")
    ] = None
    customer_mailbox_hash: NotReported = field(default=None, repr=False)
    """Set only when the shop sends the address itself; from a hash, the mailbox cannot be computed."""
    ordered_at: Annotated[
        OptionalTime,
        about("When the shopper placed the order, if that was before it was paid. Stored, not used yet."),
    ] = None
    version_at: Annotated[
        OptionalTime,
        about("The time as of which the message tells the whole order. Stored, not used yet."),
    ] = None
    excluded: Annotated[
        ListOf[ExcludedPart],
        about("The parts of `total` that are no price of goods. Stored, not used yet."),
    ] = ()

    @property
    def tokens(self) -> tuple[str, ...]:
        """Every click token of the sale, without repetitions."""
        return unique_tokens(self.click, self.touches)

    @property
    def shopper(self) -> str | None:
        """Identifies a returning shopper: the mailbox or address hash, or else the shop's customer id."""
        return self.customer_mailbox_hash or (self.customer_email_hash or "").lower() or self.customer

    def facts(self) -> dict[str, Any]:
        """The stored facts of the order itself, without the evidence for attribution."""
        return {
            "order_id": self.order_id,
            "occurred_at": self.occurred_at,
            "currency": self.currency,
            "total": self.total,
            "tax": self.tax,
            "shipping": self.shipping,
            "discount": self.discount,
            "cost": self.cost,
            "customer": self.customer,
            "customer_email_hash": self.customer_email_hash,
            "items": [item.as_json() for item in self.items],
            "test": self.test,
            "shopper": self.shopper,
            "checkout_started_at": self.checkout_started_at,
            "ordered_at": self.ordered_at,
            "version_at": self.version_at,
            "excluded": [part.as_json() for part in self.excluded] or None,
        }

    @property
    def content_hash(self) -> str:
        """Leaves out click, touches, coupons and the checkout's start: evidence that a later message may add.

        It also leaves out references, because some messages name more of them than others, and the shopper,
        which follows from the customer.
        """
        hashed = self.facts()
        for name in (*_NOT_HASHED, *(name for name in _HASHED_IF_GIVEN if hashed[name] is None)):
            del hashed[name]
        if self.excluded:
            hashed["excluded"] = comparable(hashed["excluded"])
        return _content_hash("sale", hashed)


@dataclass(frozen=True)
class RefundReport:
    """`amount` went back to the shopper. `tax` and `shipping` are parts of it, or None when not stated."""

    order_id: Annotated[Text, about("Your id of the order.")]
    refund_id: Annotated[Text, about("Your id of the refund, unique within the order.")]
    occurred_at: Time
    currency: Annotated[Currency, about("The currency of the sale. ISO 4217 code, in upper case.")]
    amount: Annotated[PositiveAmount, about("What the shopper got back, including tax and shipping.")]
    tax: Annotated[OptionalAmount, about("The part of `amount` that is tax.")] = None
    shipping: Annotated[OptionalAmount, about("The part of `amount` that is shipping, without its tax.")] = (
        None
    )
    reason: Annotated[OptionalText, about("Your reason for the refund, as free text.")] = None
    items: Annotated[
        ListOf[RefundedItem], about("The lines of the order that it is for. Stored, not used yet.")
    ] = ()
    excluded: Annotated[
        ListOf[ExcludedPart],
        about("The parts of `amount` that are no price of goods. Stored, not used yet."),
    ] = ()

    def parts(self) -> dict[str, Any]:
        """What it says that it is for, as it is stored; None where it does not say."""
        return {
            "items": [item.as_json() for item in self.items] or None,
            "excluded": [part.as_json() for part in self.excluded] or None,
        }

    @property
    def content_hash(self) -> str:
        facts = {
            "order_id": self.order_id,
            "refund_id": self.refund_id,
            "occurred_at": self.occurred_at,
            "currency": self.currency,
            "amount": self.amount,
            "tax": self.tax,
            "shipping": self.shipping,
        }
        parts = {name: comparable(each) for name, each in self.parts().items() if each}
        return _content_hash("refund", facts | parts)


@dataclass(frozen=True)
class CancellationReport:
    """The whole order was cancelled: all that was not refunded before is refunded."""

    order_id: Annotated[Text, about("Your id of the order.")]
    occurred_at: Annotated[Time, about("When the order was cancelled. RFC 3339 with a zone.")]

    @property
    def content_hash(self) -> str:
        return _content_hash("cancellation", {"order_id": self.order_id, "occurred_at": self.occurred_at})


@dataclass(frozen=True)
class DisputeReport:
    """One step of a dispute about `amount` minor units."""

    order_id: Annotated[Text, about("Your id of the order.")]
    dispute_id: Annotated[Text, about("Your id of the dispute, the same for all its status changes.")]
    occurred_at: Time
    currency: Annotated[Currency, about("The currency of the sale. ISO 4217 code, in upper case.")]
    status: Annotated[
        DisputeStatusName,
        CHOICE,
        about("An opened dispute holds the commission. `won` and `lost` are from your side."),
    ]
    amount: Annotated[PositiveAmount, about("The disputed amount.")]

    @property
    def content_hash(self) -> str:
        facts = {
            "order_id": self.order_id,
            "dispute_id": self.dispute_id,
            "occurred_at": self.occurred_at,
            "currency": self.currency,
            "status": self.status,
            "amount": self.amount,
        }
        return _content_hash("dispute", facts)


Report = SaleReport | RefundReport | CancellationReport | DisputeReport


def unique_tokens(click: str | None, touches: tuple[str, ...]) -> tuple[str, ...]:
    """All tokens without repetitions, the click first."""
    return tuple(dict.fromkeys((*((click,) if click else ()), *touches)))


def require_parts_within(tax: int, shipping: int, whole: int, name: str, path: str = "data.") -> None:
    """Raises Invalid when the parts exceed the whole, in minor units; `path` is the prefix of the names."""
    if tax + shipping > whole:
        raise Invalid(
            f"{path}tax ({tax}) and {path}shipping ({shipping}) are more than {path}{name} ({whole}), "
            f"of which they are parts.",
            f"{path}tax",
        )


_NOT_HASHED = ("shopper", "checkout_started_at")
_HASHED_IF_GIVEN = ("ordered_at", "version_at", "excluded")
"""Younger fields: a report without them has the hash that was stored before they existed."""


def _content_hash(kind: str, facts: dict[str, Any]) -> str:
    # Times are in UTC; as ISO_FORMAT, which takes six times as long.
    plain = {
        name: f"{value.isoformat(timespec='microseconds')[:26]}Z" if isinstance(value, datetime) else value
        for name, value in facts.items()
    }
    return hashlib.sha256(canonical_json({"kind": kind, **plain}).encode()).hexdigest()
