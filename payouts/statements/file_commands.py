"""Commands that write a statement into a file, and verify one."""

import io
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import click
from sqlalchemy.orm import Session

from config.database import read_session
from payouts.statements.document.head import FORMAT
from payouts.statements.document.reading import open_statement
from payouts.statements.models import SealedDocument, Statement
from payouts.statements.render.csv import csv_pieces
from payouts.statements.render.json import json_pieces
from payouts.statements.review import get_statement
from payouts.statements.sealing.file import file_faults, sealed_pieces
from tracker.console import CHECK_FOUND_FAULT, CommandResult, Console, ConsoleCommand, pass_console
from tracker.errors import Invalid, NotNow
from tracker.people.accounts.operations import get_brand


def find_statement(session: Session, brand_id: str, period: str, currency: str | None) -> Statement:
    """The statement that options name; its currency is by default the brand's own. Raises NotFound."""
    brand = get_brand(session, brand_id)
    return get_statement(session, brand.id, period, currency or brand.currency)


def find_id(console: Console, brand_id: str, period: str, currency: str | None) -> str:
    """As `find_statement`, in a read of its own: its id."""
    with read_session(console.databases.main) as session:
        return find_statement(session, brand_id, period, currency).id


Pieces = Callable[[Session, Statement], Iterator[str]]


def _json(session: Session, statement: Statement) -> Iterator[str]:
    yield from json_pieces(open_statement(session, statement))
    yield "\n"


def _csv(session: Session, statement: Statement) -> Iterator[str]:
    return csv_pieces(open_statement(session, statement))


def _sealed(session: Session, statement: Statement) -> Iterator[str]:
    """The bytes that were hashed: format 2 in its parts, format 1 as it is stored, with its hash."""
    sealed = session.get(SealedDocument, statement.id)
    if sealed is None:
        raise NotNow("The statement is not sealed yet: only a sealed one has a hash.")
    if json.loads(sealed.body)["format"] == FORMAT:
        return sealed_pieces(session, sealed)
    document = json.loads(sealed.body) | {"sha256": sealed.sha256}
    return iter([json.dumps(document, ensure_ascii=False), "\n"])


_FORMATS: dict[str, Pieces] = {"json": _json, "csv": _csv, "sealed": _sealed}


@click.command("export", cls=ConsoleCommand)
@click.option("--brand", "brand_id", required=True, metavar="ID")
@click.option("--period", required=True, metavar="PERIOD", help="For example 2026-11")
@click.option("--currency", help="Default: the brand's own.")
@click.option(
    "--format",
    "kind",
    type=click.Choice(list(_FORMATS)),
    default="json",
    show_default=True,
    help="'sealed' is what 'statement verify' takes.",
)
@pass_console
def export(console: Console, brand_id: str, period: str, currency: str | None, kind: str) -> CommandResult:
    """Write a statement to stdout, as JSON or CSV. With --json: one JSON value that contains the export."""
    statement_id = find_id(console, brand_id, period, currency)

    def pieces() -> Iterator[str]:
        with read_session(console.databases.main) as session:
            yield from _FORMATS[kind](session, session.get_one(Statement, statement_id))

    def load() -> Any:
        if kind == "csv":
            return {"format": "csv", "content": "".join(pieces())}
        return json.loads("".join(pieces()))

    return CommandResult(None, pieces=pieces, load=load)


@click.command("verify", cls=ConsoleCommand)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False)
@click.option("--brand", "brand_id", metavar="ID")
@click.option("--period", metavar="PERIOD", help="For example 2026-11")
@click.option("--currency", help="Default: the brand's own.")
@pass_console
def verify(
    console: Console, file: Path | None, brand_id: str | None, period: str | None, currency: str | None
) -> CommandResult:
    """Verify the hashes and the equation of a sealed statement: of an exported FILE, or a stored one.

    Exit code 3 when something in it was changed after the seal.
    """
    if file is not None:
        with file.open(encoding="utf-8") as lines:
            return _verified(file.name, file_faults(lines))
    if not brand_id or not period:
        raise Invalid("Name a file, or a statement by --brand and --period.")
    statement_id = find_id(console, brand_id, period, currency)
    with read_session(console.databases.main) as session:
        statement = session.get_one(Statement, statement_id)
        return _verified(statement_id, file_faults(_lines(_sealed(session, statement))))


def _lines(pieces: Iterable[str]) -> Iterator[str]:
    """The lines of what is written in pieces: each piece ends with its last line."""
    return (line for piece in pieces for line in io.StringIO(piece))


def _verified(name: str, faults: Iterator[str]) -> CommandResult:
    try:
        found = list(faults)
    except (ValueError, KeyError, TypeError):
        raise Invalid(f"{name} is not a sealed statement: export one with --format sealed.") from None
    text = "\n".join(f"{name} {fault}." for fault in found) or f"{name} is as it was sealed."
    return CommandResult({"ok": not found, "faults": found}, text, CHECK_FOUND_FAULT if found else 0)
