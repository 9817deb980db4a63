"""Commands about clicks: follow a link as a shopper would, and count the recorded clicks."""

import urllib.error
import urllib.request
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import click
from sqlalchemy import func, select

from config.database import read_session
from tracker.clicks.counting.hourly_totals import link_totals
from tracker.clicks.counting.visits import TOTAL_COLUMNS
from tracker.clicks.models import Click, ClickTotal
from tracker.console import FAILED, CommandResult, Console, ConsoleGroup, pass_console
from tracker.errors import LinkledgerError
from tracker.ids import uuid_of
from tracker.programs.links.operations import link_target
from tracker.times import format_utc

TIMEOUT_S = 10
BROWSER = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Safari/604.1"


class ServerUnreachable(LinkledgerError):
    """No server responds at the address of the short links."""


@click.group("click", cls=ConsoleGroup)
def click_commands() -> None:
    """Clicks: follow a link, count recorded clicks."""


@click_commands.command("follow")
@click.argument("code")
@pass_console
def follow(console: Console, code: str) -> CommandResult:
    """Follow a link over HTTP as a phone would, and show the destination and the click token."""
    with read_session(console.databases.main) as session:
        target = link_target(session, code)
    status, location = _get(f"{console.settings.link_url}/{quote(code, safe='')}")
    parameter = target.token_parameter if target else ""
    token = parse_qs(urlsplit(location or "").query).get(parameter, [None])[0]
    value = {"status": status, "location": location, "token": token}
    return CommandResult(value, f"{status} {location or ''}", 0 if status == 302 else FAILED)


@click_commands.command("count")
@click.option("--link", "link_id", required=True, metavar="ID")
@pass_console
def count(console: Console, link_id: str) -> CommandResult:
    """Count the stored clicks of a link by verdict; `click totals` also includes deleted clicks."""
    with read_session(console.databases.clicks) as session:
        rows = session.execute(
            select(Click.verdict, func.count())
            .where(Click.link_id == uuid_of(link_id, "lnk"))
            .group_by(Click.verdict)
            .order_by(Click.verdict)
        ).all()
    value: dict[str, Any] = {verdict: int(number) for verdict, number in rows}
    return CommandResult(
        value, ", ".join(f"{number} {verdict}" for verdict, number in value.items()) or "None."
    )


@click_commands.command("totals")
@click.option("--link", "link_id", required=True, metavar="ID")
@pass_console
def totals(console: Console, link_id: str) -> CommandResult:
    """Show the hourly totals of a link; the scheduler or `linkledger work` computes them."""
    with read_session(console.databases.clicks) as session:
        hours = link_totals(session, uuid_of(link_id, "lnk"))
    rows = [{"hour": format_utc(each.hour), **_counts(each)} for each in hours]
    link_total = {name: sum(int(row[name]) for row in rows) for name in TOTAL_COLUMNS}
    lines = [f"{row['hour']}  {_summary(row)}" for row in rows]
    value = {"link": link_id, "total": link_total, "hours": rows}
    return CommandResult(
        value, "\n".join([*lines, f"total  {_summary(link_total)}"]) if rows else "None yet."
    )


def _counts(total: ClickTotal) -> dict[str, Any]:
    return {name: getattr(total, name) for name in TOTAL_COLUMNS}


def _summary(counts: dict[str, Any]) -> str:
    return ", ".join(f"{counts[name]} {name}" for name in TOTAL_COLUMNS if counts[name])


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Returns the redirect response instead of following it."""

    def redirect_request(self, *_arguments: Any, **_options: Any) -> None:
        return None


def _get(url: str) -> tuple[int, str | None]:
    request = urllib.request.Request(url, headers={"User-Agent": BROWSER})  # noqa: S310 - own host
    try:
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=TIMEOUT_S) as response:
            return int(response.status), response.headers.get("Location")
    except urllib.error.HTTPError as response:
        return int(response.code), response.headers.get("Location")
    except OSError as error:
        raise ServerUnreachable(
            f"No server responds at {url} ({error}). Start it with: linkledger serve"
        ) from None


COMMANDS = (click_commands,)
