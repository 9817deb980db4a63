"""Commands for payouts: preview, run, retry, cancel, reconcile, adopt, list and show."""

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Any

import click
from sqlalchemy import select

from config.database import read_session, transact
from payouts.selfcheck.runs import require_consistent_books
from payouts.settlement.models import Payout
from payouts.settlement.states import FINAL
from payouts.transfers.acts import adopt_by_person, begin_run, cancel_by_person, note_comparison, note_retry
from payouts.transfers.planning.preparation import plans_of
from payouts.transfers.rail import open_rail
from payouts.transfers.reconciliation.reconciliation import reconcile, reversals_of
from payouts.transfers.returned.commands import returned_commands
from payouts.transfers.sending.report import Report
from payouts.transfers.sending.run import PayoutRun, running_clock
from payouts.transfers.serializers import payout_json, payout_text, payouts_json, plan_json, plan_text
from payouts.transfers.stripe.client import StripeRail
from tracker.audit.actors import command_line
from tracker.console import CHECK_FOUND_FAULT, FAILED, CommandResult, Console, ConsoleGroup, pass_console
from tracker.errors import Conflict, NotFound, NotNow
from tracker.people.accounts.operations import get_brand

PAGE_SIZE = 200

_brand = click.option("--brand", "brand_id", required=True, metavar="ID")


@click.group("payout", cls=ConsoleGroup)
def payout_commands() -> None:
    """Payouts of the amounts that sealed statements authorise."""


payout_commands.add_command(returned_commands)


@payout_commands.command("preview")
@_brand
@pass_console
def preview(console: Console, brand_id: str) -> CommandResult:
    """Show what a run would pay now, and why some creators would get nothing."""
    with read_session(console.databases.main) as session:
        plans = plans_of(session, console.now, get_brand(session, brand_id).id, early=True)
    value = [plan_json(each) for each in plans]
    return CommandResult(value, "\n".join(map(plan_text, value)) or "There is nothing to pay.")


@payout_commands.command("run")
@_brand
@pass_console
def run(console: Console, brand_id: str) -> CommandResult:
    """Pay what the brand's sealed statements authorise, and seal what is approved before that.

    Running it again never pays twice.
    """
    with read_session(console.databases.main) as session:
        get_brand(session, brand_id)
    clock = running_clock(console.now)
    require_consistent_books(console.databases.main, console.settings, console.now)
    actor = command_line("payout run")
    transact(console.databases.main, lambda s: begin_run(s, console.now, brand_id, actor=actor))
    with open_rail(console.settings) as rail:
        report = _run(console, rail, clock).pay(brand_id, early=True)
    return _run_result(console, report)


@payout_commands.command("retry")
@click.argument("payout_id", metavar="PAYOUT")
@click.option(
    "--nothing-was-sent",
    is_flag=True,
    help="You have checked that the payment provider has no transfer for this payout. The same request is "
    "sent again while that is safe; after a day the payout fails and is paid under a new key.",
)
@pass_console
def retry(console: Console, payout_id: str, nothing_was_sent: bool) -> CommandResult:
    """Retry a failed payout with the entries that are open now; look up an unknown one."""
    with read_session(console.databases.main) as session:
        payout = _get(session, payout_id)
        if payout.state in FINAL:
            raise Conflict(f"{payout_id} is {payout.state}: there is nothing to retry.")
    asked: dict[str, Any] = {"nothing_was_sent": nothing_was_sent, "actor": command_line("payout retry")}
    transact(console.databases.main, partial(note_retry, now=console.now, payout=payout, **asked))
    clock = running_clock(console.now)
    with open_rail(console.settings) as rail:
        payout_run = _run(console, rail, clock)
        if nothing_was_sent:
            if not payout_run.give_up(payout_id):
                return _run_result(console, payout_run.report)
        elif payout.state in ("sending", "unknown"):
            return _run_result(console, payout_run.resolve_open_attempts())
        return _run_result(console, _retry_failed(console, _run(console, rail, clock), payout))


def _retry_failed(console: Console, payout_run: PayoutRun, payout: Payout) -> Report:
    require_consistent_books(console.databases.main, console.settings, console.now)
    if not payout_run.retry(payout):
        raise NotNow(f"{payout.id} cannot be retried now; to see why, run: linkledger payout preview")
    return payout_run.report


@payout_commands.command("reconcile")
@pass_console
def reconcile_command(console: Console) -> CommandResult:
    """Compare the payment provider's movements with the payouts, and book reversed transfers."""
    actor = command_line("payout reconcile")
    transact(console.databases.main, lambda s: note_comparison(s, console.now, actor=actor))
    with open_rail(console.settings) as rail:
        found = reconcile(console.databases, rail, console.now, actor=actor)
    lines = [f"{found.compared} movements compared", *(f"{each} was returned" for each in found.returned)]
    lines += [f"{each} belongs to a payout that is still in progress" for each in found.under_way]
    lines += [f"{each} went to an account that is not a payee of this installation" for each in found.others]
    lines += [
        f"{each} is not in the books. If it is a payout, run: linkledger payout adopt {each} --brand ID"
        for each in found.unknown_transfers
    ]
    return CommandResult(
        found.as_json(),
        "\n".join([*lines, *found.differences]),
        0 if found.clean else CHECK_FOUND_FAULT,
    )


