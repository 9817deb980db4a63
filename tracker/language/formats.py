"""Amounts, numbers, days and times as a reader in the current language expects them. Nothing is rounded
unless the name says so."""

import re
from collections.abc import Sequence
from datetime import date, datetime, tzinfo
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal
from zoneinfo import ZoneInfo

from babel import dates, lists, numbers

from tracker.language.texts import LANGUAGES, current_language
from tracker.money import Money, exponent, format_rate

DateForm = Literal["full", "near", "long", "day", "short", "axis", "month"]
"""Wed 9 December 2026, Wed 9 December, 9 December 2026, 9 December, 9 Dec 2026, 9 Dec, December 2026."""

MINUS = "\N{MINUS SIGN}"
_NO_BREAK = "\N{NO-BREAK SPACE}"
_PATTERNS: dict[str, dict[DateForm, str]] = {
    "en": {
        "full": "EEE d MMMM y",
        "near": "EEE d MMMM",
        "long": "d MMMM y",
        "day": "d MMMM",
        "short": "d MMM y",
        "axis": "d MMM",
        "month": "MMMM y",
    },
    "de": {
        "full": "EEE d. MMMM y",
        "near": "EEE d. MMMM",
        "long": "d. MMMM y",
        "day": "d. MMMM",
        "short": "d. MMM y",
        "axis": "d. MMM",
        "month": "MMMM y",
    },
}
_CODE_BEFORE_DIGIT = re.compile(r"(?<=[^\W\d_])(?=\d)")
"""English writes a currency without a symbol as BHD0.001."""
_CLOCK = {"en": "HH:mm", "de": "HH:mm 'Uhr'"}


def format_money(money: Money, *, plus: bool = False) -> str:
    """€1,204.10, −€12.34; with `plus`, a positive amount has a sign, too."""
    value = Decimal(money.minor).scaleb(-exponent(money.currency))
    text = numbers.format_currency(value, money.currency, locale=_locale(), decimal_quantization=False)
    spaced = _CODE_BEFORE_DIGIT.sub(_NO_BREAK, text)
    sign = "+" if plus and money.minor > 0 else ""
    return sign + spaced.replace("-", MINUS)


def format_number(number: int) -> str:
    """12,400."""
    return str(numbers.format_decimal(number, locale=_locale())).replace("-", MINUS)


def format_percent(rate_bp: int) -> str:
    """1250 basis points -> 12.5 %."""
    point = numbers.get_decimal_symbol(_locale())
    return f"{format_rate(rate_bp).replace('.', point).replace('-', MINUS)}{_NO_BREAK}%"


def format_share_rounded(part: int, whole: int) -> str:
    """10 of 415 -> 2.4 %, rounded to one decimal; `whole` is above 0."""
    share = (Decimal(part) * 100 / Decimal(whole)).quantize(Decimal("0.1"), ROUND_HALF_UP)
    text = str(numbers.format_decimal(share, format="#,##0.0", locale=_locale()))
    return f"{text.replace('-', MINUS)}{_NO_BREAK}%"


def format_date(day: date, form: DateForm = "long") -> str:
    """A day, without a zone: give the day of a time in the zone of the reader (`day_in`)."""
    return dates.format_date(day, _PATTERNS[_locale()][form], locale=_locale())


def format_time(at: datetime, zone: str | tzinfo, *, form: DateForm = "full", with_zone: bool = False) -> str:
    """Day and time in this zone; `with_zone` names it, as a deadline needs: Fri 25 September, 19:42 CEST."""
    there = at.astimezone(_zone(zone))
    pattern = f"{_PATTERNS[_locale()][form]}, {_CLOCK[_locale()]}"
    text = dates.format_datetime(there, pattern, tzinfo=there.tzinfo, locale=_locale())
    return f"{text}{_NO_BREAK}{zone_name(there)}" if with_zone else text


def zone_name(at: datetime) -> str:
    """The short name of the zone of `at`: CEST, MESZ, UTC+05:30."""
    name = at.tzname() or ""
    if _locale() == "de":
        name = str(dates.get_timezone_name(at, "short", locale="de"))
        name = name if name.isalpha() else at.tzname() or ""
    if name.isalpha():
        return name
    offset = at.strftime("%z")
    return f"UTC{offset[:3].replace('-', MINUS)}:{offset[3:5]}"


def day_in(at: datetime, zone: str | tzinfo) -> date:
    """The day on which a time lies in this zone."""
    return at.astimezone(_zone(zone)).date()


def format_list(items: Sequence[str]) -> str:
    """Anna, Ben and Cem."""
    return lists.format_list(list(items), locale="en_GB" if _locale() == "en" else _locale())


def _zone(zone: str | tzinfo) -> tzinfo:
    return ZoneInfo(zone) if isinstance(zone, str) else zone


def _locale() -> str:
    """The pseudo-language has the formats of English."""
    language = current_language()
    return language if language in LANGUAGES else LANGUAGES[0]
