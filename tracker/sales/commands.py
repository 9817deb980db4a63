"""The commands about sources, their events, and sales."""

import sys
from collections import Counter

import click
from sqlalchemy.orm import Session

from config.database import reading, transact
from tracker.console import Answer, Console, ConsoleGroup, pass_console
from tracker.errors import Invalid
from tracker.money import Money
from tracker.sales.health.commands import show_health
from tracker.sales.imports.commands import import_sales
from tracker.sales.inbox.operations import Received, dismiss, replay, unsettled_ids
from tracker.sales.inbox.queries import list_events
from tracker.sales.integrations.kinds import KINDS, kind_of
from tracker.sales.orders.queries import find_sale, list_sales
from tracker.sales.queries import sale_history
from tracker.sales.serializers import event_answer, history_answer, hook_url, sale_answer, source_answer
from tracker.sales.sources import operations
from tracker.sales.sources.instructions import how_to_connect, how_to_report
from tracker.sales.sources.test_message import Sender, send_message
from tracker.times import utc_text

MOST_LINES = 100_000
WITHOUT_HOOK = {"api": "by key", "csv": "by file"}
STATES = ("applied", "parked", "conflict", "dismissed")

_SECRET_FROM_STDIN = click.option(
    "--secret-from-stdin", "from_stdin", is_flag=True, help="Read the secret that the shop made."
)


@click.group("source", cls=ConsoleGroup)
def source() -> None:
    """Sources: connected shops, and what they have sent."""


source.add_command(show_health)


@source.command("create")
@click.option("--brand", "brand_id", required=True, metavar="ID")
@click.option("--kind", required=True, metavar="KIND", help=f"One of {', '.join(KINDS)}.")
@click.option(
    "--namespace",
    help="Sources with the same one share their order ids.  [default: its own; the "
    "kinds standard, api and csv share the one that they find]",
)
@click.option(
    "--supports",
    metavar="SOURCE",
    help="It tells of the orders of that source, whose amounts and refunds count; this one adds names, "
    "touches and disputes. For a shop and its payment provider.",
)
@_SECRET_FROM_STDIN
@pass_console
def create_source(
    console: Console,
    brand_id: str,
    kind: str,
    namespace: str | None,
    supports: str | None,
    from_stdin: bool,
) -> Answer:
    """Connect a shop. A secret that is made for it is shown this once."""
    given = _secret_from_stdin() if from_stdin else None

    def create(session: Session) -> Answer:
        made, secret = operations.create_source(
            session,
            console.now,
            brand_id=brand_id,
            kind=kind,
            namespace=namespace,
            supports=supports,
            secret=given,
            keys=console.settings.secret_keys,
        )
        shown = secret if given is None and kind_of(kind).makes_secret else None
        value = {**source_answer(made, console.settings.web_url), "secret": shown}
        if not kind_of(kind).has_hook:
            return Answer(value, how_to_report(kind, value["id"], console.settings.web_url))
        return Answer(value, how_to_connect(kind, value["id"], value["hook_url"], shown, given is not None))

    return transact(console.databases.main, create)


@source.command("list")
@click.option("--brand", "brand_id", required=True, metavar="ID")
@pass_console
def list_sources(console: Console, brand_id: str) -> Answer:
    """Show the sources of a brand, deleted ones too."""
    with reading(console.databases.main) as session:
        found = operations.list_sources(session, brand_id)
        answers = [source_answer(each, console.settings.web_url) for each in found]
    lines = [
        f"{each['id']}  {each['kind']}  "
        f"{'deleted' if each['deleted_at'] else each['hook_url'] or WITHOUT_HOOK[each['kind']]}"
        f"{'  supports ' + each['supports'] if each['supports'] else ''}"
        for each in answers
    ]
    return Answer(answers, "\n".join(lines) or "The brand has no sources yet.")


