"""Validation and normal forms of names, e-mail addresses, countries, time zones and hosts. Pure."""

import ipaddress
import re
import unicodedata
from collections.abc import Collection
from functools import cache
from zoneinfo import available_timezones

import idna
from babel import Locale

from tracker.errors import Invalid
from tracker.language.texts import gettext as _
from tracker.money import MAX_MINOR, exponent
from tracker.people.accounts.minimums import default_minimum_minor

CADENCES = ("month", "half_month", "week")
ATTRIBUTION_MODELS = ("last", "first")
COUPON_POLICIES = ("always", "if_involved", "never")
CUSTOMER_POLICIES = ("first_sale", "months", "lifetime")
MAX_BINDING_MONTHS = 120

NAME_LENGTH = 120
EMAIL_LENGTH = 254
HOST_LENGTH = 253
MAX_REVIEW_DAYS = 60

# CLDR also lists codes that ISO 3166-1 has not officially assigned: groups, reserved and private codes.
_NOT_COUNTRIES = frozenset(
    ("AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "XK", "ZZ")
)
# Invisible characters that change the writing direction: a name with one can look like another name.
_DIRECTION_MARKS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_LOCAL_PART = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"{_LABEL}(\.{_LABEL})*")
# The URL standard reads a host whose last label is a number as an IPv4 address: 2130706433, 0x7f.1, 127.1.
_NUMERIC_LAST_LABEL = re.compile(r"(.*\.)?([0-9]+|0x[0-9a-f]*)")


def normalize_name(text: str) -> str:
    """The name in NFC, with single spaces. Raises Invalid if it is empty, too long or unprintable."""
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if not 1 <= len(name) <= NAME_LENGTH:
        raise Invalid(
            _(
                "A name has 1 to %(limit)s characters; this one has %(length)s.",
                limit=NAME_LENGTH,
                length=len(name),
            )
        )
    if any(
        unicodedata.category(character) in ("Cc", "Cs", "Co", "Cn") or character in _DIRECTION_MARKS
        for character in name
    ):
        raise Invalid(
            _("A name cannot contain control characters or characters that change the writing direction.")
        )
    if not any(unicodedata.category(character)[0] in "LNPS" for character in name):
        raise Invalid(_("A name needs a letter, a digit or a sign that can be seen."))
    return name


def normalize_email(text: str) -> str:
    """The form in which addresses are stored and compared. Raises Invalid with a message without the address.

    All in lower case: the local part is case-sensitive in RFC 5321, but not at the mail hosts in use.
    """
    local, _at, domain = text.strip().rpartition("@")
    invalid = Invalid(_("The e-mail address is not valid: it must have the form name@host.example."))
    if not _LOCAL_PART.fullmatch(local) or len(local) > 64:
        raise invalid
    try:
        host = normalize_host(domain)
    except Invalid:
        raise invalid from None
    if "." not in host or is_ip_address(host) or len(local) + 1 + len(host) > EMAIL_LENGTH:
        raise invalid
    return f"{local.lower()}@{host}"


def normalize_country(text: str) -> str:
    """An officially assigned two-letter code of ISO 3166-1, in upper case. Raises Invalid."""
    code = text.strip().upper()
    if code not in countries():
        raise Invalid(f"{text!r} is not a country: give its two-letter ISO 3166-1 code, such as DE or US.")
    return code


@cache
def countries() -> frozenset[str]:
    codes = map(str, Locale("en").territories)
    return frozenset(code for code in codes if len(code) == 2 and code.isalpha()) - _NOT_COUNTRIES


def validate_timezone(text: str) -> str:
    """The name of an IANA time zone: a place, or UTC. Raises Invalid."""
    if text != "UTC" and ("/" not in text or text not in available_timezones()):
        raise Invalid(f"{text!r} is not an IANA time zone: give a name such as Europe/Berlin, or UTC.")
    return text


def normalize_currency(text: str) -> str:
    """An ISO 4217 code in upper case. Raises Invalid."""
    code = text.strip().upper()
    exponent(code)
    return code


def minimum_payout_minor(minimum_minor: int | None, currency: str) -> int:
    """The smallest payout in minor units of `currency`; None means the product's. Raises Invalid."""
    if minimum_minor is None:
        return default_minimum_minor(currency)
    if not 0 <= minimum_minor <= MAX_MINOR:
        raise Invalid(f"The minimum payout is {minimum_minor} minor units; it must be 0 to {MAX_MINOR}.")
    return minimum_minor


def validate_review_days(days: int) -> int:
    if not 0 <= days <= MAX_REVIEW_DAYS:
        raise Invalid(f"The review takes {days} days; choose 0 to {MAX_REVIEW_DAYS}.")
    return days


def limit_of_one_person(minor: int | None) -> int | None:
    """The amount up to which one person approves a statement; None for any amount. Raises Invalid."""
    if minor is not None and not 0 <= minor <= MAX_MINOR:
        raise Invalid(
            f"The limit for one person is {minor} minor units; it must be 0 to {MAX_MINOR}, or off."
        )
    return minor


def binding_months(customer_policy: str, months: int | None) -> int | None:
    """For how many months a customer is bound; only the policy "months" has a number. Raises Invalid."""
    if customer_policy != "months":
        if months is not None:
            raise Invalid(f"The customer policy {customer_policy} has no number of months; leave it out.")
        return None
    if months is None or not 1 <= months <= MAX_BINDING_MONTHS:
        raise Invalid(f"Give the number of months for which a customer is bound: 1 to {MAX_BINDING_MONTHS}.")
    return months


def one_of(value: str, choices: Collection[str], what: str) -> str:
    """`value`, or Invalid when it is not one of `choices`. `what` starts the message, such as "The role"."""
    if value not in choices:
        raise Invalid(f"{what} cannot be {value!r}; choose one of: {', '.join(choices)}.")
    return value


def normalize_host(text: str) -> str:
    """A host as browsers compare it: lower case, ASCII (IDNA 2008 by UTS 46), no final dot.

    IP addresses and localhost are valid too, in their usual form; a brand must list them like any other host.
    Raises Invalid for a string with a scheme, port, path or user name, and for names with a single label.
    """
    host = _ascii_host(text.strip().removesuffix("."), text)
    if is_ip_address(host):
        return str(ipaddress.ip_address(host))
    if _NUMERIC_LAST_LABEL.fullmatch(host):
        raise Invalid(f"{text!r} is not a host name: browsers would read it as an IP address.")
    if not _HOST.fullmatch(host) or len(host) > HOST_LENGTH or ("." not in host and host != "localhost"):
        raise Invalid(
            f"{text!r} is not a host name: give the name alone, without https://, port or path, "
            "such as shop.example."
        )
    return host


def is_ip_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return "%" not in host


def is_loopback(host: str) -> bool:
    """Whether the host, in its normal form, is the local machine."""
    return host == "localhost" or (is_ip_address(host) and ipaddress.ip_address(host).is_loopback)


def _ascii_host(host: str, as_given: str) -> str:
    if host.isascii():
        bracketed = host.startswith("[") and host.endswith("]")
        return (host[1:-1] if bracketed else host).lower()
    try:
        return idna.encode(host, uts46=True, std3_rules=True).decode("ascii").removesuffix(".")
    except (idna.IDNAError, UnicodeError):
        raise Invalid(f"{as_given!r} is not a host name that browsers accept.") from None
