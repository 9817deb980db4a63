"""Sends what is due in the outbox. Each message is claimed, sent and recorded in transactions of its own.

A process that is killed before the server accepts a message has sent nothing: the message is claimed again
after its lease. Between the server's reply and the record lies the one moment in which SMTP itself can
deliver twice (RFC 1047); the Message-ID is the same then.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from config.database import read_session
from config.settings import Settings
from tracker.mail.delivery.claims import (
    Claimed,
    claim,
    due_messages,
    record_not_sent,
    record_refused,
    record_sent,
    record_server_failure,
)
from tracker.mail.delivery.connection import Connection, MessageRefused, ServerFailed
from tracker.mail.delivery.message import Sender, content_of, is_ascii_address
from tracker.mail.delivery.rules import Problem
from tracker.mail.delivery.server import MailServer, mail_server, sender_address
from tracker.mail.kinds import MailKind
from tracker.mail.outbox import body_of
from tracker.mail.unsubscribe import unsubscribe_url

BATCH = 20
"""Messages that are looked up at once. A sign-in code that comes meanwhile waits for at most so many."""
MOST_PER_CONNECTION = 100
"""Many servers close a connection after some number of messages."""

Write = Callable[[Callable[[Session], Any]], Any]


@dataclass
class Delivered:
    """How many messages of a run had which fate, and why the run ended early, if it did."""

    sent: int = 0
    refused: int = 0
    deferred: int = 0
    failure: ServerFailed | None = None


@dataclass
class Delivery:
    """One run. `write` runs an operation in a transaction; `clock` gives the time."""

    engine: Engine
    settings: Settings
    write: Write
    clock: Callable[[], datetime]
    server: MailServer
    done: Delivered = field(default_factory=Delivered)
    _connection: Connection | None = field(default=None, init=False)
    _sent_on_it: int = field(default=0, init=False)

    def run(self) -> Delivered:
        """Send until nothing is due, or the server fails."""
        try:
            while ids := self._due():
                for message_id in ids:
                    self._send(message_id)
        except ServerFailed as failure:
            self.done.failure = failure
        finally:
            self._close()
        return self.done

    def _due(self) -> Sequence[str]:
        with read_session(self.engine) as session:
            return due_messages(session, self.clock(), BATCH)

    def _send(self, message_id: str) -> None:
        claimed: Claimed | None = self.write(lambda s: claim(s, self.clock(), message_id))
        if claimed is None:
            return
        if not is_ascii_address(claimed.message.to_address):
            self._record(record_not_sent, claimed, Problem.ADDRESS_NOT_ASCII)
            self.done.refused += 1
            return
        try:
            reply = self._connected().send(
                self.sender.address, claimed.message.to_address, self._content(claimed)
            )
        except ServerFailed as failure:
            self._record(record_server_failure, claimed, failure)
            self.done.deferred += 1
            raise
        except MessageRefused as refusal:
            self._record(record_refused, claimed, refusal)
            self._count(refusal)
            self._after_refusal()
        else:
            self._record(record_sent, claimed, reply)
            self.done.sent += 1
            self._sent_on_it += 1

    def _record(self, operation: Callable[..., bool], claimed: Claimed, result: object) -> None:
        self.write(lambda s: operation(s, self.clock(), claimed, result))

    def _count(self, refusal: MessageRefused) -> None:
        if refusal.reply.permanent:
            self.done.refused += 1
        else:
            self.done.deferred += 1

    def _after_refusal(self) -> None:
        try:
            self._connected().reset()
        except ServerFailed:
            self._close()  # the message is recorded; the next one opens a new connection

    @property
    def sender(self) -> Sender:
        return Sender(sender_address(self.settings.mail_from, self.settings.web_url))

    def _content(self, claimed: Claimed) -> bytes:
        message, keys = claimed.message, self.settings.secret_keys
        body = body_of(message, keys)
        assert body is not None, "only messages that have ended are erased"
        person_id = message.user_id or message.creator_id
        url = unsubscribe_url(keys, self.settings.web_url, person_id, MailKind(message.kind))
        return content_of(message, body, self.sender, url)

    def _connected(self) -> Connection:
        if self._sent_on_it >= MOST_PER_CONNECTION:
            self._close()
        if self._connection is None:
            self._connection = Connection(self.server, self.sender.host)
        return self._connection

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection, self._sent_on_it = None, 0


def deliver(engine: Engine, settings: Settings, write: Write, clock: Callable[[], datetime]) -> Delivered:
    """Send what is due. Nothing is sent without LINKLEDGER_SMTP_URL."""
    server = mail_server(settings.smtp_url)
    return Delivered() if server is None else Delivery(engine, settings, write, clock, server).run()
