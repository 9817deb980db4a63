"""Validation of rates, terms, policies, parameters and sub-ids, and which changes are cuts. Pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from tracker.errors import Invalid
from tracker.money import RATE_UNIT_BP, format_rate
from tracker.people.accounts.rules import (
    ATTRIBUTION_MODELS,
    COUPON_POLICIES,
    CUSTOMER_POLICIES,
    binding_months,
    one_of,
)

BASES = ("profit", "net", "gross")
"""What a rate can apply to, the smallest first: profit <= net <= gross of any sale (docs/money.md 3)."""

SUB_IDS = ("s1", "s2", "s3", "s4", "s5")
SUB_ID_LENGTH = 100
NOTICE_DAYS = 14
"""The default number of days between the announcement of a cut and its effect (docs/money.md 5)."""
MIN_NOTICE_DAYS = 7
MAX_NOTICE_DAYS = 3650
TAKE_BACK_MONTHS = 12
"""The default number of months for which refunds and lost disputes take back (docs/money.md 3)."""
MAX_TAKE_BACK_MONTHS = 120

PASSABLE_PARAMETERS = (
    *SUB_IDS,
    "utm_source",
    "utm_medium",
    "utm_campaign",
    "utm_term",
    "utm_content",
    "utm_id",
)
"""Query parameters that a link may pass on from a visitor's request."""
PARAMETER_LENGTH = 200
MAX_PARAMETERS = 20

_PARAMETER = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,31}")
_FIXED_PARAMETER = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}")

# New state -> states that it may follow. An ended link stays ended, so that its code never leads elsewhere.
ALLOWED_FORMER_STATES = {
    "active": ("active", "paused"),
    "paused": ("active", "paused"),
    "ended": ("active", "paused", "ended"),
}


@dataclass(frozen=True)
class Conditions:
    """The conditions of one version of a program's terms. Raises Invalid for values out of range.

    `take_back_months`: for how long after a sale refunds and lost disputes take back; None is forever.
    """

    rate_bp: int
    base: str
    window_days: int
    hold_days: int
    take_back_months: int | None

    def __post_init__(self) -> None:
        checked_rate_bp(self.rate_bp)
        if self.base not in BASES:
            raise Invalid(f"The base cannot be {self.base!r}; choose one of: {', '.join(BASES)}.")
        if not 1 <= self.window_days <= 90:
            raise Invalid(f"The attribution window is {self.window_days} days; choose 1 to 90.")
        if not 0 <= self.hold_days <= 365:
            raise Invalid(f"The hold is {self.hold_days} days; choose 0 to 365.")
        if self.take_back_months is not None and not 1 <= self.take_back_months <= MAX_TAKE_BACK_MONTHS:
            raise Invalid(
                f"Refunds take back for {self.take_back_months} months; choose 1 to {MAX_TAKE_BACK_MONTHS}."
            )


@dataclass(frozen=True)
class AttributionPolicy:
    """How a brand decides who is credited for a sale. Raises Invalid for unknown values.

    `customers`: how long a customer is bound to the creator who referred them; only "months" has `months`.
    """

    model: str
    coupons: str
    customers: str
    months: int | None

    def __post_init__(self) -> None:
        one_of(self.model, ATTRIBUTION_MODELS, "The attribution model")
        one_of(self.coupons, COUPON_POLICIES, "The coupon policy")
        one_of(self.customers, CUSTOMER_POLICIES, "The customer policy")
        binding_months(self.customers, self.months)


@dataclass(frozen=True)
class Rate:
    """A rate in basis points. `source` is where it is defined: "link", "enrollment" or "program"."""

    rate_bp: int
    source: str


def checked_rate_bp(rate_bp: int) -> int:
    """`rate_bp`, or Invalid when it is not 0 to 10,000 basis points."""
    if not 0 <= rate_bp <= RATE_UNIT_BP:
        raise Invalid(f"A rate of {format_rate(rate_bp)} % is not possible; choose 0 to 100 %.")
    return rate_bp


def is_cut(former: Conditions, new: Conditions) -> bool:
    """Whether there could be a sale for which a creator earns less, or later, than with `former`."""
    return (
        new.rate_bp < former.rate_bp
        or BASES.index(new.base) < BASES.index(former.base)
        or new.window_days < former.window_days
        or new.hold_days > former.hold_days
        or _takes_back_longer(new.take_back_months, former.take_back_months)
    )


