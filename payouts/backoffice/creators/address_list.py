"""Reads names and e-mail addresses from a pasted list or a CSV file. Pure.

Any usual form is read, also mixed: one address a line, `Name <address>`, `address; name`, `name, address`,
the list of a mail program in one line, columns with or without a heading. Nothing is lost: what cannot be
read is returned with its line.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from tracker.errors import Invalid
from tracker.people.accounts.rules import normalize_email, normalize_name

MAX_LINES = 2_000
"""Also of addresses, because one line may hold many: all are written in one transaction."""
_SEPARATORS = ",;\t"
_ANGLE = re.compile(r"(?P<name>.*)<(?P<address>[^<>]*)>\s*")
_ADDRESS_HEADINGS = frozenset(
    ("email", "e-mail", "mail", "emailaddress", "address", "e-mail-adresse", "mailadresse", "emailadresse")
)
_NAME_HEADINGS = frozenset(("name", "fullname", "creator", "vollername", "namen"))
_FIRST_HEADINGS = frozenset(("firstname", "givenname", "vorname"))
_LAST_HEADINGS = frozenset(("lastname", "surname", "familyname", "nachname", "familienname"))


class Fault(StrEnum):
    """Why a part of a line cannot be used."""

    NO_ADDRESS = "no_address"
    BAD_ADDRESS = "bad_address"
    BAD_NAME = "bad_name"
    REPEATED = "repeated"
    TOO_MANY = "too_many"


@dataclass(frozen=True)
class Invitee:
    """`name` is "" where none was given."""

    line: int
    name: str
    email: str


@dataclass(frozen=True)
class BadLine:
    """`text` is what was written; `first_line` is where a repeated address stood first."""

    line: int
    text: str
    fault: Fault
    first_line: int = 0


@dataclass(frozen=True)
class AddressList:
    invitees: tuple[Invitee, ...]
    bad_lines: tuple[BadLine, ...]


@dataclass(frozen=True)
class _Columns:
    """Where the columns of a list with a heading are."""

    address: int
    names: tuple[int, ...]


@dataclass(frozen=True)
class _Found:
    """A name and an address as written; without an address, `text` is what is left over."""

    name: str
    address: str
    text: str


def parse_address_list(text: str) -> AddressList:
    """All invitees in the order of their lines, each address once, and what could not be read."""
    invitees: list[Invitee] = []
    bad_lines: list[BadLine] = []
    first_lines: dict[str, int] = {}
    columns: _Columns | None = None
    is_first = True
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), start=1):
        if not line.strip(_SEPARATORS + " \u00a0"):
            continue
        if number > MAX_LINES:
            bad_lines.append(BadLine(number, line, Fault.TOO_MANY))
            break
        fields = list(_fields(line))
        if is_first:
            is_first, columns = False, _columns(fields)
            if columns is not None:
                continue
        for found in _by_column(fields, columns, line) if columns else _in_any_form(fields, line):
            if len(invitees) + len(bad_lines) >= MAX_LINES:
                return AddressList(tuple(invitees), (*bad_lines, BadLine(number, found.text, Fault.TOO_MANY)))
            checked = _checked(found, number, first_lines)
            if isinstance(checked, Invitee):
                first_lines[checked.email] = number
                invitees.append(checked)
            else:
                bad_lines.append(checked)
    return AddressList(tuple(invitees), tuple(bad_lines))


def _fields(line: str) -> Iterator[str]:
    """Split at commas, semicolons and tabs outside of quotes and angle brackets; quotes are removed."""
    field, quoted, in_angle = "", False, False
    for character in line:
        if character == '"':
            quoted = not quoted
        elif character in _SEPARATORS and not quoted and not in_angle:
            yield field.strip()
            field = ""
        else:
            in_angle = (in_angle or character == "<") and character != ">"
            field += character
    yield field.strip()


def _columns(fields: Sequence[str]) -> _Columns | None:
    """The columns that a heading names; None when the line is no heading."""
    words = [re.sub(r"[\s_]", "", field).casefold() for field in fields]
    addresses = [number for number, word in enumerate(words) if word in _ADDRESS_HEADINGS]
    if not addresses:
        return None
    wanted = (_FIRST_HEADINGS, _NAME_HEADINGS, _LAST_HEADINGS)
    names = [number for known in wanted for number, word in enumerate(words) if word in known]
    return _Columns(addresses[0], tuple(names))


def _by_column(fields: Sequence[str], columns: _Columns, line: str) -> Iterator[_Found]:
    def field(number: int) -> str:
        return fields[number] if number < len(fields) else ""

    address = field(columns.address)
    angle = _angle(address)
    name = " ".join(filter(None, map(field, columns.names)))
    if angle:
        yield _Found(name or angle["name"].strip(), angle["address"], line)
    else:
        yield _Found(name, address, line)


def _in_any_form(fields: Sequence[str], line: str) -> Iterator[_Found]:
    """One entry for each address; with a single one, all other fields are its name."""
    entries = [_entry(field) for field in fields if field]
    with_address = [entry for entry in entries if entry.address]
    if len(with_address) == 1:
        single = with_address[0]
        others = [entry.text for entry in entries if not entry.address]
        yield _Found(" ".join(filter(None, (single.name, *others))), single.address, line)
    elif with_address:
        yield from entries
    else:
        yield _Found("", "", line)


def _angle(field: str) -> re.Match[str] | None:
    """`Name <address>`. The time grows with the length of the field alone, whatever it contains."""
    found = _ANGLE.fullmatch(field)
    return found if found and "@" in found["address"] else None


def _entry(field: str) -> _Found:
    angle = _angle(field)
    if angle:
        return _Found(angle["name"].strip(), angle["address"].strip(), field)
    if "@" not in field:
        return _Found("", "", field)
    before, _, address = field.rpartition(" ")
    if "@" in before:  # the address stands first: "mira@creators.example Mira Vogel"
        address, _, before = field.partition(" ")
    return _Found(before.strip(" -:"), address.strip("()").removeprefix("mailto:"), field)


def _checked(found: _Found, line: int, first_lines: dict[str, int]) -> Invitee | BadLine:
    if not found.address:
        return BadLine(line, found.text, Fault.NO_ADDRESS)
    try:
        email = normalize_email(found.address)
    except Invalid:
        return BadLine(line, found.text, Fault.BAD_ADDRESS)
    try:
        name = normalize_name(found.name) if found.name else ""
    except Invalid:
        return BadLine(line, found.text, Fault.BAD_NAME)
    if email in first_lines:
        return BadLine(line, found.text, Fault.REPEATED, first_lines[email])
    return Invitee(line, name, email)
