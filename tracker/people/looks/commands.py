"""The command that sets the look of a brand."""

from pathlib import Path
from typing import Any

import click
from sqlalchemy.orm import Session

from config.database import read_session, transact
from tracker.audit.actors import command_line
from tracker.console import CommandResult, Console, ConsoleCommand, pass_console
from tracker.people.accounts.operations import get_brand
from tracker.people.looks.models import BrandLook
from tracker.people.looks.operations import find_look, set_look


@click.command("look", cls=ConsoleCommand)
@click.argument("brand_id", metavar="ID")
@click.option("--colour", metavar="#RRGGBB", help="The colour of pages and mails; an empty one removes it.")
@click.option(
    "--logo",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A PNG or JPEG file, at most 512 kB and 2,000 pixels a side.",
)
@click.option("--no-logo", is_flag=True, help="Remove the logo.")
@click.option("--contact", metavar="EMAIL", help="Who gets replies to mails; an empty one removes it.")
@pass_console
def brand_look(
    console: Console, brand_id: str, colour: str | None, logo: Path | None, no_logo: bool, contact: str | None
) -> CommandResult:
    """Set the colour, logo and contact address of a brand. Without options, show them."""
    if logo is not None and no_logo:
        raise click.UsageError("Give --logo or --no-logo, not both.")
    content = b"" if no_logo else None if logo is None else logo.read_bytes()
    if colour is None and content is None and contact is None:
        with read_session(console.databases.main) as session:
            return _result(get_brand(session, brand_id).id, find_look(session, brand_id))

    def change(session: Session) -> CommandResult:
        look = set_look(
            session,
            console.now,
            actor=command_line("brand look"),
            brand_id=brand_id,
            colour=colour,
            logo=content,
            contact_email=contact,
        )
        return _result(look.brand_id, look)

    return transact(console.databases.main, change)


def _result(brand_id: str, look: BrandLook | None) -> CommandResult:
    value: dict[str, Any] = {
        "brand": brand_id,
        "colour": look and look.colour,
        "logo": look and look.logo_type,
        "logo_hash": look and look.logo_hash,
        "contact": look and look.contact_email,
    }
    words = (
        f"{brand_id}  colour {value['colour'] or 'of the product'}, {value['logo'] or 'no'} logo, "
        f"replies to {value['contact'] or 'nobody'}"
    )
    return CommandResult(value, words)
