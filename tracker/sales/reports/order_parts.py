"""Parts of orders and of refunds that reports name: lines, and what is no price of goods."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from config.canonical import canonical_json
from tracker.sales.reports.field_types import (
    CHOICE,
    Amount,
    Count,
    OptionalAmount,
    OptionalId,
    OptionalText,
    Text,
    about,
)

ExcludedKind = Literal["gift_card", "tip", "duty", "fee"]


class Part:
    """A line, or another part, of an order or of a refund."""

    def as_json(self) -> dict[str, Any]:
        """As it is stored: without the fields that were not given."""
        return {name: value for name, value in vars(self).items() if value is not None}


@dataclass(frozen=True)
class Item(Part):
    """One line of an order. Amounts are those of the whole line, in minor units."""

    sku: Annotated[Text, about("Your id of the product.")]
    quantity: Annotated[Count, about("Number of pieces.")]
    net: Annotated[Amount, about("Price of all pieces together without tax, in minor units.")]
    id: Annotated[OptionalId, about("Your id of the line, by which a refund can name it.")] = None
    name: Annotated[OptionalText, about("Name of the product.")] = None
    tax: Annotated[OptionalAmount, about("Tax on `net`.")] = None
    cost: Annotated[OptionalAmount, about("What all pieces together cost you.")] = None


@dataclass(frozen=True)
class ExcludedPart(Part):
    """A part of an order, or of a refund, that is no price of goods."""

    kind: Annotated[
        ExcludedKind,
        CHOICE,
        about("A gift card that was bought, a tip, a customs duty, or a fee that you pass on."),
    ]
    amount: Annotated[Amount, about("Without tax, in minor units.")]
    tax: Annotated[OptionalAmount, about("Tax on `amount`.")] = None


@dataclass(frozen=True)
class RefundedItem(Part):
    """A line of the order that a refund is for, named by its id or by the id of its product."""

    quantity: Annotated[Count, about("Number of pieces that are refunded.")]
    id: Annotated[OptionalId, about("The `id` of the line in the sale. `id` or `sku` is required.")] = None
    sku: Annotated[OptionalText, about("The `sku` of the line in the sale.")] = None
    net: Annotated[OptionalAmount, about("What is refunded for the pieces, without tax.")] = None
    tax: Annotated[OptionalAmount, about("Tax on `net`.")] = None


def comparable(parts: Sequence[dict[str, Any]] | None) -> list[dict[str, Any]]:
    """Stored excluded parts, or lines of a refund, in a form that is equal for reports of the same parts.

    Reports may name them in any order, and leave out a tax of 0.
    """
    told = [
        {name: value for name, value in part.items() if (name, value) != ("tax", 0)} for part in parts or ()
    ]
    return sorted(told, key=canonical_json)