def _takes_back_longer(months: int | None, former_months: int | None) -> bool:
    if former_months is None:
        return False  # forever already
    return months is None or months > former_months


def is_policy_cut(former: AttributionPolicy, new: AttributionPolicy) -> bool:
    """Whether creators together could earn less with `new`, because fewer sales are credited to anyone.

    The model, and the coupon policies "always" and "if_involved", only decide between creators.
    """
    length = CUSTOMER_POLICIES.index
    shorter = (length(new.customers), new.months or 0) < (length(former.customers), former.months or 0)
    return shorter or (new.coupons == "never" and former.coupons != "never")


def effective_time(
    now: datetime,
    former_effective_at: datetime,
    requested_at: datetime | None,
    *,
    cut: bool,
    notice_days: int,
) -> datetime:
    """The time at which a new version takes effect: `requested_at`, or the earliest possible time.

    Raises Invalid when `requested_at` is too early, or the notice too short or too long. Versions take effect
    in the order of their numbers, so exactly one is in force at any time, and never in the past, so that old
    sales keep their terms.
    """
    if notice_days < MIN_NOTICE_DAYS:
        raise Invalid(f"A notice of {notice_days} days is too short; give {MIN_NOTICE_DAYS} or more.")
    if notice_days > MAX_NOTICE_DAYS:
        raise Invalid(f"A notice of {notice_days} days is too long; give up to {MAX_NOTICE_DAYS}.")
    notice = timedelta(days=notice_days) if cut else timedelta()
    earliest = max(now + notice, former_effective_at)
    if requested_at is None:
        return earliest
    if requested_at < earliest:
        cause = (
            f"a cut needs {notice_days} days of notice"
            if cut
            else "it cannot take effect in the past or before an earlier version"
        )
        raise Invalid(f"The new version can take effect from {earliest:%Y-%m-%d %H:%M} UTC: {cause}.")
    return requested_at


def checked_token_parameter(name: str) -> str:
    """The name of a query parameter that needs no escaping. Raises Invalid."""
    if not _PARAMETER.fullmatch(name):
        raise Invalid(f"The token's parameter cannot be {name!r}; use up to 32 of A-Z a-z 0-9 _ and -.")
    return name


def checked_sub_ids(sub_ids: dict[str, str] | None) -> dict[str, str]:
    """The labels of a link's clicks, without empty ones. Raises Invalid."""
    labels = {name: value.strip() for name, value in (sub_ids or {}).items() if value.strip()}
    for name, value in labels.items():
        if name not in SUB_IDS:
            raise Invalid(f"{name!r} is not a sub-id; choose from: {', '.join(SUB_IDS)}.")
        if len(value) > SUB_ID_LENGTH or not value.isprintable():
            raise Invalid(f"{name} may have up to {SUB_ID_LENGTH} characters, all printable.")
    return labels


def checked_passes(names: Iterable[str], token_parameter: str) -> list[str]:
    """The query parameters that a link passes on, in a fixed order. Raises Invalid."""
    wanted = set(names)
    unknown = sorted(wanted - set(PASSABLE_PARAMETERS))
    if unknown:
        raise Invalid(
            f"A link cannot pass on {', '.join(unknown)}; choose from: {', '.join(PASSABLE_PARAMETERS)}."
        )
    if token_parameter in wanted:
        raise Invalid(f"A link cannot pass on {token_parameter}: the program uses it for the click token.")
    return [name for name in PASSABLE_PARAMETERS if name in wanted]


def checked_parameters(parameters: Mapping[str, str], token_parameter: str) -> dict[str, str]:
    """The query parameters that a program adds to every destination. Raises Invalid."""
    if len(parameters) > MAX_PARAMETERS:
        raise Invalid(f"A program may add up to {MAX_PARAMETERS} parameters; you gave {len(parameters)}.")
    for name, value in parameters.items():
        if not _FIXED_PARAMETER.fullmatch(name):
            raise Invalid(f"{name!r} cannot be a parameter; use up to 64 of A-Z a-z 0-9 . _ and -.")
        if name == token_parameter:
            raise Invalid(f"The program uses {name} for the click token; choose another name.")
        if not value or len(value) > PARAMETER_LENGTH or not value.isprintable():
            raise Invalid(f"{name} needs a value of up to {PARAMETER_LENGTH} characters, all printable.")
    return dict(parameters)
