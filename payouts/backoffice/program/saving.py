"""A program as typed into its page: read, shown and saved."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from payouts.backoffice.fields import parse_amount, parse_days, read
from tracker.audit.actors import Actor
from tracker.language.texts import gettext as _
from tracker.money import Money, format_amount, format_rate, parse_rate_bp
from tracker.people.accounts.minimums import default_minimum_minor
from tracker.people.accounts.models import Brand
from tracker.people.accounts.rules import normalize_name
from tracker.people.accounts.rules_versions import minimum_of, set_minimum
from tracker.programs.models import Program
from tracker.programs.operations import create_program
from tracker.programs.rules import BASES, TAKE_BACK_MONTHS, Conditions
from tracker.programs.terms import change_terms, conditions_of, newest_terms
from tracker.ui.forms import Form

DEFAULTS = Conditions(
    rate_bp=1000, base="net", window_days=30, hold_days=30, take_back_months=TAKE_BACK_MONTHS
)
MAX_WINDOW_DAYS, MAX_HOLD_DAYS = 90, 365


@dataclass(frozen=True)
class TypedProgram:
    """`name` is used only for a new program."""

    name: str
    conditions: Conditions
    minimum: Money


@dataclass(frozen=True)
class SavedProgram:
    """`effective_at`: when a change of the terms takes effect; None when they did not change."""

    program_id: str
    effective_at: datetime | None


def form_of(session: Session, now: datetime, brand: Brand, program: Program | None) -> Form:
    """The form with what is stored, or with what most shops begin with."""
    found = DEFAULTS if program is None else conditions_of(newest_terms(session, program.id))
    minimum = minimum_of(session, brand, brand.currency, now)
    return Form(
        {
            "name": brand.name if program is None else program.name,
            "rate": format_rate(found.rate_bp),
            "base": found.base,
            "window": str(found.window_days),
            "hold": str(found.hold_days),
            "minimum": format_amount(minimum, brand.currency),
        }
    )


def read_program(
    form: Form, brand: Brand, program: Program | None, take_back: int | None
) -> TypedProgram | None:
    """What was typed; None after errors, which are noted at the fields."""
    name = program.name if program is not None else _read_name(form)
    rate_bp = read(form, "rate", _rate, _("Write a percentage from 0 to 100, such as 10 or 12.5."))
    window = _read_days(form, "window", 1, MAX_WINDOW_DAYS)
    hold = _read_days(form, "hold", 0, MAX_HOLD_DAYS)
    minimum = _read_minimum(form, brand.currency)
    if form["base"] not in BASES:
        form.fail("base", _("Choose what the percentage is taken of."))
    if name is None or rate_bp is None or window is None or hold is None or minimum is None or form.errors:
        return None
    conditions = Conditions(rate_bp, form["base"], window, hold, take_back)
    return TypedProgram(name, conditions, Money(minimum, brand.currency))


def _read_name(form: Form) -> str | None:
    wanted = _("Write a name that creators see: at most 120 characters.")
    return read(form, "name", normalize_name, wanted)


def _read_days(form: Form, name: str, lowest: int, highest: int) -> int | None:
    wanted = _("Write a number of days from %(lowest)s to %(highest)s.", lowest=lowest, highest=highest)
    return read(form, name, parse_days(lowest, highest), wanted)


def _read_minimum(form: Form, currency: str) -> int | None:
    example = format_amount(default_minimum_minor(currency), currency)
    wanted = _("Write an amount in %(currency)s, such as %(example)s.", currency=currency, example=example)
    return read(form, "minimum", parse_amount(currency), wanted)


def take_back_of(session: Session, program: Program | None) -> int | None:
    """The months of take-back of the newest terms, which the page does not change."""
    if program is None:
        return DEFAULTS.take_back_months
    return newest_terms(session, program.id).take_back_months


def save_program(
    session: Session, now: datetime, actor: Actor, brand: Brand, program: Program | None, typed: TypedProgram
) -> SavedProgram:
    """Create the program, or add a version of its terms; and set the minimum payout. What is the same stays.

    A cut takes effect after its notice, any other change at once. Raises Invalid and Conflict.
    """
    if typed.minimum.minor != minimum_of(session, brand, brand.currency, now):
        set_minimum(session, now, brand, actor=actor, minimum_minor=typed.minimum.minor)
    wanted = vars(typed.conditions)
    if program is None:
        made = create_program(session, now, actor=actor, brand_id=brand.id, name=typed.name, **wanted)
        return SavedProgram(made.id, now)
    if typed.conditions == conditions_of(newest_terms(session, program.id)):
        return SavedProgram(program.id, None)
    terms = change_terms(session, now, actor=actor, program_id=program.id, **wanted)
    return SavedProgram(program.id, terms.effective_at)


def _rate(text: str) -> int:
    return parse_rate_bp(text.replace(",", "."))