@source.command("rotate")
@click.argument("source_id", metavar="ID")
@_SECRET_FROM_STDIN
@pass_console
def rotate_secret(console: Console, source_id: str, from_stdin: bool) -> Answer:
    """Make a new secret, or take the shop's. The one before stays valid until the next rotation."""
    given = _secret_from_stdin() if from_stdin else None
    keys = console.settings.secret_keys

    def rotate(session: Session) -> tuple[str, str]:
        secret = operations.rotate_secret(session, source_id, keys, given)
        return operations.get_source(session, source_id).kind, secret

    kind, secret = transact(console.databases.main, rotate)
    url, shown = hook_url(source_id, console.settings.web_url), None if given else secret
    value = {"id": source_id, "hook_url": url, "secret": shown}
    return Answer(value, how_to_connect(kind, source_id, url, shown, given is not None))


@source.command("delete")
@click.argument("source_id", metavar="ID")
@pass_console
def delete_source(console: Console, source_id: str) -> Answer:
    """Refuse a shop's messages from now on. What it has sent stays."""

    def delete(session: Session) -> Answer:
        operations.delete_source(session, console.now, source_id)
        deleted = operations.get_source(session, source_id)
        said = [f"{source_id} is deleted."]
        said += [
            f"{each.id} supported it, and adds to orders of the namespace {each.namespace} only: make what "
            "reports them from now on with that --namespace, or delete that source, too."
            for each in operations.supporters_of(session, source_id)
        ]
        return Answer(source_answer(deleted, console.settings.web_url), "\n".join(said))

    return transact(console.databases.main, delete)


@source.command("events")
@click.option("--source", "source_id", metavar="ID", help="Of this source only.")
@click.option("--brand", "brand_id", metavar="ID", help="Of this brand only.")
@click.option("--state", type=click.Choice(STATES), help="In this state only.")
@click.option("--limit", type=click.IntRange(1, MOST_LINES), default=100, show_default=True)
@pass_console
def show_events(
    console: Console, source_id: str | None, brand_id: str | None, state: str | None, limit: int
) -> Answer:
    """Show what shops have sent, the newest first, and why something was not applied."""
    with reading(console.databases.main) as session:
        found = list_events(session, source_id=source_id, brand_id=brand_id, state=state, limit=limit)
        answers = [event_answer(event) for event in found]
    lines = [
        f"{each['received_at']}  {each['id']}  {each['state']:8}  {each['type'] or 'unreadable'}  "
        f"{each['order_id'] or ''}\n    {each['reason'] or 'no remark'}"
        for each in answers
    ]
    return Answer(answers, "\n".join(lines) or "There are no such events.")


@source.command("replay")
@click.argument("event_id", metavar="EVENT", required=False)
@click.option(
    "--all", "replay_all", is_flag=True, help="Every event that is parked or in conflict, oldest first."
)
@click.option("--source", "source_id", metavar="ID", help="With --all: of this source only.")
@pass_console
def replay_events(console: Console, event_id: str | None, replay_all: bool, source_id: str | None) -> Answer:
    """Try events again that are parked, after what they lacked is there, or in conflict."""
    if (event_id is None) != replay_all:
        raise Invalid("Name one EVENT to replay, or say --all.")
    if event_id is not None:
        return _replayed(_replay(console, event_id))
    with reading(console.databases.main) as session:
        if source_id is not None:
            operations.get_source(session, source_id)
        ids = unsettled_ids(session, source_id)
    became = Counter[str]()
    # Each in a transaction of its own, so that messages that arrive meanwhile need not wait.
    for done, each in enumerate(ids, start=1):
        became[_replay(console, each).state] += 1
        if done % 100 == 0:
            console.say(f"{done} of {len(ids)}")
    counts = {"tried": len(ids), **{state: became[state] for state in STATES}}
    return Answer(counts, f"{len(ids)} tried: {counts['applied']} applied, {counts['parked']} still parked.")


