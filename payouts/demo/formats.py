"""Amounts and times as the demo's pages show them. Pure."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from babel.numbers import format_currency

from payouts.commissions.labels import entry_label
from payouts.demo.creators import TIMEZONE
from tracker.money import exponent

LOCALE = "en"


def money(amount: Mapping[str, Any]) -> str:
    """{"minor": -1234, "currency": "EUR"} -> "−€12.34". Never rounds."""
    return money_minor(amount["minor"], amount["currency"])


def money_minor(minor: int, currency: str) -> str:
    value = Decimal(minor).scaleb(-exponent(currency))
    text = format_currency(value, currency, locale=LOCALE, decimal_quantization=False)
    return text.replace("-", "\N{MINUS SIGN}")


def day(value: datetime | date | str) -> str:
    """A day in the brand's time zone: 9 Dec 2026."""
    found = _parsed(value)
    if isinstance(found, datetime):
        found = found.astimezone(ZoneInfo(TIMEZONE)).date()
    return format_date(found, "d MMM y", locale=LOCALE)


def moment(value: datetime | str) -> str:
    """A time in the brand's time zone: 9 Dec 2026, 14:05."""
    return format_datetime(_parsed(value), "d MMM y, HH:mm", tzinfo=ZoneInfo(TIMEZONE), locale=LOCALE)


def month(name: str) -> str:
    """A period's name for people: 2026-11 -> November 2026."""
    return format_date(date.fromisoformat(f"{name}-01"), "MMMM y", locale=LOCALE)


def percent(rate_bp: int) -> str:
    return f"{(Decimal(rate_bp) / 100).normalize():f} %"


def entry_title(kind: str) -> str:
    """The label of a commission entry's kind, with a capital letter."""
    return entry_label(kind).capitalize()


FILTERS: Mapping[str, Callable[..., str]] = {
    "money": money,
    "money_minor": money_minor,
    "day": day,
    "moment": moment,
    "month": month,
    "percent": percent,
    "entry_title": entry_title,
}


def _parsed(value: datetime | date | str) -> datetime | date:
    if not isinstance(value, str):
        return value
    return datetime.fromisoformat(value) if "T" in value else date.fromisoformat(value)
