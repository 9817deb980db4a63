"""Reads values, and the fields of JSON objects. Every error says what is wrong and what would be valid."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeGuard

from tracker.errors import Invalid
from tracker.money import MAX_MINOR, exponent

MAX_TEXT_LENGTH = 200
MAX_ENTRIES = 100
MAX_CLOCK_AHEAD = timedelta(days=1)
"""How far in the future a reported time may be; shop clocks are not exact."""

MIN_TIME = datetime(2000, 1, 1, tzinfo=UTC)
MAX_UNIX_TIME_S = 253_402_300_799
"""The last second of the year 9999, in seconds since 1970: the end of Python's datetime range."""

# RFC 3339, section 5.6. datetime.fromisoformat also accepts week dates and times without a zone.
_RFC_3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
AN_AMOUNT = "a whole number of minor units (119.00 EUR is 11900)"
WANTED_AMOUNT = "a whole number of minor units, 0 when there is none"
_PLAIN_TEXT = f"must have 1 to {MAX_TEXT_LENGTH} characters, none of them a control character"


class WrongValue(ValueError):
    """`what` is wrong with a value: it completes a sentence that begins with the name of the field.

    `index` is the place in a list, such as "[0]". Strings, which may be private, are not repeated, except the
    code of a currency.
    """

    def __init__(self, what: str, index: str = "") -> None:
        super().__init__(what)
        self.what, self.index = what, index


@dataclass(frozen=True)
class Fields:
    """One JSON object. `path` is the prefix of its fields in error messages, such as "data"; "" for none."""

    values: dict[str, Any]
    path: str

    def text(self, name: str) -> str:
        """A string of 1 to 200 characters. Raises Invalid."""
        self._require(name)
        try:
            return read_text(self.values[name])
        except WrongValue as error:
            raise self.wrong(name, error.what) from None

    def optional_text(self, name: str) -> str | None:
        """A string of 1 to 200 characters; None when absent, null or empty. Raises Invalid."""
        try:
            return read_optional_text(self.values.get(name))
        except WrongValue as error:
            raise self.wrong(name, error.what) from None

    def token(self, name: str) -> str | None:
        """A click token, or None. Its signature is not checked here: an invalid token earns nothing."""
        try:
            return read_token(self.values.get(name))
        except WrongValue as error:
            raise self.wrong(name, error.what) from None

    def amount(self, name: str, minimum: int = 0) -> int:
        """Integer minor units from `minimum` to MAX_MINOR. Raises Invalid."""
        value = self.optional_amount(name, minimum)
        if value is None:
            state = "empty" if name in self.values else "missing"
            raise self.wrong(name, f"is {state}; give {WANTED_AMOUNT}")
        return value

    def optional_amount(self, name: str, minimum: int = 0) -> int | None:
        """Like `amount`, but None when absent or null."""
        value = self.values.get(name)
        if value is None or (type(value) is int and minimum <= value <= MAX_MINOR):
            return value
        raise self.wrong(name, wrong_integer(value, minimum, AN_AMOUNT))

    def currency(self, name: str) -> str:
        """An ISO 4217 code in upper case. Raises Invalid."""
        self._require(name)
        try:
            return read_currency(self.values[name])
        except WrongValue as error:
            raise self.wrong(name, error.what) from None

    def flag(self, name: str) -> bool:
        """A boolean; absent or null is False."""
        value = self.values.get(name)
        if value is not None and not isinstance(value, bool):
            raise self.wrong(name, f"must be true or false, not {describe(value)}")
        return bool(value)

    def time(self, name: str, received_at: datetime) -> datetime:
        """An RFC 3339 time, converted to UTC; at most one day after `received_at`. Raises Invalid."""
        self._require(name)
        try:
            return read_reported_time(self.values[name], received_at)
        except WrongValue as error:
            raise self.wrong(name, error.what) from None

    def lenient_time(self, name: str, received_at: datetime, zone: str = "") -> datetime | None:
        """An RFC 3339 time (after `zone` is appended) or seconds since 1970; None when it is implausible.

        For optional fields, which must not cause a sale to be rejected.
        """
        value = self.values.get(name)
        try:
            if isinstance(value, str):
                return read_reported_time(f"{value}{zone}", received_at)
            return self.unix_time(name, received_at)
        except (Invalid, WrongValue):
            return None

    def unix_time(self, name: str, received_at: datetime) -> datetime:
        """Integer seconds since 1970, as UTC; at most one day after `received_at`. Raises Invalid."""
        seconds = self.values.get(name)
        if type(seconds) is not int:
            raise self.wrong(name, f"must be whole seconds since 1970, not {describe(seconds)}")
        if not 0 <= seconds <= MAX_UNIX_TIME_S:
            raise self.wrong(name, f"is {str(seconds)[:40]}, which is no time in whole seconds since 1970")
        try:
            return _require_plausible(datetime.fromtimestamp(seconds, UTC), received_at)
        except WrongValue as error:
            raise self.wrong(name, error.what) from None

    def place(self, name: str) -> str:
        """The full path of a field, as error messages show it."""
        return f"{self.path}.{name}" if self.path else name

    def wrong(self, name: str, what: str) -> Invalid:
        """An error about the field `name`; `what` completes the sentence and has no final period."""
        return Invalid(f"{self.place(name)} {what}.", self.place(name))

    def _require(self, name: str) -> None:
        if name not in self.values:
            raise self.wrong(name, "is missing; give a text")


