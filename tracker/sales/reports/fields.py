"""Reads the fields of one JSON object by name. Every error names the field and says what would be valid."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

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
_PLAIN_TEXT = f"must have 1 to {MAX_TEXT_LENGTH} characters, none of them a control character"


@dataclass(frozen=True)
class Fields:
    """One JSON object. `path` is the prefix of its fields in error messages, such as "data"; "" for none."""

    values: dict[str, Any]
    path: str

    def text(self, name: str) -> str:
        """A string of 1 to 200 characters. Raises Invalid."""
        value = self.optional_text(name)
        if value is None:
            raise self.wrong(name, self._missing_message(name, "a text"))
        return value

    def optional_text(self, name: str) -> str | None:
        """A string of 1 to 200 characters; None when absent, null or empty. Raises Invalid."""
        value = self.values.get(name)
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            raise self.wrong(name, f"must be a text, not {describe(value)}")
        if not is_plain_text(value):
            raise self.wrong(name, _PLAIN_TEXT)
        return value

    def token(self, name: str) -> str | None:
        """A click token, or None. Its signature is not checked here: an invalid token earns nothing."""
        value = self.values.get(name)
        if value is not None and not isinstance(value, str):
            raise self.wrong(name, f"must be a click token or null, not {describe(value)}")
        return value or None

    def tokens(self, name: str) -> tuple[str, ...]:
        """A list of click tokens; absent or null is an empty list."""
        return tuple(entry for entry in self._texts(name) if entry)

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of strings, stripped, without empty ones; absent or null is an empty list."""
        found = tuple(entry.strip() for entry in self._texts(name) if entry.strip())
        for index, entry in enumerate(found):
            if not is_plain_text(entry):
                raise self.wrong(f"{name}[{index}]", _PLAIN_TEXT)
        return found

    def objects(self, name: str) -> list["Fields"]:
        """A list of objects; absent or null is an empty list."""
        found = []
        for index, value in enumerate(self._entries(name)):
            if not isinstance(value, dict):
                raise self.wrong(f"{name}[{index}]", f"must be an object, not {describe(value)}")
            found.append(Fields(value, self.place(f"{name}[{index}]")))
        return found

    def amount(self, name: str, minimum: int = 0) -> int:
        """Integer minor units from `minimum` to MAX_MINOR. Raises Invalid."""
        value = self.optional_amount(name, minimum)
        if value is None:
            raise self.wrong(
                name, self._missing_message(name, "a whole number of minor units, 0 when there is none")
            )
        return value

    def optional_amount(self, name: str, minimum: int = 0) -> int | None:
        """Like `amount`, but None when absent or null."""
        value = self.values.get(name)
        if value is None:
            return None
        if type(value) is not int:
            raise self.wrong(
                name, f"must be a whole number of minor units (119.00 EUR is 11900), not {describe(value)}"
            )
        if value < minimum:
            raise self.wrong(name, f"is {value}; it must be at least {minimum}")
        if value > MAX_MINOR:
            raise self.wrong(name, f"is {value}; the largest amount that is accepted is {MAX_MINOR}")
        return value

    def currency(self, name: str) -> str:
        """An ISO 4217 code in upper case. Raises Invalid."""
        value = self.text(name)
        try:
            exponent(value[:10])
        except Invalid as error:
            raise self.wrong(name, str(error).rstrip(".")) from None
        return value

    def flag(self, name: str) -> bool:
        """A boolean; absent or null is False."""
        value = self.values.get(name)
        if value is not None and not isinstance(value, bool):
            raise self.wrong(name, f"must be true or false, not {describe(value)}")
        return bool(value)

    def time(self, name: str, received_at: datetime) -> datetime:
        """An RFC 3339 time, converted to UTC; at most one day after `received_at`. Raises Invalid."""
        value = read_time(self.text(name))
        if value is None:
            raise self.wrong(name, "must be a time with its zone by RFC 3339, such as 2026-11-01T10:00:00Z")
        return self._require_plausible(name, value, received_at)

    def optional_time(self, name: str, received_at: datetime) -> datetime | None:
        """Like `time`, but None when absent, null or empty."""
        return self.time(name, received_at) if self.values.get(name) not in (None, "") else None

    def lenient_time(self, name: str, received_at: datetime, zone: str = "") -> datetime | None:
        """An RFC 3339 time (after `zone` is appended) or seconds since 1970; None when it is implausible.

        For optional fields, which must not cause a sale to be rejected.
        """
        value = self.values.get(name)
        try:
            if isinstance(value, str):
                return Fields({name: f"{value}{zone}"}, self.path).time(name, received_at)
            return self.unix_time(name, received_at)
        except Invalid:
            return None

    def unix_time(self, name: str, received_at: datetime) -> datetime:
        """Integer seconds since 1970, as UTC; at most one day after `received_at`. Raises Invalid."""
        seconds = self.values.get(name)
        if type(seconds) is not int:
            raise self.wrong(name, f"must be whole seconds since 1970, not {describe(seconds)}")
        if not 0 <= seconds <= MAX_UNIX_TIME_S:
            raise self.wrong(name, f"is {str(seconds)[:40]}, which is no time in whole seconds since 1970")
        return self._require_plausible(name, datetime.fromtimestamp(seconds, UTC), received_at)

    def _require_plausible(self, name: str, value: datetime, received_at: datetime) -> datetime:
        if value < MIN_TIME:
            raise self.wrong(name, f"is {value.isoformat()}, before the year {MIN_TIME.year}")
        if value > received_at + MAX_CLOCK_AHEAD:
            raise self.wrong(
                name,
                f"is {value.isoformat()}, more than a day after it was received "
                f"({received_at.isoformat(timespec='seconds')}); is the shop's clock right?",
            )
        return value

    def place(self, name: str) -> str:
        """The full path of a field, as error messages show it."""
        return f"{self.path}.{name}" if self.path else name

    def wrong(self, name: str, what: str) -> Invalid:
        """An error about the field `name`; `what` completes the sentence and has no final period."""
        return Invalid(f"{self.place(name)} {what}.", self.place(name))

    def _missing_message(self, name: str, wanted: str) -> str:
        state = "empty" if name in self.values else "missing"
        return f"is {state}; give {wanted}"

    def _texts(self, name: str) -> list[str]:
        values = self._entries(name)
        for index, value in enumerate(values):
            if not isinstance(value, str):
                raise self.wrong(f"{name}[{index}]", f"must be a text, not {describe(value)}")
        return values

    def _entries(self, name: str) -> list[Any]:
        values = self.values.get(name)
        if values is None:
            return []
        if not isinstance(values, list):
            raise self.wrong(name, f"must be a list, not {describe(values)}")
        if len(values) > MAX_ENTRIES:
            raise self.wrong(name, f"has {len(values)} entries; at most {MAX_ENTRIES} are read")
        return values


def is_plain_text(value: object) -> bool:
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
