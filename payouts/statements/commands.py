"""Commands about statements."""

import json
from typing import Any

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from config.database import read_session, transact
from payouts.ledger.models import Period
from payouts.statements.close import begin_closing_period, close_period
from payouts.statements.decisions.adjustments import Adjustment, adjust_draft
from payouts.statements.decisions.commands import commission_commands
from payouts.statements.decisions.serializers import decision_json, decision_text, decisions_on
from payouts.statements.document.document import statement_document
from payouts.statements.models import DecisionKind, SealedDocument, Statement
from payouts.statements.render.csv import as_csv
from payouts.statements.render.text import as_text
from payouts.statements.review import approve, get_statement
from payouts.statements.seal import seal_approved
from tracker.console import CommandResult, Console, ConsoleGroup, pass_console
from tracker.people.accounts.operations import get_brand
from tracker.people.actors import command_line
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

    def work(session: Session) -> list[dict[str, Any]]:
        drafts = close_period(session, console.now, brand_id, period)
        return [_document(session, each) for each in drafts]

    databases = console.databases.main
    transact(databases, lambda s: begin_closing_period(s, console.now, brand_id, period))
    documents = transact(databases, work)
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
    document = _load(console, brand_id, period, currency)
    return CommandResult(document, as_text(document))


@statement_commands.command("approve")
@_brand
@_period
@_currency
@pass_console
def approve_command(console: Console, brand_id: str, period: str, currency: str | None) -> CommandResult:
    """Approve and seal a draft: it never changes again, and its payouts are authorised."""

    def approve_it(session: Session) -> str:
        statement = _find(session, brand_id, period, currency)
        return approve(session, console.now, statement.id, approved_by="brand").id

    def seal_it(session: Session) -> dict[str, Any]:
        seal_approved(session, console.now, brand_id)
        return _document(session, session.get_one(Statement, statement_id))

    statement_id = transact(console.databases.main, approve_it)
    document = transact(console.databases.main, seal_it)
    return CommandResult(document, as_text(document))


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
        statement = _find(session, brand_id, period, currency)
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
        found = decisions_on(session, _find(session, brand_id, period, currency).id)
    value = [decision_json(*each) for each in found]
    return CommandResult(value, "\n".join(map(decision_text, value)) or "Nothing was decided on it.")


@statement_commands.command("export")
@_brand
@_period
@_currency
@click.option("--format", "kind", type=click.Choice(["json", "csv"]), default="json", show_default=True)
@pass_console
def export(console: Console, brand_id: str, period: str, currency: str | None, kind: str) -> CommandResult:
    """Write a statement to stdout, as JSON or CSV. With --json: one JSON value that contains the export."""
    document = _load(console, brand_id, period, currency)
    text = as_csv(document) if kind == "csv" else json.dumps(document, ensure_ascii=False, indent=2)
    return CommandResult(
        document if kind == "json" else {"format": "csv", "content": text}, text.rstrip("\r\n")
    )


def _summary(statement: Statement, period: Period) -> dict[str, Any]:
    return {
        "id": statement.id,
        "period": period.name,
        "currency": statement.currency,
        "state": statement.state,
        "approved_by": statement.approved_by,
        "approved_at": optional_utc_text(statement.approved_at),
        "review_ends_at": format_utc(statement.review_ends_at),
        "pay_from": format_utc(statement.pay_from),
    }


def _load(console: Console, brand_id: str, period: str, currency: str | None) -> dict[str, Any]:
    with read_session(console.databases.main) as session:
        return _document(session, _find(session, brand_id, period, currency))


def _find(session: Session, brand_id: str, period: str, currency: str | None) -> Statement:
    brand = get_brand(session, brand_id)
    return get_statement(session, brand.id, period, currency or brand.currency)


def _document(session: Session, statement: Statement) -> dict[str, Any]:
    """The sealed document with its hash, or the draft; an approved one says by whom and when."""
    sealed = session.get(SealedDocument, statement.id)
    if sealed is None:
        approval = {
            "approved_by": statement.approved_by,
            "approved_at": optional_utc_text(statement.approved_at),
        }
        document = statement_document(session, statement) | {"state": statement.state}
        return document if statement.state == "draft" else document | approval
    stored: dict[str, Any] = json.loads(sealed.body)
    return stored | {"sha256": sealed.sha256}


COMMANDS = (statement_commands, commission_commands)
