"""Commands for API keys, with which a brand's software calls the API."""

from typing import Any

import click
from sqlalchemy.orm import Session

from config.database import read_session, transact
from tracker.audit.actors import command_line
from tracker.console import CommandResult, Console, ConsoleGroup, pass_console
from tracker.people.keys import operations as keys
from tracker.people.keys.models import ApiKey
from tracker.people.keys.rules import SCOPES
from tracker.times import format_utc, optional_utc_text, parse_utc


@click.group("key", cls=ConsoleGroup)
def key_commands() -> None:
    """Keys: API keys for a brand's software."""


@key_commands.command("create")
@click.option("--brand", "brand_id", required=True, metavar="ID")
@click.option("--name", required=True, help="The holder of the key, such as 'web shop'.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    metavar="SCOPE",
    help="May be repeated. " + "; ".join(f"{name}: {use}" for name, use in SCOPES.items()) + ".",
)
@click.option("--expires", metavar="TIME", help="When it expires, such as 2027-01-01.  [default: never]")
@pass_console
def create_key(
    console: Console, brand_id: str, name: str, scopes: tuple[str, ...], expires: str | None
) -> CommandResult:
    """Create a key. It is shown only once."""
    expires_at = None if expires is None else parse_utc(expires)

    def create(session: Session) -> CommandResult:
        key, text = keys.create_key(
            session,
            console.now,
            actor=command_line("key create"),
            brand_id=brand_id,
            name=name,
            scopes=scopes,
            expires_at=expires_at,
        )
        output = f"{_line(key)}\n  {text}\n  The key is not shown again."
        return CommandResult({**key_json(key), "key": text}, output)

    return transact(console.databases.main, create)


@key_commands.command("list")
@click.option("--brand", "brand_id", required=True, metavar="ID")
@pass_console
def list_keys(console: Console, brand_id: str) -> CommandResult:
    """Show the keys of a brand, including revoked ones, and when they were last used."""
    with read_session(console.databases.main) as session:
        found = keys.list_keys(session, brand_id)
    return CommandResult(
        [key_json(each) for each in found], "\n".join(map(_line, found)) or "There are no keys."
    )


@key_commands.command("revoke")
@click.argument("key_id", metavar="ID")
@pass_console
def revoke_key(console: Console, key_id: str) -> CommandResult:
    """Revoke a key, effective immediately. Sales reported with it stay."""

    def revoke(session: Session) -> CommandResult:
        keys.revoke_key(session, console.now, key_id, actor=command_line("key revoke"))
        return CommandResult(key_json(keys.get_key(session, key_id)), f"{key_id} is revoked.")

    return transact(console.databases.main, revoke)


def _line(key: ApiKey) -> str:
    if key.revoked_at is not None:
        state = f"revoked {format_utc(key.revoked_at)}"
    elif key.last_used_at is not None:
        state = f"last used {format_utc(key.last_used_at)}"
    else:
        state = "not used yet"
    expiry = f"  expires {format_utc(key.expires_at)}" if key.expires_at else ""
    return f"{key.id}  {key.name}  {' '.join(key.scopes)}  {state}{expiry}"


COMMANDS = (key_commands,)


def key_json(key: ApiKey) -> dict[str, Any]:
    """Without the secret, which is not stored, and without its hash."""
    return {
        "id": key.id,
        "brand": key.brand_id,
        "name": key.name,
        "scopes": key.scopes,
        "created_at": format_utc(key.created_at),
        "expires_at": optional_utc_text(key.expires_at),
        "revoked_at": optional_utc_text(key.revoked_at),
        "last_used_at": optional_utc_text(key.last_used_at),
    }
