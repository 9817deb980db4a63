"""Commands that list, replay and dismiss events, the stored messages of shops."""

from collections import Counter

import click
from sqlalchemy import Engine

from config.database import read_session, transact
from tracker.audit.actors import command_line
from tracker.console import CommandResult, Console, ConsoleCommand, pass_console
from tracker.errors import Invalid
from tracker.sales.inbox.acts import dismiss_by_person, note_replay_of_all, replay_by_person
from tracker.sales.inbox.apply_or_park import ReceiveResult, replay, unapplied_ids
from tracker.sales.inbox.queries import list_events
from tracker.sales.inbox.serializers import event_json
from tracker.sales.sources import operations

MAX_LINES = 100_000


STATES = ("applied", "parked", "conflict", "dismissed")


@click.command("events", cls=ConsoleCommand)
@click.option("--source", "source_id", metavar="ID", help="Only events of this source.")
@click.option("--brand", "brand_id", metavar="ID", help="Only events of this brand.")
@click.option("--state", type=click.Choice(STATES), help="Only events in this state.")
@click.option("--limit", type=click.IntRange(1, MAX_LINES), default=100, show_default=True)
@click.option("--after", metavar="EVENT", help="Go on after the last event of an earlier list.")
@pass_console
def show_events(
    console: Console,
    source_id: str | None,
    brand_id: str | None,
    state: str | None,
    limit: int,
    after: str | None,
) -> CommandResult:
    """Show the messages that shops sent, newest first, and why any of them was not applied."""
    with read_session(console.databases.main) as session:
        found = list_events(
            session, source_id=source_id, brand_id=brand_id, state=state, limit=limit, after=after
        )
        values = [event_json(event) for event in found]
    lines = [
        f"{each['received_at']}  {each['id']}  {each['state']:8}  {each['type'] or 'unreadable'}  "
        f"{each['order_id'] or ''}\n    {each['reason'] or 'no remark'}"
        for each in values
    ]
    return CommandResult(values, "\n".join(lines) or "There are no such events.")


@click.command("replay", cls=ConsoleCommand)
@click.argument("event_id", metavar="EVENT", required=False)
@click.option(
    "--all", "replay_all", is_flag=True, help="Every event that is parked or in conflict, oldest first."
)
@click.option("--source", "source_id", metavar="ID", help="With --all: only events of this source.")
@pass_console
def replay_events(
    console: Console, event_id: str | None, replay_all: bool, source_id: str | None
) -> CommandResult:
    """Retry events that are parked or in conflict."""
    if (event_id is None) != replay_all:
        raise Invalid("Name one EVENT to replay, or use --all.")
    if event_id is not None:
        return _replay_result(_replay_one(console, event_id))
    main = console.job_databases.main
    with read_session(main) as session:
        if source_id is not None:
            operations.get_source(session, source_id)
        ids = unapplied_ids(session, source_id)
    actor = command_line("source replay")
    transact(main, lambda s: note_replay_of_all(s, console.now, source_id, len(ids), actor=actor))
    state_counts = Counter[str]()
    # Each in its own transaction, so that incoming messages need not wait for all of them.
    for done, each in enumerate(ids, start=1):
        state_counts[_replay(console, main, each).state] += 1
        if done % 100 == 0:
            console.say(f"{done} of {len(ids)}")
    counts = {"tried": len(ids), **{state: state_counts[state] for state in STATES}}
    return CommandResult(
        counts, f"{len(ids)} tried: {counts['applied']} applied, {counts['parked']} still parked."
    )


@click.command("dismiss", cls=ConsoleCommand)
@click.argument("event_id", metavar="EVENT")
@click.option("--reason", required=True, help="Stored with the event.")
@pass_console
def dismiss_event(console: Console, event_id: str, reason: str) -> CommandResult:
    """Dismiss an event that was not applied, so that it no longer holds the commission of its order."""
    actor = command_line("source dismiss")
    transact(
        console.databases.main,
        lambda session: dismiss_by_person(session, console.now, event_id, reason=reason, actor=actor),
    )
    return CommandResult({"event": event_id, "state": "dismissed"}, f"{event_id} is dismissed.")


def _replay_one(console: Console, event_id: str) -> ReceiveResult:
    keys, actor = console.settings.secret_keys, command_line("source replay")
    return transact(
        console.databases.main,
        lambda session: replay_by_person(session, console.now, event_id, keys=keys, actor=actor),
    )


def _replay(console: Console, main: Engine, event_id: str) -> ReceiveResult:
    return transact(
        main,
        lambda session: replay(session, console.now, event_id, keys=console.settings.secret_keys),
    )


def _replay_result(received: ReceiveResult) -> CommandResult:
    value = {
        "event": received.event_id,
        "state": received.state,
        "reason": received.reason,
        "reason_code": received.reason_code,
        "reason_parameters": received.reason_parameters,
    }
    return CommandResult(value, f"{received.event_id} is {received.state}. {received.reason or ''}".rstrip())
