"""`linkledger doctor`: the state of the installation and of its e-mail, with exit code 3 for a fault."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from config.database import Databases, transact
from config.settings import Settings
from payouts.jobs.claims import claim
from payouts.jobs.heartbeat import HEARTBEAT_JOB
from payouts.jobs.models import JobRun
from payouts.monitoring import installation
from payouts.monitoring.doctor_command import COMMANDS
from payouts.monitoring.installation import examine_installation
from tests.cast.api import Terminal
from tests.harness.mail_server import Mailbox, plain_part, running_mail_server
from tracker.mail.doctor.findings import State
from tracker.mail.kinds import MailKind
from tracker.mail.letters import Letter, Recipient
from tracker.mail.models import MailMessage
from tracker.mail.outbox import queue


@pytest.fixture(autouse=True)
def running_jobs(databases: Databases) -> None:
    now = datetime.now(UTC)
    transact(
        databases.main, lambda s: claim(s, now, HEARTBEAT_JOB, "now", due_at=now, every=timedelta(minutes=1))
    )


def examined(databases: Databases, settings: Settings, **changes: Any) -> dict[str, State]:
    given = settings.model_copy(update=changes)
    return {each.check: each.state for each in examine_installation(databases, given, datetime.now(UTC))}


def terminal(settings: Settings, url: str) -> Terminal:
    return Terminal(settings, COMMANDS, LINKLEDGER_SMTP_URL=url, LINKLEDGER_MAIL_FROM="post@localhost")


def test_a_test_message_is_sent_and_each_step_is_told(databases: Databases, settings: Settings) -> None:
    with running_mail_server() as box:
        shown = terminal(settings, box.url).ask("doctor", "--mail", "anna@people.example")
    assert shown["ok"]
    states = {each["check"]: each["state"] for each in shown["checks"]}
    assert states["test message"] == "ok"
    assert states["database"] == states["schema"] == states["jobs"] == states["clock"] == "ok"
    assert states["spf"] == "unseen"
    ((to, message),) = box.accepted
    assert to == "anna@people.example"
    assert message["From"] == "Linkledger <post@localhost>"
    assert "This is a test." in plain_part(message)


def test_a_fault_has_its_exit_code_and_says_what_to_do(databases: Databases, settings: Settings) -> None:
    with running_mail_server(Mailbox(on_recipient=lambda _: "550 5.1.1 no such user")) as box:
        result = terminal(settings, box.url).run("doctor", "--mail", "anna@people.example")
    assert result.exit_code == 3
    assert "WRONG  test message: The mail server did not accept the recipient." in result.stdout
    assert "550 5.1.1 no such user" in result.stdout


def test_without_a_mail_server_only_a_test_message_is_a_fault(
    databases: Databases, settings: Settings
) -> None:
    assert terminal(settings, "").run("doctor").exit_code == 0
    asked = terminal(settings, "").run("doctor", "--mail", "anna@people.example")
    assert asked.exit_code == 3
    assert "LINKLEDGER_SMTP_URL is not set" in asked.stdout
    assert "is not valid" in terminal(settings, "").refused("doctor", "--mail", "anna")


def test_a_database_that_cannot_be_used_ends_only_its_own_part(settings: Settings, tmp_path: Path) -> None:
    home = tmp_path / "empty"
    home.mkdir()
    empty = settings.model_copy(update={"home": home, "database_url": ""})
    result = terminal(empty, "").run("doctor")
    assert result.exit_code == 3
    assert "linkledger migrate" in result.stdout
    assert "disk" in result.stdout
    unreachable = settings.model_copy(update={"database_url": "postgresql://u@127.0.0.1:1/none"})
    assert "WRONG  database: " in terminal(unreachable, "").run("doctor").stdout


def test_jobs_that_failed_or_do_not_run_are_wrong(databases: Databases, settings: Settings) -> None:
    assert examined(databases, settings)["jobs"] is State.OK
    now = datetime.now(UTC)
    transact(databases.main, lambda s: s.execute(update(JobRun).values(state="failed", finished_at=now)))
    assert examined(databases, settings)["jobs"] is State.WRONG
    long_ago = {"state": "done", "started_at": now - timedelta(hours=1)}
    transact(databases.main, lambda s: s.execute(update(JobRun).values(long_ago)))
    assert examined(databases, settings)["jobs"] is State.WRONG


def test_a_clock_that_is_behind_its_own_rows_is_wrong(databases: Databases, settings: Settings) -> None:
    later = datetime.now(UTC) + timedelta(hours=1)
    transact(databases.main, lambda s: claim(s, later, "later", "later"))
    assert examined(databases, settings)["clock"] is State.WRONG


def test_a_full_disk_is_wrong(
    databases: Databases, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installation, "LEAST_FREE_BYTES", 1 << 60)
    assert examined(databases, settings)["disk"] is State.WRONG


def test_an_address_for_production_needs_https(databases: Databases, settings: Settings) -> None:
    assert examined(databases, settings, env="production")["address"] is State.WRONG
    https = examined(databases, settings, env="production", base_url="https://app.teas.example")
    assert https["address"] is State.OK


def test_messages_that_the_server_did_not_take_are_wrong(databases: Databases, settings: Settings) -> None:
    letter, to = Letter("a", "b", "c"), Recipient("anna@people.example")
    fields: dict[str, Any] = {"kind": MailKind.TEAM_CHANGED, "key": "a", "keys": settings.secret_keys}
    transact(databases.main, lambda s: queue(s, datetime.now(UTC), letter, to, **fields))
    assert examined(databases, settings)["outbox"] is State.UNSEEN
    assert examined(databases, settings, smtp_url="smtp://localhost")["outbox"] is State.OK
    transact(databases.main, lambda s: s.execute(update(MailMessage).values(state="deferred")))
    assert examined(databases, settings)["outbox"] is State.WRONG
