"""The command that makes every stored decision again."""

import sys
from collections.abc import Iterator
from dataclasses import asdict

import click

from config.database import Databases, read_session
from tracker.console import CHECK_FOUND_FAULT, CommandResult, Console, ConsoleCommand, pass_console
from tracker.errors import NotFound
from tracker.people.accounts.operations import get_brand
from tracker.sales.attribution.replay import (
    Difference,
    Scope,
    count_decisions,
    differences,
    page_of_decisions,
)

PAGE = 500
MAX_LISTED = 1000
"""So many differences are told one by one; all are counted."""


@click.command("replay", cls=ConsoleCommand)
@click.option("--brand", "brand_id", metavar="ID", help="Of this brand only.")
@click.option("--order", metavar="ORDER", help="Of this order only, by any of its names.")
@pass_console
def replay_command(console: Console, brand_id: str | None, order: str | None) -> CommandResult:
    """Make every decision about credit again from its stored inputs. Exit code 3 when they differ."""
    scope = Scope(brand_id, order)
    with read_session(console.databases.main) as session:
        if brand_id is not None:
            get_brand(session, brand_id)
        total = count_decisions(session, scope)
    if order is not None and not total:
        raise NotFound(f"No sale of order {order!r} has been decided about.")
    replayed, different, listed = 0, 0, list[Difference]()
    with click.progressbar(
        length=total, label="Deciding again", file=sys.stderr, hidden=not sys.stderr.isatty()
    ) as bar:
        for count, found in _pages(console.databases, scope):
            replayed, different = replayed + count, different + len(found)
            listed += found[: MAX_LISTED - len(listed)]
            bar.update(count)
    return _replay_answer(replayed, different, listed)


def _pages(databases: Databases, scope: Scope) -> Iterator[tuple[int, list[Difference]]]:
    """Each page in a transaction of its own: nobody has to keep old rows while this goes on."""
    after_id = ""
    while True:
        with read_session(databases.main) as session:
            page = page_of_decisions(session, scope, after_id, PAGE)
        if not page:
            return
        after_id = page[-1].id
        yield len(page), list(differences(page))


def _replay_answer(replayed: int, different: int, listed: list[Difference]) -> CommandResult:
    lines = [
        f"{each.attribution_id}, revision {each.revision} of order {each.order_id}: {each.found}"
        for each in listed
    ]
    if different > len(listed):
        lines.append(f"and {different - len(listed)} more")
    lines.append(
        f"{replayed} decisions made again from their inputs; {different or 'none'} came out otherwise."
    )
    value = {"decisions": replayed, "different": different, "differences": [asdict(each) for each in listed]}
    return CommandResult(value, "\n".join(lines), CHECK_FOUND_FAULT if different else 0)


COMMANDS = (replay_command,)
