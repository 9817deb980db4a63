"""The commands about sources: connect a shop, rotate its secret, send a test message."""

import sys

import click
from sqlalchemy.orm import Session

from config.database import read_session, transact
from tracker.audit.actors import command_line
from tracker.console import CommandResult, Console, ConsoleGroup, pass_console
from tracker.errors import Invalid
from tracker.sales.integrations.kind import OrderIds
from tracker.sales.integrations.kinds import KINDS, kind_of, kinds_where, names_where
from tracker.sales.sources import operations
from tracker.sales.sources.instructions import connect_instructions, report_instructions
from tracker.sales.sources.send_message import Sender, send_message
from tracker.sales.sources.serializers import hook_url, source_json

_SHARING_KINDS = names_where(lambda kind: kind.order_ids is not OrderIds.OWN)
_TOPIC_KINDS = kinds_where(lambda kind: bool(kind.topic_example))

_SECRET_FROM_STDIN = click.option(
    "--secret-from-stdin", "from_stdin", is_flag=True, help="Read the secret that the shop generated."
)


@click.group("source", cls=ConsoleGroup)
def source() -> None:
    """Connected shops and other sources, and the messages that they sent."""


@source.command("create")
@click.option("--brand", "brand_id", required=True, metavar="ID")
@click.option("--kind", required=True, metavar="KIND", help=f"One of {', '.join(KINDS)}.")
@click.option(
    "--namespace",
    help="Sources with the same namespace share their order ids.  [default: a new one; sources of "
    f"the kinds {', '.join(_SHARING_KINDS)} share the existing one]",
)
@click.option(
    "--supports",
    metavar="SOURCE",
    help="The primary source of the same orders. Its amounts and refunds are booked; this source adds "
    "references, touches and disputes. For a shop and its payment provider.",
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
) -> CommandResult:
    """Connect a shop. A generated secret is shown only once."""
    given = _secret_from_stdin() if from_stdin else None

    def create(session: Session) -> CommandResult:
        made, secret = operations.create_source(
            session,
            console.now,
            actor=command_line("source create"),
            brand_id=brand_id,
            kind=kind,
            namespace=namespace,
            supports=supports,
            secret=given,
            keys=console.settings.secret_keys,
        )
        shown = secret if given is None and kind_of(kind).makes_secret else None
        value = {**source_json(made, console.settings.web_url), "secret": shown}
        if not kind_of(kind).has_hook:
            return CommandResult(value, report_instructions(kind, value["id"], console.settings.web_url))
        return CommandResult(
            value, connect_instructions(kind, value["id"], value["hook_url"], shown, given is not None)
        )

    return transact(console.databases.main, create)


@source.command("list")
@click.option("--brand", "brand_id", required=True, metavar="ID")
@pass_console
def list_sources(console: Console, brand_id: str) -> CommandResult:
    """List the sources of a brand, including deleted ones."""
    with read_session(console.databases.main) as session:
        found = operations.list_sources(session, brand_id)
        values = [source_json(each, console.settings.web_url) for each in found]
    lines = [
        f"{each['id']}  {each['kind']}  "
        f"{'deleted' if each['deleted_at'] else each['hook_url'] or kind_of(each['kind']).reached}"
        f"{'  supports ' + each['supports'] if each['supports'] else ''}"
        for each in values
    ]
    return CommandResult(values, "\n".join(lines) or "The brand has no sources yet.")


@source.command("rotate")
@click.argument("source_id", metavar="ID")
@_SECRET_FROM_STDIN
@pass_console
def rotate_secret(console: Console, source_id: str, from_stdin: bool) -> CommandResult:
    """Generate a new secret, or read the shop's. The former one stays valid until the next rotation."""
    given = _secret_from_stdin() if from_stdin else None
    keys = console.settings.secret_keys

    def rotate(session: Session) -> tuple[str, str]:
        actor = command_line("source rotate")
        secret = operations.rotate_secret(session, console.now, source_id, keys, given, actor=actor)
        return operations.get_source(session, source_id).kind, secret

    kind, secret = transact(console.databases.main, rotate)
    url, shown = hook_url(source_id, console.settings.web_url), None if given else secret
    value = {"id": source_id, "hook_url": url, "secret": shown}
    return CommandResult(value, connect_instructions(kind, source_id, url, shown, given is not None))


@source.command("delete")
@click.argument("source_id", metavar="ID")
@pass_console
def delete_source(console: Console, source_id: str) -> CommandResult:
    """Refuse all further messages of a source. Its past messages stay stored."""

    def delete(session: Session) -> CommandResult:
        operations.delete_source(session, console.now, source_id, actor=command_line("source delete"))
        deleted = operations.get_source(session, source_id)
        lines = [f"{source_id} is deleted."]
        lines += [
            f"{each.id} supports it and adds only to orders of the namespace {each.namespace}. Create the "
            "source that will report these orders with that --namespace, or delete the supporting source too."
            for each in operations.supporting_sources(session, source_id)
        ]
        return CommandResult(source_json(deleted, console.settings.web_url), "\n".join(lines))

    return transact(console.databases.main, delete)


def _header_value(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    """The value is sent in a header, which allows neither line breaks nor other than ASCII characters."""
    if value is not None and not (value.isascii() and value.isprintable()):
        raise click.BadParameter("use printable ASCII characters only.")
    return value


@source.command("send")
@click.option("--source", "source_id", required=True, metavar="ID")
@click.option(
    "--id", "message_id", callback=_header_value, help="The id of the message.  [default: a new one]"
)
@click.option(
    "--topic",
    default="",
    callback=_header_value,
    help="The topic that the shop sends beside the message: "
    f"{', '.join(f'{kind.title} {kind.topic_example}' for kind in _TOPIC_KINDS)}.",
)
@click.argument("file", type=click.File("rb"))
@pass_console
def send(
    console: Console, source_id: str, message_id: str | None, topic: str, file: click.File
) -> CommandResult:
    """Send a JSON FILE as the shop would: signed, over HTTP. For tests; - reads standard input."""
    body: bytes = file.read()  # type: ignore[attr-defined]
    with read_session(console.databases.main) as session:
        found = operations.get_source(session, source_id)
        if not kind_of(found.kind).has_hook:
            raise Invalid(f"Sources of the kind {found.kind} do not accept signed messages.")
        secret = operations.source_secrets(found, console.settings.secret_keys)[0]
    sender = Sender(found.kind, hook_url(source_id, console.settings.web_url), secret, topic)
    status, response = send_message(sender, body, console.now, message_id)
    value = {"status": status, "answer": response}
    return CommandResult(value, f"{status} {response}", exit_code=0 if status < 300 else 1)


def _secret_from_stdin() -> str:
    """Not from an argument, because other users of the machine can read the arguments of a process."""
    return sys.stdin.readline().strip()
