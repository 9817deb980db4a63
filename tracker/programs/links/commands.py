"""The commands about links."""

import click
from sqlalchemy.orm import Session

from config.database import reading, transact
from tracker.console import Answer, Console, ConsoleGroup, pass_console
from tracker.money import parse_rate_bp
from tracker.programs.links import operations
from tracker.programs.models import Enrollment, Link
from tracker.programs.rules import PASSABLE, SUB_IDS
from tracker.programs.serializers import link_answer
from tracker.programs.terms import own_link_rates
from tracker.times import utc_time

_PASSED = f"Goes on from the short link's query to the shop: {', '.join(PASSABLE)}"


@click.group("link", cls=ConsoleGroup)
def link_commands() -> None:
    """Links: short addresses that creators share."""


@link_commands.command("create")
@click.option("--program", "program_id", required=True, metavar="ID")
@click.option("--creator", "creator_id", required=True, metavar="ID")
@click.option("--to", "destination", required=True, metavar="URL", help="A page on a host of the brand.")
@click.option("--code", help="3 to 64 of A-Z a-z 0-9 _ and -.  [default: seven letters and digits]")
@click.option("--s1", help="A label that goes with every click; also --s2 to --s5.")
@click.option("--s2", hidden=True)
@click.option("--s3", hidden=True)
@click.option("--s4", hidden=True)
@click.option("--s5", hidden=True)
@click.option("--rate", metavar="PERCENT", help="A rate for this link alone.")
@click.option("--pass", "passes", multiple=True, metavar="NAME", help=f"{_PASSED}; repeatable.")
@click.option("--deep-links", is_flag=True, help="Let ?to=/path lead to other pages of the same host.")
@click.option("--expires", metavar="TIME", help="From when on it leads nowhere.")
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
) -> Answer:
    """Make a link of a creator who takes part in a program."""
    rate_bp = None if rate is None else parse_rate_bp(rate)
    options = operations.LinkOptions(passes, deep_links, utc_time(expires) if expires else None)

    def create(session: Session) -> Answer:
        link = operations.create_link(
            session,
            console.now,
            program_id=program_id,
            creator_id=creator_id,
            destination=destination,
            code=code,
            sub_ids={name: labels[name] or "" for name in SUB_IDS},
            rate_bp=rate_bp,
            options=options,
        )
        return _link(session, console, link, rate_bp)

    return transact(console.databases.main, create)


@link_commands.command("list")
@click.option("--program", "program_id", metavar="ID", help="Of this program only.")
@click.option("--creator", "creator_id", metavar="ID", help="Of this creator only.")
@pass_console
def list_links(console: Console, program_id: str | None, creator_id: str | None) -> Answer:
    """Show links."""
    with reading(console.databases.main) as session:
        links = operations.list_links(session, program_id=program_id, creator_id=creator_id)
        rates = own_link_rates(session, console.now)
        link_url = console.settings.link_url
        answers = [link_answer(link, owner, link_url, rates.get(link.id)) for link, owner in links]
    lines = [f"{each['id']}  {each['url']} -> {each['destination']} ({each['state']})" for each in answers]
    return Answer(answers, "\n".join(lines) or "There are no links yet.")


@link_commands.command("pause")
@click.argument("link_id", metavar="ID")
@pass_console
def pause_link(console: Console, link_id: str) -> Answer:
    """Let a link lead nowhere until it is resumed. Earlier clicks still earn."""
    return _set_state(console, link_id, "paused")


@link_commands.command("resume")
@click.argument("link_id", metavar="ID")
@pass_console
def resume_link(console: Console, link_id: str) -> Answer:
    """Let a paused link lead to its page again."""
    return _set_state(console, link_id, "active")


@link_commands.command("end")
@click.argument("link_id", metavar="ID")
@pass_console
def end_link(console: Console, link_id: str) -> Answer:
    """End a link for good. Earlier clicks still earn; its code is never given to another link."""
    return _set_state(console, link_id, "ended")


@link_commands.command("expire")
@click.argument("link_id", metavar="ID")
@click.option("--at", metavar="TIME", help="Leave it out to let the link go on for good.")
@pass_console
def expire_link(console: Console, link_id: str, at: str | None) -> Answer:
    """Let a link lead nowhere from a later time on. Earlier clicks still earn."""
    until = utc_time(at) if at else None

    def change(session: Session) -> Answer:
        link = operations.expire_link(session, console.now, link_id=link_id, at=until)
        return _link(session, console, link, own_link_rates(session, console.now).get(link.id))

    return transact(console.databases.main, change)


def _set_state(console: Console, link_id: str, state: str) -> Answer:
    def change(session: Session) -> Answer:
        link = operations.set_link_state(session, link_id=link_id, state=state)
        return _link(session, console, link, own_link_rates(session, console.now).get(link.id))

    return transact(console.databases.main, change)


def _link(session: Session, console: Console, link: Link, rate_bp: int | None) -> Answer:
    enrollment = session.get_one(Enrollment, link.enrollment_id)
    answer = link_answer(link, enrollment, console.settings.link_url, rate_bp)
    return Answer(answer, f"{link.id}  {answer['url']} -> {link.destination} ({link.state})")
