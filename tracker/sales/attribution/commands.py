"""The command `replay`, which repeats every stored attribution."""

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
    load_decisions,
    next_decision_ids,
)

PAGE_SIZE = 500
MAX_LISTED = 1000
"""The number of differences that are listed; all are counted."""


@click.command("replay", cls=ConsoleCommand)
@click.option("--brand", "brand_id", metavar="ID", help="Only attributions of this brand.")
@click.option("--order", metavar="ORDER", help="Only attributions of this order, by any of its names.")
@pass_console
def replay_command(console: Console, brand_id: str | None, order: str | None) -> CommandResult:
    """Repeat every attribution from its stored inputs. Exit code 3 when a result differs."""
    scope = Scope(brand_id, order)
    with read_session(console.databases.main) as session:
        if brand_id is not None:
            get_brand(session, brand_id)
        total = count_decisions(session, scope)
    if order is not None and not total:
        raise NotFound(f"No sale of order {order!r} has an attribution.")
    replayed, different, listed = 0, 0, list[Difference]()
    with click.progressbar(
        length=total, label="Replaying", file=sys.stderr, hidden=not sys.stderr.isatty()
    ) as bar:
        for count, found in _pages(console.databases, scope):
            replayed, different = replayed + count, different + len(found)
            listed += found[: MAX_LISTED - len(listed)]
            bar.update(count)
    return _replay_result(replayed, different, listed)


def _pages(databases: Databases, scope: Scope) -> Iterator[tuple[int, list[Difference]]]:
    """Reads each page in its own transaction; a long one would make the database retain old rows."""
    after_id: str | None = ""
    while after_id is not None:
        with read_session(databases.main) as session:
            ids, after_id = next_decision_ids(session, scope, after_id, PAGE_SIZE)
            page = load_decisions(session, ids) if ids else []
        yield len(page), list(differences(page))


def _replay_result(replayed: int, different: int, listed: list[Difference]) -> CommandResult:
    lines = [
        f"{each.attribution_id}, revision {each.revision} of order {each.order_id}: {each.found}"
        for each in listed
    ]
    if different > len(listed):
        lines.append(f"and {different - len(listed)} more")
    lines.append(
        f"{replayed} decisions replayed from their stored inputs; {different or 'none'} gave another result."
    )
    value = {"decisions": replayed, "different": different, "differences": [asdict(each) for each in listed]}
    return CommandResult(value, "\n".join(lines), CHECK_FOUND_FAULT if different else 0)


COMMANDS = (replay_command,)
