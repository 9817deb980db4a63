"""Commands for host names of links, and for the fallback page of inactive links."""

from typing import Any
from urllib.parse import urlsplit

import click
from sqlalchemy.orm import Session

from config.database import read_session, transact
from tracker.audit.actors import command_line
from tracker.console import CommandResult, Console, ConsoleCommand, ConsoleGroup, pass_console
from tracker.programs.links import domains
from tracker.programs.models import LinkDomain
from tracker.times import format_utc


@click.group("domain", cls=ConsoleGroup)
def domain_commands() -> None:
    """Domains: a brand's own host names for its short links."""


@domain_commands.command("add")
@click.argument("host")
@click.option("--brand", "brand_id", required=True, metavar="ID")
@pass_console
def add_domain(console: Console, host: str, brand_id: str) -> CommandResult:
    """Serve the links of the brand, and no others, at HOST. Its DNS must point to this installation."""
    own_host = urlsplit(console.settings.link_url).hostname or ""

    def add(session: Session) -> CommandResult:
        return _domain_result(
            domains.add_domain(
                session,
                console.now,
                actor=command_line("domain add"),
                brand_id=brand_id,
                host=host,
                own_host=own_host,
            )
        )

    return transact(console.databases.main, add)


@domain_commands.command("remove")
@click.argument("host")
@click.option("--brand", "brand_id", required=True, metavar="ID")
@pass_console
def remove_domain(console: Console, host: str, brand_id: str) -> CommandResult:
    """Remove HOST from the brand; it is then treated like any other host name of this installation."""

    def remove(session: Session) -> CommandResult:
        actor = command_line("domain remove")
        name = domains.remove_domain(session, console.now, actor=actor, brand_id=brand_id, host=host)
        return CommandResult({"host": name}, f"{name} is no longer a domain of {brand_id}")

    return transact(console.databases.main, remove)


@domain_commands.command("list")
@click.option("--brand", "brand_id", metavar="ID", help="Of this brand only.")
@pass_console
def list_domains(console: Console, brand_id: str | None) -> CommandResult:
    """Show domains."""
    with read_session(console.databases.main) as session:
        results = [_domain_result(each) for each in domains.list_domains(session, brand_id)]
    lines = [result.text for result in results]
    return CommandResult(
        [result.value for result in results], "\n".join(lines) or "There are no domains yet."
    )


@click.command("fallback", cls=ConsoleCommand)
@click.argument("brand_id", metavar="ID")
@click.argument("url", required=False)
@pass_console
def set_fallback(console: Console, brand_id: str, url: str | None) -> CommandResult:
    """Send visitors of inactive links to URL, on a host of the brand. Without URL, they see our own page."""

    def change(session: Session) -> CommandResult:
        actor = command_line("brand fallback")
        brand = domains.set_fallback(session, console.now, actor=actor, brand_id=brand_id, url=url)
        text = f"{brand.id}  inactive links lead to {brand.fallback_url or 'our own page'}"
        return CommandResult({"brand": brand.id, "fallback_url": brand.fallback_url}, text)

    return transact(console.databases.main, change)


def _domain_result(domain: LinkDomain) -> CommandResult:
    value: dict[str, Any] = {
        "host": domain.host,
        "brand": domain.brand_id,
        "created_at": format_utc(domain.created_at),
    }
    return CommandResult(value, f"{domain.host}  {domain.brand_id}")
