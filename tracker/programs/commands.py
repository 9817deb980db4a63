"""Commands for programs, their terms, and enrollments."""

from typing import Any

import click
from sqlalchemy.orm import Session

from config.database import read_session, transact
from tracker.audit.actors import command_line
from tracker.console import CommandResult, Console, ConsoleCommand, ConsoleGroup, pass_console
from tracker.errors import Invalid
from tracker.money import format_rate, parse_rate_bp
from tracker.programs import operations
from tracker.programs.links.commands import link_commands
from tracker.programs.links.domain_commands import domain_commands
from tracker.programs.models import Program, Terms
from tracker.programs.rules import BASES, NOTICE_DAYS, TAKE_BACK_MONTHS
from tracker.programs.serializers import enrollment_json, program_json, terms_json
from tracker.programs.terms import change_terms as add_changed_terms
from tracker.programs.terms import terms_at
from tracker.times import format_utc, parse_utc


@click.group("program", cls=ConsoleGroup)
def program_commands() -> None:
    """Programs: offers of a brand to creators."""


@program_commands.command("create")
@click.argument("name")
@click.option("--brand", "brand_id", required=True, metavar="ID")
@click.option("--rate", required=True, metavar="PERCENT", help="For example 12.5")
@click.option(
    "--base",
    type=click.Choice(BASES),
    default="net",
    show_default=True,
    help="The amount that the rate applies to.",
)
@click.option("--window-days", type=int, default=30, show_default=True, help="How long a click may earn.")
@click.option("--hold-days", type=int, default=30, show_default=True, help="How long a commission is held.")
@click.option(
    "--take-back-months",
    type=int,
    default=TAKE_BACK_MONTHS,
    show_default=True,
    help="How long after a sale refunds and lost disputes take back.",
)
@click.option("--token-parameter", default=operations.TOKEN_PARAMETER, show_default=True)
@pass_console
def create_program(
    console: Console,
    name: str,
    brand_id: str,
    rate: str,
    base: str,
    window_days: int,
    hold_days: int,
    take_back_months: int,
    token_parameter: str,
) -> CommandResult:
    """Create a program of a brand, with version 1 of its terms."""
    rate_bp = parse_rate_bp(rate)

    def create(session: Session) -> CommandResult:
        program = operations.create_program(
            session,
            console.now,
            actor=command_line("program create"),
            brand_id=brand_id,
            name=name,
            rate_bp=rate_bp,
            base=base,
            window_days=window_days,
            hold_days=hold_days,
            take_back_months=take_back_months,
            token_parameter=token_parameter,
        )
        return _program_result(session, console, program)

    return transact(console.databases.main, create)


@program_commands.command("list")
@click.option("--brand", "brand_id", metavar="ID", help="Of this brand only.")
@pass_console
def list_programs(console: Console, brand_id: str | None) -> CommandResult:
    """Show programs with the terms in force."""
    with read_session(console.databases.main) as session:
        programs = operations.list_programs(session, brand_id)
        results = [_program_result(session, console, program) for program in programs]
    lines = [result.text for result in results]
    return CommandResult(
        [result.value for result in results], "\n".join(lines) or "There are no programs yet."
    )


@program_commands.command("parameters")
@click.argument("program_id", metavar="ID")
@click.argument("parameters", nargs=-1, metavar="[NAME=VALUE]...")
@pass_console
def set_parameters(console: Console, program_id: str, parameters: tuple[str, ...]) -> CommandResult:
    """Set the parameters added to every destination, such as utm_source=friends. Without any: remove all."""
    pairs = [each.partition("=") for each in parameters]
    if any(not equals for _, equals, _ in pairs):
        raise Invalid("Write each parameter as NAME=VALUE, such as utm_source=friends.")

    def change(session: Session) -> CommandResult:
        wanted = {name: value for name, _, value in pairs}
        actor = command_line("program parameters")
        program = operations.set_parameters(
            session, console.now, actor=actor, program_id=program_id, parameters=wanted
        )
        return _program_result(session, console, program)

    return transact(console.databases.main, change)


