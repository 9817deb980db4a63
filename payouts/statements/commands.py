"""Commands about statements."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from config.database import read_session, transact
from payouts.ledger.models import Period
from payouts.statements.close import begin_closing_by_person, close_without_rows
from payouts.statements.decisions.adjustments import Adjustment, adjust_draft
from payouts.statements.decisions.commands import commission_commands
from payouts.statements.decisions.serializers import decision_json, decision_text, decisions_on
from payouts.statements.document.reading import open_statement, whole_statement
from payouts.statements.file_commands import export, find_id, find_statement, verify
from payouts.statements.models import DecisionKind, Statement
from payouts.statements.render.text import as_text, text_lines
from payouts.statements.review import approve_by_person
from payouts.statements.rows.writing import write_rows
from payouts.statements.seal import ROWS, approved_statements
from payouts.statements.seal_run import seal_in_parts
from tracker.audit.actors import command_line
from tracker.console import CommandResult, Console, ConsoleGroup, pass_console
from tracker.people.accounts.operations import get_brand
from tracker.times import format_utc, optional_utc_text

_brand = click.option("--brand", "brand_id", required=True, metavar="ID")
_period = click.option("--period", required=True, metavar="PERIOD", help="For example 2026-11")
_currency = click.option("--currency", help="Default: the brand's own.")


@click.group("statement", cls=ConsoleGroup)
def statement_commands() -> None:
    """Statements: close a period; review, approve and export its statement."""


@statement_commands.command("close")
@_brand
@_period
@pass_console
def close(console: Console, brand_id: str, period: str) -> CommandResult:
    """Close a period that has ended, and every earlier one, and draft the statements."""

    databases, now = console.databases.main, console.now
    actor = command_line("statement close")
    transact(databases, lambda s: begin_closing_by_person(s, now, brand_id, period, actor=actor))
    drafts = transact(databases, lambda s: close_without_rows(s, now, brand_id, period))
    while transact(databases, lambda s: write_rows(s, now, ROWS, brand_id=brand_id)):
        pass
    with read_session(databases) as session:
        documents = [whole_statement(session, session.get_one(Statement, each.id)) for each in drafts]
    return CommandResult(documents, "\n\n".join(as_text(each) for each in documents))


@statement_commands.command("list")
@_brand
@pass_console
def list_statements(console: Console, brand_id: str) -> CommandResult:
    """Show a brand's statements, newest first."""
    with read_session(console.databases.main) as session:
        brand = get_brand(session, brand_id)
        rows = session.execute(
            select(Statement, Period)
            .join(Period, Period.id == Statement.period_id)
            .where(Statement.brand_id == brand.id)
            .order_by(Period.starts_at.desc(), Statement.currency)
        ).all()
    value = [_summary(statement, period) for statement, period in rows]
    lines = [
        f"{each['period']}  {each['currency']}  {each['state']}, payouts from {each['pay_from']}"
        for each in value
    ]
    return CommandResult(value, "\n".join(lines) or "No period has been closed yet.")


@statement_commands.command("show")
@_brand
@_period
@_currency
@pass_console
def show(console: Console, brand_id: str, period: str, currency: str | None) -> CommandResult:
    """Show a statement: the sealed document, or the draft from the current books."""
    statement_id = find_id(console, brand_id, period, currency)
    return _shown(console, statement_id)


@statement_commands.command("approve")
@_brand
@_period
@_currency
@pass_console
def approve_command(console: Console, brand_id: str, period: str, currency: str | None) -> CommandResult:
    """Approve and seal a draft: it never changes again, and its payouts are authorised."""
    databases, now = console.databases.main, console.now

    def approve_it(session: Session) -> tuple[str, str]:
        found = find_statement(session, brand_id, period, currency)
        statement = approve_by_person(session, now, found.id, actor=command_line("statement approve"))
        return statement.id, statement.state

    statement_id, state = transact(databases, approve_it)
    if state == "draft":
        console.say(
            "Your approval is noted. It pays more than the limit for one person, so another person has to "
            "approve it, too; the command line counts as one."
        )
    with read_session(databases) as session:
        waiting = approved_statements(session, brand_id)
    for each in waiting:
        seal_in_parts(databases, partial(transact, databases), now, each)
    return _shown(console, statement_id)


def _shown(console: Console, statement_id: str) -> CommandResult:
    """The text is written creator by creator: a large statement does not fit into memory."""

    def lines() -> Iterator[str]:
        with read_session(console.databases.main) as session:
            statement = session.get_one(Statement, statement_id)
            yield from (f"{line}\n" for line in text_lines(open_statement(session, statement)))

    def load() -> dict[str, Any]:
        with read_session(console.databases.main) as session:
            return whole_statement(session, session.get_one(Statement, statement_id))

    return CommandResult(None, pieces=lines, load=load)


_creator = click.option("--creator", "creator_id", required=True, metavar="ID")
_amount = click.option("--amount-minor", type=int, required=True, help="In minor units: 500 is 5.00 EUR.")
_reason = click.option("--reason", required=True, help="The brand and the creator will read it.")


@statement_commands.command("bonus")
@_brand
@_period
@_currency
@_creator
@_amount
@_reason
@pass_console
def bonus(console: Console, **adjustment: Any) -> CommandResult:
    """Add a bonus to a draft: it is paid with this statement."""
    return _adjust(console, DecisionKind.BONUS, **adjustment)


@statement_commands.command("deduction")
@_brand
@_period
@_currency
@_creator
@_amount
@_reason
@pass_console
def deduction(console: Console, **adjustment: Any) -> CommandResult:
    """Take a deduction from a draft, at most what is payable to the creator in it."""
    return _adjust(console, DecisionKind.DEDUCTION, **adjustment)


def _adjust(
    console: Console, kind: Adjustment, brand_id: str, period: str, currency: str | None, **details: Any
) -> CommandResult:
    actor = command_line(f"statement {kind.value}")

    def work(session: Session) -> str:
        statement = find_statement(session, brand_id, period, currency)
        return adjust_draft(session, console.now, statement.id, kind, actor=actor, **details)

    decision_id = transact(console.databases.main, work)
    undo = f"To undo it: linkledger commission undo {decision_id}"
    return CommandResult({"decision": decision_id}, f"The {kind.value} is booked. {undo}")


@statement_commands.command("decisions")
@_brand
@_period
@_currency
@pass_console
def decisions(console: Console, brand_id: str, period: str, currency: str | None) -> CommandResult:
    """Show what people decided on the draft of a statement, oldest first, and what of it was undone."""
    with read_session(console.databases.main) as session:
        found = decisions_on(session, find_statement(session, brand_id, period, currency).id)
    value = [decision_json(*each) for each in found]
    return CommandResult(value, "\n".join(map(decision_text, value)) or "Nothing was decided on it.")


def _summary(statement: Statement, period: Period) -> dict[str, Any]:
    return {
        "id": statement.id,
        "period": period.name,
        "currency": statement.currency,
        "state": statement.state,
        "approved_by": statement.approved_by,
        "approved_at": optional_utc_text(statement.approved_at),
        "review_ends_at": format_utc(statement.review_ends_at),
        "planned_review_ends_at": optional_utc_text(statement.planned_review_ends_at),
        "noticed_at": optional_utc_text(statement.noticed_at),
        "pay_from": format_utc(statement.pay_from),
    }


for each in (export, verify):
    statement_commands.add_command(each)

COMMANDS = (statement_commands, commission_commands)
