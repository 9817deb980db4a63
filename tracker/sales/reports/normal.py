"""The normal form: what every kind of shop is translated into, checked field by field.

Each report has a content hash. Two reports with the same hash say the same thing, whatever the envelope, the
event key or the evidence of who deserves credit; with another hash under the same id, one of them is wrong.
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
    """One line of an order; `net` is what the line's pieces cost together, without tax."""

    sku: str
    quantity: int
    net: int

    def as_json(self) -> dict[str, Any]:
        return {"sku": self.sku, "quantity": self.quantity, "net": self.net}


@dataclass(frozen=True)
class SaleReport:
    """A shop says that an order was paid. Amounts are minor units; `total` is what was paid, all included."""

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
    """Only made where the address itself is seen; who sends a hash chooses its form."""

    @property
    def tokens(self) -> tuple[str, ...]:
        """Every click token of the sale, once each."""
        return unique_tokens(self.click, self.touches)

    @property
    def shopper(self) -> str | None:
        """What recognises the shopper again, at any source: his mailbox, or else the shop's id of him."""
        return self.customer_mailbox_hash or (self.customer_email_hash or "").lower() or self.customer

    def facts(self) -> dict[str, Any]:
        """What is stored of the order itself: everything but the evidence of who deserves credit."""
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
        """Without click, touches, coupons and the checkout's start: evidence, and more of it may follow.

        Without references too: other names of the order, of which some messages know more than others. The
        shopper follows from the customer.
        """
        facts = self.facts()
        return _content_hash("sale", {name: facts[name] for name in facts.keys() - _NOT_HASHED})


@dataclass(frozen=True)
class RefundReport:
    """`amount` went back to the shopper; of it `tax` and `shipping`, when the shop says so."""

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
    """The whole order was called off: what remains of it is refunded."""

    order_id: str
    occurred_at: datetime

    @property
    def content_hash(self) -> str:
        return _content_hash("cancellation", {"order_id": self.order_id, "occurred_at": self.occurred_at})


@dataclass(frozen=True)
class DisputeReport:
    """One step of a dispute over `amount`."""

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
    """`data` as docs/sales.md describes a sale; `path` is what it stands under in the message.

    Raises Invalid, naming the first field that is wrong.
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
    """Other names of the order in `data` that was not checked yet; what cannot be one is left out."""
    found = data.get("references")
    names = [each.strip() for each in found if is_plain_text(each)] if isinstance(found, list) else []
    return tuple(dict.fromkeys(names))[:MAX_ENTRIES]


def parse_refund(data: dict[str, Any], received_at: datetime, path: str = "data") -> RefundReport:
    """Raises Invalid, naming the first field that is wrong."""
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
    """Raises Invalid, naming the first field that is wrong."""
    fields = Fields(data, path)
    return CancellationReport(fields.text("order_id"), fields.time("occurred_at", received_at))


def parse_dispute(data: dict[str, Any], received_at: datetime, path: str = "data") -> DisputeReport:
    """Raises Invalid, naming the first field that is wrong."""
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
    """Each once, the click first."""
    return tuple(dict.fromkeys((*((click,) if click else ()), *touches)))


def _parse_item(fields: Fields) -> Item:
    """Fields that Linkledger does not know are left out."""
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
    """Raises Invalid when the parts are more than the whole; `path` is what stands before the names."""
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
