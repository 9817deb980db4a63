"""The normal form: every kind of source is translated into these reports, validated field by field.

Each report has a content hash. It leaves out the envelope, the event key and the evidence for attribution.
Two reports under the same id with the same hash are the same report; with different hashes they contradict
each other.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from config.canonical import ISO_FORMAT, canonical_json
from tracker.errors import Invalid
from tracker.sales.reports.fields import MAX_ENTRIES, Fields, is_plain_text

DisputeStatusName = Literal["opened", "won", "lost"]
DISPUTE_STATUSES: tuple[DisputeStatusName, ...] = ("opened", "won", "lost")


@dataclass(frozen=True)
class Item:
    """One line of an order; `net` is the price of the whole line without tax, in minor units."""

    sku: str
    quantity: int
    net: int

    def as_json(self) -> dict[str, Any]:
        return {"sku": self.sku, "quantity": self.quantity, "net": self.net}


@dataclass(frozen=True)
class SaleReport:
    """An order was paid. Amounts are minor units; `total` is what was paid, with tax and shipping."""

    order_id: str
    occurred_at: datetime
    currency: str
    total: int
    tax: int
    shipping: int
    discount: int = 0
    cost: int | None = None
    click: str | None = field(default=None, repr=False)
    touches: tuple[str, ...] = field(default=(), repr=False)
    coupons: tuple[str, ...] = ()
    customer: str | None = field(default=None, repr=False)
    customer_email_hash: str | None = field(default=None, repr=False)
    items: tuple[Item, ...] = ()
    test: bool = False
    references: tuple[str, ...] = ()
    checkout_started_at: datetime | None = None
    customer_mailbox_hash: str | None = field(default=None, repr=False)
    """Set only when the shop sends the address itself; from a hash, the mailbox cannot be computed."""

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
        }

    @property
    def content_hash(self) -> str:
        """Leaves out click, touches, coupons and the checkout's start: evidence that a later message may add.

        It also leaves out references, because some messages name more of them than others, and the shopper,
        which follows from the customer.
        """
        facts = self.facts()
        return _content_hash("sale", {name: facts[name] for name in facts.keys() - _NOT_HASHED})


@dataclass(frozen=True)
class RefundReport:
    """`amount` went back to the shopper. `tax` and `shipping` are parts of it, or None when not stated."""

    order_id: str
    refund_id: str
    occurred_at: datetime
    currency: str
    amount: int
    tax: int | None = None
    shipping: int | None = None
    reason: str | None = None

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
        return _content_hash("refund", facts)


@dataclass(frozen=True)
class CancellationReport:
    """The whole order was cancelled: all that was not refunded before is refunded."""

    order_id: str
    occurred_at: datetime

    @property
    def content_hash(self) -> str:
        return _content_hash("cancellation", {"order_id": self.order_id, "occurred_at": self.occurred_at})


@dataclass(frozen=True)
class DisputeReport:
    """One step of a dispute about `amount` minor units."""

    order_id: str
    dispute_id: str
    occurred_at: datetime
    currency: str
    status: DisputeStatusName
    amount: int

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


_NOT_HASHED = {"shopper", "checkout_started_at"}

Report = SaleReport | RefundReport | CancellationReport | DisputeReport


def parse_sale(data: dict[str, Any], received_at: datetime, path: str = "data") -> SaleReport:
    """`data` as docs/sales.md describes a sale; `path` is where it is in the message, for errors.

    Raises Invalid, naming the first invalid field.
    """
    fields = Fields(data, path)
    report = SaleReport(
        order_id=fields.text("order_id"),
        occurred_at=fields.time("occurred_at", received_at),
        currency=fields.currency("currency"),
        total=fields.amount("total"),
        tax=fields.amount("tax"),
        shipping=fields.amount("shipping"),
        discount=fields.optional_amount("discount") or 0,
        cost=fields.optional_amount("cost"),
        click=fields.token("click"),
        touches=fields.tokens("touches"),
        coupons=fields.texts("coupons"),
        customer=fields.optional_text("customer"),
        customer_email_hash=fields.optional_text("customer_email_hash"),
        items=tuple(_parse_item(item) for item in fields.objects("items")),
        test=fields.flag("test"),
        references=fields.texts("references"),
        checkout_started_at=fields.optional_time("checkout_started_at", received_at),
    )
    require_parts_within(report.tax, report.shipping, report.total, "total", fields.place(""))
    return report


def parse_references(data: dict[str, Any]) -> tuple[str, ...]:
    """Other names of the order, from `data` that is not validated yet; invalid ones are left out."""
    found = data.get("references")
    names = [each.strip() for each in found if is_plain_text(each)] if isinstance(found, list) else []
    return tuple(dict.fromkeys(names))[:MAX_ENTRIES]


def parse_refund(data: dict[str, Any], received_at: datetime, path: str = "data") -> RefundReport:
    """Raises Invalid, naming the first invalid field."""
    fields = Fields(data, path)
    report = RefundReport(
        order_id=fields.text("order_id"),
        refund_id=fields.text("refund_id"),
        occurred_at=fields.time("occurred_at", received_at),
        currency=fields.currency("currency"),
        amount=fields.amount("amount", minimum=1),
        tax=fields.optional_amount("tax"),
        shipping=fields.optional_amount("shipping"),
        reason=fields.optional_text("reason"),
    )
    require_parts_within(report.tax or 0, report.shipping or 0, report.amount, "amount", fields.place(""))
    return report


def parse_cancellation(data: dict[str, Any], received_at: datetime, path: str = "data") -> CancellationReport:
    """Raises Invalid, naming the first invalid field."""
    fields = Fields(data, path)
    return CancellationReport(fields.text("order_id"), fields.time("occurred_at", received_at))


def parse_dispute(data: dict[str, Any], received_at: datetime, path: str = "data") -> DisputeReport:
    """Raises Invalid, naming the first invalid field."""
    fields = Fields(data, path)
    return DisputeReport(
        order_id=fields.text("order_id"),
        dispute_id=fields.text("dispute_id"),
        occurred_at=fields.time("occurred_at", received_at),
        currency=fields.currency("currency"),
        status=_parse_status(fields),
        amount=fields.amount("amount", minimum=1),
    )


def unique_tokens(click: str | None, touches: tuple[str, ...]) -> tuple[str, ...]:
    """All tokens without repetitions, the click first."""
    return tuple(dict.fromkeys((*((click,) if click else ()), *touches)))


def _parse_item(fields: Fields) -> Item:
    """Unknown fields are ignored."""
    return Item(
        sku=fields.text("sku"),
        quantity=fields.amount("quantity", minimum=1),
        net=fields.amount("net"),
    )


def _parse_status(fields: Fields) -> DisputeStatusName:
    status = fields.text("status")
    if status not in DISPUTE_STATUSES:
        raise fields.wrong("status", f"must be one of {', '.join(DISPUTE_STATUSES)}")
    return status


def require_parts_within(tax: int, shipping: int, whole: int, name: str, path: str = "data.") -> None:
    """Raises Invalid when the parts exceed the whole, in minor units; `path` is the prefix of the names."""
    if tax + shipping > whole:
        raise Invalid(
            f"{path}tax ({tax}) and {path}shipping ({shipping}) are more than {path}{name} ({whole}), "
            f"of which they are parts.",
            f"{path}tax",
        )


def _content_hash(kind: str, facts: dict[str, Any]) -> str:
    plain = {
        name: value.strftime(ISO_FORMAT) if isinstance(value, datetime) else value
        for name, value in facts.items()
    }
    return hashlib.sha256(canonical_json({"kind": kind, **plain}).encode()).hexdigest()
