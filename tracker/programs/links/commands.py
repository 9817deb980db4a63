"""Commands for links."""

import click
from sqlalchemy.orm import Session

from config.database import read_session, transact
from tracker.audit.actors import command_line
from tracker.console import CommandResult, Console, ConsoleGroup, pass_console
from tracker.money import parse_rate_bp
from tracker.programs.links import operations
from tracker.programs.links.state_changes import expire_link as expire_link_at
from tracker.programs.links.state_changes import set_link_state
from tracker.programs.models import Enrollment, Link
from tracker.programs.rules import PASSABLE_PARAMETERS, SUB_IDS
from tracker.programs.serializers import link_json
from tracker.programs.terms import link_rate_overrides
from tracker.times import parse_utc

_PASS_HELP = f"Query parameter to pass on from the short link to the shop: {', '.join(PASSABLE_PARAMETERS)}"


@click.group("link", cls=ConsoleGroup)
def link_commands() -> None:
    """Links: short addresses that creators share."""


@link_commands.command("create")
@click.option("--program", "program_id", required=True, metavar="ID")
@click.option("--creator", "creator_id", required=True, metavar="ID")
@click.option("--to", "destination", required=True, metavar="URL", help="A page on a host of the brand.")
@click.option("--code", help="3 to 64 of A-Z a-z 0-9 _ and -.  [default: seven letters and digits]")
@click.option("--s1", help="A label for every click of the link; also --s2 to --s5.")
@click.option("--s2", hidden=True)
@click.option("--s3", hidden=True)
@click.option("--s4", hidden=True)
@click.option("--s5", hidden=True)
@click.option("--rate", metavar="PERCENT", help="A rate for this link alone.")
@click.option("--pass", "passes", multiple=True, metavar="NAME", help=f"{_PASS_HELP}; repeatable.")
@click.option("--deep-links", is_flag=True, help="Allow ?to=/path to choose another page of the same host.")
@click.option("--expires", metavar="TIME", help="The time from which the link is inactive.")
@pass_console
def create_link(
    console: Console,
    program_id: str,
    creator_id: str,
    destination: str,
    code: str | None,
    rate: str | None,
    passes: tuple[str, ...],
    deep_links: bool,
    expires: str | None,
    **labels: str | None,
) -> CommandResult:
    """Create a link for a creator who takes part in a program."""
    rate_bp = None if rate is None else parse_rate_bp(rate)
    options = operations.LinkOptions(passes, deep_links, parse_utc(expires) if expires else None)

    def create(session: Session) -> CommandResult:
        link = operations.create_link(
            session,
            console.now,
            actor=command_line("link create"),
            program_id=program_id,
            creator_id=creator_id,
            destination=destination,
            code=code,
            sub_ids={name: labels[name] or "" for name in SUB_IDS},
            rate_bp=rate_bp,
            options=options,
        )
        return _link_result(session, console, link, rate_bp)

    return transact(console.databases.main, create)


@link_commands.command("list")
@click.option("--program", "program_id", metavar="ID", help="Of this program only.")
@click.option("--creator", "creator_id", metavar="ID", help="Of this creator only.")
@pass_console
def list_links(console: Console, program_id: str | None, creator_id: str | None) -> CommandResult:
    """Show links."""
    with read_session(console.databases.main) as session:
        links = operations.list_links(session, program_id=program_id, creator_id=creator_id)
        rates = link_rate_overrides(session, console.now)
        link_url = console.settings.link_url
        values = [link_json(link, owner, link_url, rates.get(link.id)) for link, owner in links]
    lines = [f"{each['id']}  {each['url']} -> {each['destination']} ({each['state']})" for each in values]
    return CommandResult(values, "\n".join(lines) or "There are no links yet.")


@link_commands.command("pause")
@click.argument("link_id", metavar="ID")
@pass_console
def pause_link(console: Console, link_id: str) -> CommandResult:
    """Deactivate a link until it is resumed. Earlier clicks still earn."""
    return _set_state(console, "link pause", link_id, "paused")


@link_commands.command("resume")
@click.argument("link_id", metavar="ID")
@pass_console
def resume_link(console: Console, link_id: str) -> CommandResult:
    """Reactivate a paused link."""
    return _set_state(console, "link resume", link_id, "active")


@link_commands.command("end")
@click.argument("link_id", metavar="ID")
@pass_console
def end_link(console: Console, link_id: str) -> CommandResult:
    """End a link permanently. Earlier clicks still earn; no other link can get its code."""
    return _set_state(console, "link end", link_id, "ended")


@link_commands.command("expire")
@click.argument("link_id", metavar="ID")
@click.option("--at", metavar="TIME", help="Leave it out to remove the expiry.")
@pass_console
def expire_link(console: Console, link_id: str, at: str | None) -> CommandResult:
    """Set the time from which a link is inactive. Earlier clicks still earn."""
    until = parse_utc(at) if at else None

    def change(session: Session) -> CommandResult:
        actor = command_line("link expire")
        link = expire_link_at(session, console.now, actor=actor, link_id=link_id, at=until)
        return _link_result(session, console, link, link_rate_overrides(session, console.now).get(link.id))

    return transact(console.databases.main, change)


def _set_state(console: Console, command: str, link_id: str, state: str) -> CommandResult:
    def change(session: Session) -> CommandResult:
        actor = command_line(command)
        link = set_link_state(session, console.now, actor=actor, link_id=link_id, state=state)
        return _link_result(session, console, link, link_rate_overrides(session, console.now).get(link.id))

    return transact(console.databases.main, change)


def _link_result(session: Session, console: Console, link: Link, rate_bp: int | None) -> CommandResult:
    enrollment = session.get_one(Enrollment, link.enrollment_id)
    value = link_json(link, enrollment, console.settings.link_url, rate_bp)
    return CommandResult(value, f"{link.id}  {value['url']} -> {link.destination} ({link.state})")