def read_text(value: object) -> str:
    """A string of 1 to 200 characters. Raises WrongValue."""
    if is_plain_text(value):
        return value
    if value is None or value == "":
        raise WrongValue("is empty; give a text")
    raise WrongValue(_PLAIN_TEXT if isinstance(value, str) else f"must be a text, not {describe(value)}")


def read_optional_text(value: object) -> str | None:
    """Like `read_text`, but None when null or empty."""
    return None if value is None or value == "" else read_text(value)


def read_optional_id(value: object) -> str | None:
    """Like `read_optional_text`, or an integer above 0 as text: many shops number their lines."""
    if type(value) is not int:
        return read_optional_text(value)
    if value < 1:
        raise WrongValue(f"is {describe(value)}; a number must be at least 1")
    return read_text(str(value))


def read_token(value: object) -> str | None:
    """A click token, unverified; None when null or empty. Raises WrongValue."""
    if value is not None and not isinstance(value, str):
        raise WrongValue(f"must be a click token or null, not {describe(value)}")
    return value or None


def read_tokens(value: object) -> tuple[str, ...]:
    """A list of click tokens; null is an empty list. Raises WrongValue."""
    return tuple(entry for entry in _texts(value) if entry)


def read_names(value: object) -> tuple[str, ...]:
    """A list of strings, stripped, without empty ones; null is an empty list. Raises WrongValue."""
    found = tuple(entry.strip() for entry in _texts(value) if entry.strip())
    for index, entry in enumerate(found):
        if not is_plain_text(entry):
            raise WrongValue(_PLAIN_TEXT, f"[{index}]")
    return found


def read_list(value: object) -> list[Any]:
    """A list of at most 100 entries. Raises WrongValue."""
    if not isinstance(value, list):
        raise WrongValue(f"must be a list, not {describe(value)}")
    if len(value) > MAX_ENTRIES:
        raise WrongValue(f"has {len(value)} entries; at most {MAX_ENTRIES} are read")
    return value


def wrong_integer(value: object, minimum: int, wanted: str) -> str:
    """What is wrong with a value that is not `wanted`, an integer from `minimum` to MAX_MINOR."""
    if type(value) is not int:
        return f"must be {wanted}, not {describe(value)}"
    if value < minimum:
        return f"is {value}; it must be at least {minimum}"
    return f"is {value}; the largest amount that is accepted is {MAX_MINOR}"


def read_currency(value: object) -> str:
    """An ISO 4217 code in upper case. Raises WrongValue."""
    code = read_text(value)
    try:
        exponent(code[:10])
    except Invalid as error:
        raise WrongValue(str(error).rstrip(".")) from None
    return code


def read_reported_time(value: object, received_at: datetime) -> datetime:
    """An RFC 3339 time, converted to UTC; at most one day after `received_at`. Raises WrongValue."""
    at = read_time(read_text(value))
    if at is None:
        raise WrongValue("must be a time with its zone by RFC 3339, such as 2026-11-01T10:00:00Z")
    return _require_plausible(at, received_at)


def _require_plausible(at: datetime, received_at: datetime) -> datetime:
    if at < MIN_TIME:
        raise WrongValue(f"is {at.isoformat()}, before the year {MIN_TIME.year}")
    if at > received_at + MAX_CLOCK_AHEAD:
        raise WrongValue(
            f"is {at.isoformat()}, more than a day after it was received "
            f"({received_at.isoformat(timespec='seconds')}); is the shop's clock right?"
        )
    return at


def _texts(value: object) -> list[str]:
    values = [] if value is None else read_list(value)
    for index, entry in enumerate(values):
        if not isinstance(entry, str):
            raise WrongValue(f"must be a text, not {describe(entry)}", f"[{index}]")
    return values


def is_plain_text(value: object) -> TypeGuard[str]:
    """Whether it is a string of 1 to 200 characters that every database can store and every page can show."""
    if not isinstance(value, str):
        return False
    return 0 < len(value) <= MAX_TEXT_LENGTH and bool(value.strip()) and not _CONTROL.search(value)


def read_time(text: str) -> datetime | None:
    """An RFC 3339 time, converted to UTC and truncated to microseconds; None when it is not one."""
    match = _RFC_3339.fullmatch(text)
    if match is None:
        return None
    fraction = match[1] or ""
    normalized = text.upper().replace(fraction, fraction[:7].ljust(7, "0") if fraction else "", 1)
    try:
        return datetime.fromisoformat(normalized).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def describe(value: object) -> str:
    """The JSON type of a value, for errors. Numbers are shown; strings are not, they may be private."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | Decimal):
        return str(value)[:40]
    if isinstance(value, str):
        return "a text"
    return "a list" if isinstance(value, list) else "an object"
