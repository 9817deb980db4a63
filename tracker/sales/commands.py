"""The command groups `source`, whose commands come from several packages, and `sale`."""

import click

from config.database import read_session
from tracker.console import CommandResult, Console, ConsoleGroup, pass_console
from tracker.errors import Conflict
from tracker.money import Money
from tracker.sales.health.commands import show_health
from tracker.sales.imports.commands import import_sales
from tracker.sales.inbox.commands import MAX_LINES, dismiss_event, replay_events, show_events
from tracker.sales.orders.amounts import amounts_of
from tracker.sales.orders.queries import SeveralNamespaces, find_sale, list_sales
from tracker.sales.queries import sale_history
from tracker.sales.serializers import sale_history_json, sale_json
from tracker.sales.sources.commands import source
from tracker.times import format_utc

for _command in (show_health, show_events, replay_events, dismiss_event):
    source.add_command(_command)


@click.group("sale", cls=ConsoleGroup)
def sale() -> None:
    """Sales that shops have reported."""


sale.add_command(import_sales)


@sale.command("list")
@click.option("--brand", "brand_id", required=True, metavar="ID")
@click.option("--limit", type=click.IntRange(1, MAX_LINES), default=100, show_default=True)
@click.option("--after", metavar="SALE", help="Go on after the last sale of an earlier list.")
@pass_console
def show_sales(console: Console, brand_id: str, limit: int, after: str | None) -> CommandResult:
    """Show the sales of a brand, the latest first."""
    with read_session(console.databases.main) as session:
        found = list_sales(session, brand_id, limit, after)
        values = [sale_json(each) for each in found]
        lines = [
            f"{format_utc(each.occurred_at)}  {each.order_id}  {Money(amounts_of(each).total, each.currency)}"
            f"{'  (test)' if each.test else ''}"
            for each in found
        ]
    return CommandResult(values, "\n".join(lines) or "The brand has no sales yet.")


@sale.command("show")
@click.argument("order_id", metavar="ORDER")
@click.option("--brand", "brand_id", required=True, metavar="ID")
@click.option("--namespace", help="Needed where several sources of the brand use the same order ids.")
@pass_console
def show_sale(console: Console, order_id: str, brand_id: str, namespace: str | None) -> CommandResult:
    """Show one sale: refunds, disputes, and who is credited and why."""
    with read_session(console.databases.main) as session:
        try:
            found = find_sale(session, brand_id, order_id, namespace)
        except SeveralNamespaces as several:
            names = ", ".join(several.namespaces)
            raise Conflict(
                f"Order {order_id!r} exists in several namespaces ({names}); say --namespace."
            ) from None
        return CommandResult(sale_history_json(sale_history(session, found)))


COMMANDS = (source, sale)
