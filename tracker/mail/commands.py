"""Commands about e-mail: what is in the outbox, one message, sending it again."""

import click

from config.database import read_session, transact
from tracker.console import CommandResult, Console, ConsoleGroup, pass_console
from tracker.mail.kinds import MailKind
from tracker.mail.models import Fate
from tracker.mail.outbox import body_of
from tracker.mail.queries import PAGE, get_message, list_messages, message_json, message_line, problem_line
from tracker.mail.resend import resend

ACCEPTED = "Accepted by the mail server. Whether it arrived, or came back later, is not seen from here."


@click.group("mail", cls=ConsoleGroup)
def mail_commands() -> None:
    """E-mail: what waits in the outbox, what was sent, and what became of it."""


@mail_commands.command("list")
@click.option(
    "--state", type=click.Choice([each.value for each in Fate]), help="Only messages in this state."
)
@click.option("--kind", type=click.Choice([each.value for each in MailKind]), help="Only this kind.")
@click.option("--brand", "brand_id", metavar="ID", help="Only messages of this brand.")
@click.option("--before", metavar="ID", help="Continue after this message of the page before.")
@click.option("--limit", type=click.IntRange(1, 1000), default=PAGE, show_default=True)
@pass_console
def list_mail(
    console: Console,
    state: str | None,
    kind: str | None,
    brand_id: str | None,
    before: str | None,
    limit: int,
) -> CommandResult:
    """Show messages, newest first, with what became of each."""
    with read_session(console.databases.main) as session:
        found = list_messages(session, state=state, kind=kind, brand_id=brand_id, before=before, limit=limit)
        lines = [message_line(each) for each in found]
        value = [message_json(each) for each in found]
    if not console.settings.smtp_url:
        console.say(
            "LINKLEDGER_SMTP_URL is not set: nothing is sent. Read messages with: linkledger mail show"
        )
    return CommandResult(value, "\n".join(lines) or "There are no such messages.")


@mail_commands.command("show")
@click.argument("message_id", metavar="ID")
@pass_console
def show_mail(console: Console, message_id: str) -> CommandResult:
    """Show one message with its text, also a secret one while it is there."""
    with read_session(console.databases.main) as session:
        message = get_message(session, message_id)
        body = body_of(message, console.settings.secret_keys)
        value, line, problem = message_json(message), message_line(message), problem_line(message)
    value |= {"subject": body.subject if body else None, "text": body.text if body else None}
    value |= {"html": body.html if body else None}
    text = f"{body.subject}\n\n{body.text}" if body else "Its content was erased when it was sent or expired."
    notes = [note for note in (problem, ACCEPTED if message.state == Fate.SENT else "") if note]
    return CommandResult(value, "\n".join([line, *notes, "", text]))


@mail_commands.command("resend")
@click.argument("message_id", metavar="ID")
@pass_console
def resend_mail(console: Console, message_id: str) -> CommandResult:
    """Send a message again, such as one that was refused or expired."""
    message = transact(
        console.databases.main,
        lambda s: resend(s, console.now, message_id, keys=console.settings.secret_keys),
    )
    return CommandResult(message_json(message), message_line(message))


COMMANDS = (mail_commands,)
