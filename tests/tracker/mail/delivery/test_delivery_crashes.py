"""A sender is killed at any point: no message is lost, none arrives twice beyond what SMTP itself allows."""

import os
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select

from config.database import Databases, open_databases, read_session, transact
from config.settings import Settings
from tests.harness.databases.snapshots import NOW
from tests.harness.mail_server import Mailbox, running_mail_server
from tests.harness.processes.crashes import Zygote, kill_at, zygote
from tests.tracker.mail.delivery.test_delivery import LETTER, with_server
from tracker.mail.delivery.claims import LEASE
from tracker.mail.delivery.run import deliver
from tracker.mail.kinds import MailKind
from tracker.mail.letters import Recipient
from tracker.mail.models import Fate, MailMessage
from tracker.mail.outbox import queue

MESSAGES = 2
MOST_POINTS = 60


def send(settings: Settings, pid_file: Path, now: datetime, moment: str, number: int) -> None:
    """Deliver what is due, in a process that is killed when its database reaches that point."""
    pid_file.write_text(str(os.getpid()))
    databases = open_databases(settings)
    if moment:
        kill_at(databases.main, moment, number)
    deliver(databases.main, settings, partial(transact, databases.main), lambda: now)
    databases.close()


class Campaign:
    def __init__(self, databases: Databases, settings: Settings, box: Mailbox, folder: Path) -> None:
        self.databases, self.box, self.now = databases, box, NOW
        self.settings = with_server(settings, box.url)
        self.pid_file = folder / "pid"

    def put(self) -> None:
        self.box.accepted.clear()
        self.box.on_mail = self.box.on_recipient = self.box.on_content = lambda _: None
        keys = self.settings.secret_keys
        for number in range(MESSAGES):
            key = f"{self.now:%d-%H-%M}-{number}"
            to = Recipient(f"n{number}@people.example")
            add = partial(queue, kind=MailKind.TEAM_CHANGED, key=key, keys=keys)
            transact(self.databases.main, lambda s, add=add, to=to: add(s, self.now, LETTER, to))  # type: ignore[misc]

    def send(self, processes: Zygote, moment: str = "", number: int = 0) -> bool:
        """Whether the process was killed."""
        return processes.was_killed(partial(send, self.settings, self.pid_file, self.now, moment, number))

    def kill_sender(self, _address: str) -> None:
        with suppress(ProcessLookupError):
            os.kill(int(self.pid_file.read_text()), signal.SIGKILL)

    def finish(self, processes: Zygote) -> None:
        """After the lease another process sends the rest; then compare what arrived."""
        unsure = Counter(
            address
            for state, address in self._rows(Fate.SENDING)
            if address in self.box.recipients() and state == Fate.SENDING
        )
        self.now += LEASE + timedelta(minutes=1)
        assert not self.send(processes)
        assert self._rows(Fate.SENDING) == self._rows(Fate.QUEUED) == []
        once = Counter(f"n{number}@people.example" for number in range(MESSAGES))
        assert Counter(self.box.recipients()) == once + unsure
        ids = {(recipient, message["Message-ID"]) for recipient, message in self.box.accepted}
        assert len(ids) == MESSAGES

    def _rows(self, state: Fate) -> list[tuple[str, str]]:
        with read_session(self.databases.main) as session:
            query = select(MailMessage.state, MailMessage.to_address).where(MailMessage.state == state.value)
            return [(found, address) for found, address in session.execute(query)]


@pytest.fixture
def campaign(databases: Databases, settings: Settings, tmp_path: Path) -> Iterator[Campaign]:
    with running_mail_server() as box:
        yield Campaign(databases, settings, box, tmp_path)


@pytest.mark.parametrize("moment", ["begin", "statement", "commit", "committed"])
def test_a_kill_at_any_point_of_the_database_loses_nothing(campaign: Campaign, moment: str) -> None:
    with zygote() as processes:
        for number in range(1, MOST_POINTS):
            campaign.put()
            killed = campaign.send(processes, moment, number)
            campaign.finish(processes)
            if not killed:
                break
    assert 3 < number < MOST_POINTS - 1


@pytest.mark.parametrize("place", ["on_mail", "on_recipient", "on_content"])
def test_a_kill_while_the_server_answers_loses_nothing(campaign: Campaign, place: str) -> None:
    with zygote() as processes:
        campaign.put()
        setattr(campaign.box, place, campaign.kill_sender)
        assert campaign.send(processes)
        setattr(campaign.box, place, lambda _: None)
        campaign.finish(processes)