@source.command("dismiss")
@click.argument("event_id", metavar="EVENT")
@click.option("--reason", required=True, help="Kept with the event.")
@pass_console
def dismiss_event(console: Console, event_id: str, reason: str) -> Answer:
    """Put an event aside for good that was not applied, so that it holds up nothing that its order earned."""
    transact(console.databases.main, lambda session: dismiss(session, event_id, reason=reason))
    return Answer({"event": event_id, "state": "dismissed"}, f"{event_id} is dismissed.")


def _header_text(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    """It travels in a header, which has no line breaks and no letters beyond ASCII."""
    if value is not None and not (value.isascii() and value.isprintable()):
        raise click.BadParameter("use ASCII letters, digits and signs only.")
    return value


@source.command("send")
@click.option("--source", "source_id", required=True, metavar="ID")
@click.option("--id", "message_id", callback=_header_text, help="The message's own id.  [default: a new one]")
@click.option(
    "--topic", default="", callback=_header_text, help="For Shopify and WooCommerce, such as orders/paid."
)
@click.argument("file", type=click.File("rb"))
@pass_console
def send(console: Console, source_id: str, message_id: str | None, topic: str, file: click.File) -> Answer:
    """Send a JSON FILE as the shop would: signed, over HTTP. For trying things out; - is stdin."""
    body: bytes = file.read()  # type: ignore[attr-defined]
    with reading(console.databases.main) as session:
        found = operations.get_source(session, source_id)
        if not kind_of(found.kind).has_hook:
            raise Invalid(f"Sources of the kind {found.kind} take no signed messages.")
        secret = operations.source_secrets(found, console.settings.secret_keys)[0]
    sender = Sender(found.kind, hook_url(source_id, console.settings.web_url), secret, topic)
    status, answer = send_message(sender, body, console.now, message_id)
    value = {"status": status, "answer": answer}
    return Answer(value, f"{status} {answer}", exit_code=0 if status < 300 else 1)


@click.group("sale", cls=ConsoleGroup)
def sale() -> None:
    """Sales that shops have reported."""


sale.add_command(import_sales)


@sale.command("list")
@click.option("--brand", "brand_id", required=True, metavar="ID")
@click.option("--limit", type=click.IntRange(1, MOST_LINES), default=100, show_default=True)
@pass_console
def show_sales(console: Console, brand_id: str, limit: int) -> Answer:
    """Show the sales of a brand, the latest first."""
    with reading(console.databases.main) as session:
        found = list_sales(session, brand_id, limit)
        answers = [sale_answer(each) for each in found]
        lines = [
            f"{utc_text(each.occurred_at)}  {each.order_id}  {Money(each.total, each.currency)}"
            f"{'  (test)' if each.test else ''}"
            for each in found
        ]
    return Answer(answers, "\n".join(lines) or "The brand has no sales yet.")


@sale.command("show")
@click.argument("order_id", metavar="ORDER")
@click.option("--brand", "brand_id", required=True, metavar="ID")
@click.option("--namespace", help="Where several sources of the brand use the same order ids.")
@pass_console
def show_sale(console: Console, order_id: str, brand_id: str, namespace: str | None) -> Answer:
    """Show one sale: refunds, disputes, and who is credited and why."""
    with reading(console.databases.main) as session:
        found = find_sale(session, brand_id, order_id, namespace)
        return Answer(history_answer(sale_history(session, found)))


def _replay(console: Console, event_id: str) -> Received:
    return transact(
        console.databases.main,
        lambda session: replay(session, console.now, event_id, keys=console.settings.secret_keys),
    )


def _replayed(received: Received) -> Answer:
    value = {"event": received.event_id, "state": received.state, "reason": received.reason}
    return Answer(value, f"{received.event_id} is {received.state}. {received.reason or ''}".rstrip())


def _secret_from_stdin() -> str:
    """From standard input, not from an argument: other users of the machine can read those."""
    return sys.stdin.readline().strip()


COMMANDS = (source, sale)
