"""The command that examines the installation and its e-mail."""

from collections.abc import Iterator
from datetime import datetime
from functools import partial

import click

from config.database import open_databases
from config.settings import Settings
from payouts.monitoring.installation import examine_installation
from tracker.console import CHECK_FOUND_FAULT, CommandResult, Console, ConsoleCommand, pass_console
from tracker.mail.delivery.message import Sender
from tracker.mail.delivery.server import mail_server, sender_address
from tracker.mail.doctor.attempt import try_server
from tracker.mail.doctor.domain import examine_domain
from tracker.mail.doctor.findings import Finding, State, unseen, wrong
from tracker.mail.doctor.sample import sample_content
from tracker.people.accounts.rules import normalize_email
from tracker.times import format_utc

MAIL_SERVER = "mail server"
_MARKS = {State.OK: "ok   ", State.UNSEEN: "-    ", State.WRONG: "WRONG"}


@click.command("doctor", cls=ConsoleCommand)
@click.option("--mail", "to", metavar="ADDRESS", help="Send a test message there.")
@pass_console
def doctor_command(console: Console, to: str | None) -> CommandResult:
    """Examine the installation and its e-mail, step by step. Exit code 3 when something is wrong."""
    to = normalize_email(to) if to else None
    settings = console.settings
    databases = open_databases(settings)  # not those of the console, which refuse a wrong schema
    try:
        found = examine_installation(databases, settings, console.now)
    finally:
        databases.close()
    found += examine_mail(settings, console.now, to)
    is_well = all(each.state is not State.WRONG for each in found)
    checks = [{"check": each.check, "state": each.state.value, "message": each.message} for each in found]
    value = {"ok": is_well, "examined_at": format_utc(console.now), "checks": checks}
    return CommandResult(value, "\n".join(map(_line, found)), 0 if is_well else CHECK_FOUND_FAULT)


def examine_mail(settings: Settings, now: datetime, to: str | None) -> Iterator[Finding]:
    """The mail server, then the domain of the sender."""
    sender = Sender(sender_address(settings.mail_from, settings.web_url))
    server = mail_server(settings.smtp_url)
    if server is not None:
        content = partial(sample_content, sender, settings.web_url, now, to or "")
        yield from try_server(server, sender.address, sender.host, to, content)
        yield from examine_domain(sender.host)
    elif to is not None:
        yield wrong(MAIL_SERVER, "LINKLEDGER_SMTP_URL is not set, so no test message can be sent.")
    else:
        yield unseen(MAIL_SERVER, "LINKLEDGER_SMTP_URL is not set: messages stay in the outbox.")


def _line(finding: Finding) -> str:
    return f"{_MARKS[finding.state]}  {finding.check}: {finding.message}"


COMMANDS = (doctor_command,)