@program_commands.command("terms")
@click.argument("program_id", metavar="ID")
@pass_console
def show_terms(console: Console, program_id: str) -> CommandResult:
    """Show every version of a program's terms, the oldest first."""
    with read_session(console.databases.main) as session:
        versions = operations.list_terms(session, program_id)
        return CommandResult([terms_json(each) for each in versions], "\n".join(map(_terms_line, versions)))


@program_commands.command("change-terms")
@click.argument("program_id", metavar="ID")
@click.option("--rate", metavar="PERCENT")
@click.option("--base", type=click.Choice(BASES))
@click.option("--window-days", type=int)
@click.option("--hold-days", type=int)
@click.option("--take-back-months", type=int, help="How long refunds and lost disputes take back.")
@click.option("--effective", metavar="TIME", help="When it takes effect.  [default: as soon as possible]")
@click.option("--notice-days", type=int, default=NOTICE_DAYS, show_default=True, help="Notice of a cut.")
@pass_console
def change_terms(
    console: Console,
    program_id: str,
    rate: str | None,
    effective: str | None,
    notice_days: int,
    **options: Any,
) -> CommandResult:
    """Add a version of the terms. Earlier sales keep theirs; a cut takes effect after its notice."""
    options |= {"rate_bp": None if rate is None else parse_rate_bp(rate)}
    changes = {name: value for name, value in options.items() if value is not None}

    def change(session: Session) -> CommandResult:
        terms = add_changed_terms(
            session,
            console.now,
            actor=command_line("program change-terms"),
            program_id=program_id,
            effective_at=None if effective is None else parse_utc(effective),
            notice_days=notice_days,
            **changes,
        )
        return CommandResult(terms_json(terms), _terms_line(terms))

    return transact(console.databases.main, change)


@click.command("enroll", cls=ConsoleCommand)
@click.option("--program", "program_id", required=True, metavar="ID")
@click.option("--creator", "creator_id", required=True, metavar="ID")
@click.option("--rate", metavar="PERCENT", help="A rate for this creator alone.")
@click.option("--coupon", metavar="CODE", help="A discount code whose sales are credited to this creator.")
@pass_console
def enroll_command(
    console: Console, program_id: str, creator_id: str, rate: str | None, coupon: str | None
) -> CommandResult:
    """Enroll a creator in a program."""
    rate_bp = None if rate is None else parse_rate_bp(rate)

    def enroll(session: Session) -> CommandResult:
        enrollment = operations.enroll(
            session,
            console.now,
            actor=command_line("enroll"),
            program_id=program_id,
            creator_id=creator_id,
            rate_bp=rate_bp,
            coupon=coupon,
        )
        value = enrollment_json(enrollment, rate_bp, coupon)
        return CommandResult(value, f"{enrollment.id}  {creator_id} takes part in {program_id}")

    return transact(console.databases.main, enroll)


def _program_result(session: Session, console: Console, program: Program) -> CommandResult:
    terms = terms_at(session, program.id, console.now)
    text = f"{program.id}  {program.name}, {program.state}: {format_rate(terms.rate_bp)} % of {terms.base}"
    return CommandResult(program_json(program, terms), text)


def _terms_line(terms: Terms) -> str:
    months = terms.take_back_months
    take_back = "forever" if months is None else f"for {months} month{'s' if months != 1 else ''}"
    return (
        f"{terms.version}  from {format_utc(terms.effective_at)}: {format_rate(terms.rate_bp)} % of "
        f"{terms.base}, clicks earn for {terms.window_days} days, commissions are held for "
        f"{terms.hold_days}, refunds take back {take_back}"
    )


COMMANDS = (program_commands, enroll_command, link_commands, domain_commands)