@payout_commands.command("adopt")
@click.argument("transfer_ref", metavar="TRANSFER")
@_brand
@pass_console
def adopt_command(console: Console, transfer_ref: str, brand_id: str) -> CommandResult:
    """Book a transfer that only the payment provider knows as paid to its creator."""
    with open_rail(console.settings) as rail:
        found = rail.transfer(transfer_ref)
        reversals = reversals_of(rail, found)
    act: dict[str, Any] = {"actor": command_line("payout adopt"), "transfer": found, "reversals": reversals}
    booking = partial(adopt_by_person, now=console.now, brand_id=brand_id, **act)
    adopted = transact(console.databases.main, booking)
    text = (
        f"{adopted.amount} was already in the books."
        if adopted.known
        else f"{adopted.amount} was booked as paid."
    )
    value = {"transfer": transfer_ref, "amount": adopted.amount.as_json(), "known": adopted.known}
    return CommandResult(value, text)


@payout_commands.command("cancel")
@click.argument("payout_id", metavar="PAYOUT")
@click.option("--reason", required=True)
@pass_console
def cancel(console: Console, payout_id: str, reason: str) -> CommandResult:
    """Do not send a prepared or failed payout; its amount is payable again."""
    actor = command_line("payout cancel")
    transact(
        console.databases.main,
        lambda s: cancel_by_person(s, console.now, payout_id, words=reason, actor=actor),
    )
    return _payouts_result(console, [payout_id])


@payout_commands.command("list")
@_brand
@click.option("--limit", type=click.IntRange(1), help="At most so many.  [default: all]")
@click.option("--after", metavar="PAYOUT", help="Go on after the last payout of an earlier list.")
@pass_console
def list_payouts(console: Console, brand_id: str, limit: int | None, after: str | None) -> CommandResult:
    """Show a brand's payouts with their attempts, newest first."""
    with read_session(console.databases.main) as session:
        brand = get_brand(session, brand_id)
        if after is not None:
            _get(session, after)
    value = list(islice(_newest_payouts(console, brand.id, after), limit))
    return CommandResult(value, "\n".join(payout_text(each) for each in value) or "There are no payouts yet.")


def _newest_payouts(console: Console, brand_id: str, after: str | None) -> Iterator[dict[str, Any]]:
    """Reads each page in its own transaction."""
    while True:
        query = select(Payout).where(Payout.brand_id == brand_id).order_by(Payout.id.desc()).limit(PAGE_SIZE)
        with read_session(console.databases.main) as session:
            page = session.scalars(query if after is None else query.where(Payout.id < after)).all()
            values = payouts_json(session, page)
        yield from values
        if len(page) < PAGE_SIZE:
            return
        after = page[-1].id


@payout_commands.command("show")
@click.argument("payout_id", metavar="PAYOUT")
@pass_console
def show(console: Console, payout_id: str) -> CommandResult:
    """Show one payout with its items and attempts."""
    with read_session(console.databases.main) as session:
        value = payout_json(session, _get(session, payout_id))
    return CommandResult(value, payout_text(value))


def _run(console: Console, rail: StripeRail, clock: Callable[[], datetime]) -> PayoutRun:
    shared = console.settings.rail_shared
    return PayoutRun(console.databases, rail, console.now, rail_shared=shared, clock=clock)


def _run_result(console: Console, report: Report) -> CommandResult:
    """The report of a run; the exit code is FAILED when a payout failed or is unknown."""
    with read_session(console.databases.main) as session:
        done = [*report.paid, *report.failed, *report.unknown, *report.settled]
        payouts = {each: payout_json(session, _get(session, each)) for each in dict.fromkeys(done)}
    names = ("paid", "failed", "unknown", "settled")
    value = {name: [payouts[each] for each in getattr(report, name)] for name in names}
    lines = [payout_text(payout) for payout in payouts.values()]
    lines += [f"{payout_id} waits: {why}" for payout_id, why in report.waiting.items()]
    lines += [f"{creator_id}: {why}" for creator_id, why in report.skipped.items()]
    return CommandResult(
        {**value, "waiting": report.waiting, "skipped": report.skipped, "reasons": report.reasons},
        "\n".join(lines) or "There was nothing to pay.",
        FAILED if report.failed or report.unknown else 0,
    )


def _payouts_result(console: Console, ids: list[str]) -> CommandResult:
    with read_session(console.databases.main) as session:
        value = [payout_json(session, _get(session, each)) for each in ids]
    return CommandResult(value, "\n".join(payout_text(each) for each in value) or "There are no payouts yet.")


def _get(session: Any, payout_id: str) -> Payout:
    payout = session.get(Payout, payout_id)
    if payout is None:
        raise NotFound(f"There is no payout {payout_id}.")
    return payout  # type: ignore[no-any-return]


COMMANDS = (payout_commands,)
