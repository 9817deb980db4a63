"""The columns of a statement's rows, declared once: in the sealed format, and as JSON for people. Pure.

The sealed format 2 names the columns once in each part, and has its rows as arrays in this order. Later
columns come at the end. Amounts are integers in minor units of the statement's currency.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tracker.money import format_rate

PartKind = Literal["creators", "lines", "adjustments", "payments"]

EQUATION = ("opening", "earned", "reversed", "adjustments", "payments", "closing")
"""The equation in its order: opening + earned - reversed + adjustments - payments = closing."""

SPLIT = ("held", "payable", "below_minimum", "owed_by_creator", "in_transit")
"""The parts of the closing amount; what creators owe is subtracted."""

Shown = Callable[[Any, str], Any]
"""Takes the value of a column and the currency; returns what JSON for people shows."""


@dataclass(frozen=True)
class Column:
    """`name` in the sealed format; `shown_as` is its name in JSON for people, which `shown` converts."""

    name: str
    shown: Shown = lambda value, _currency: value
    shown_as: str = ""

    @property
    def key(self) -> str:
        return self.shown_as or self.name


def money(minor: int, currency: str) -> dict[str, int | str]:
    return {"minor": minor, "currency": currency}


def _reasons(reasons: Sequence[Mapping[str, Any]], currency: str) -> list[dict[str, Any]]:
    return [
        {name: each[name] for name in _REASON_FIELDS}
        | {"change": money(each["change"], currency), "transaction": each["transaction"]}
        for each in reasons
    ]


_REASON_FIELDS = ("what", "why", "reason_code", "reason_parameters", "cause", "at")

AMOUNTS = (
    "gross",
    "discount",
    "tax",
    "shipping",
    "refunded",
    "base_amount",
    "commission_at_sale",
    "earned",
    "reversed",
    "released",
    "held",
    "remaining",
)
"""The amounts of a line."""

_plain = Column

STORED_LINE = (
    _plain("commission"),
    _plain("creator"),
    _plain("order"),
    _plain("occurred_at"),
    _plain("click"),
    _plain("link"),
    _plain("sub_ids"),
    _plain("coupon"),
    _plain("credited_because"),
    _plain("credited_because_code"),
    _plain("credited_because_parameters"),
    *(Column(name, money) for name in AMOUNTS),
    _plain("base"),
    Column("rate_bp", lambda value, _currency: format_rate(value), "rate_percent"),
    _plain("rate_from"),
    _plain("terms_version"),
    _plain("status"),
    _plain("release_at"),
    _plain("pay_date"),
    Column("reasons", _reasons),
)
"""The columns of a line that are stored when the period closes."""

LINE = (*STORED_LINE, _plain("holds"), _plain("waiting_messages"), _plain("pay_date_moves"))
"""`holds` are open when the line is shown or sealed; `waiting_messages` are parked or in conflict then.

`pay_date_moves` are those until then; `pay_date` is the day that was expected at the accrual.
"""

ADJUSTMENT = (
    _plain("creator"),
    _plain("what"),
    Column("amount", money),
    _plain("reason"),
    _plain("reason_code"),
    _plain("reason_parameters"),
    _plain("at"),
    _plain("transaction"),
)

PAYMENT = (
    _plain("creator"),
    _plain("what"),
    Column("amount", money),
    _plain("at"),
    _plain("payout"),
    _plain("rail_account"),
    _plain("transfer"),
    _plain("reversal"),
    _plain("reason"),
    _plain("reason_code"),
    _plain("reason_parameters"),
    _plain("authorised_by"),
    _plain("transaction"),
)
"""`at` is the rail's date; `authorised_by` is the period of the statement that authorised the payout."""

CREATOR = (
    _plain("creator"),
    _plain("name"),
    *(Column(name, money) for name in EQUATION),
    *(Column(name, money) for name in SPLIT),
    Column("released_in_period", money),
    _plain("lines"),
    _plain("adjustment_rows"),
    _plain("payment_rows"),
)
"""The last three are numbers of rows."""

COLUMNS: Mapping[PartKind, Sequence[Column]] = {
    "creators": CREATOR,
    "lines": LINE,
    "adjustments": ADJUSTMENT,
    "payments": PAYMENT,
}
"""By kind of part, in the order in which parts are numbered and hashed."""


def names_of(kind: PartKind) -> list[str]:
    return [column.name for column in COLUMNS[kind]]


def as_json(names: Sequence[str], row: Sequence[Any], kind: PartKind, currency: str) -> dict[str, Any]:
    """A row as JSON for people. `names` are those of its part: a newer version may know more columns."""
    values = dict(zip(names, row, strict=True))
    return {
        column.key: column.shown(values[column.name], currency)
        for column in COLUMNS[kind]
        if column.name in values
    }
