"""Delivery to a real SMTP server: fates, back-off, and one message at a time."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select

from config.database import Databases, read_session, transact
from config.settings import Settings
from tests.harness.databases.snapshots import NOW
from tests.harness.mail_server import Mailbox, free_port, html_part, plain_part, running_mail_server
from tests.harness.processes.threads import run_concurrently
from tracker.mail.delivery.claims import LEASE, claim, end_expired, next_delivery, record_sent
from tracker.mail.delivery.rules import WAITS, Problem, Reply
from tracker.mail.delivery.run import Delivered, deliver
from tracker.mail.kinds import UNDELIVERED_AFTER, MailKind
from tracker.mail.letters import Letter, Recipient
from tracker.mail.models import Fate, MailMessage
from tracker.mail.outbox import body_of, queue

LETTER = Letter("Hello", "Hello Anna", "<p>Hello Anna</p>", "Teas", "post@teas.example")


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with running_mail_server() as found:
        yield found


def with_server(settings: Settings, url: str) -> Settings:
    return settings.model_copy(update={"smtp_url": url, "base_url": "https://app.teas.example"})


class Outbox:
    """The outbox of a test, with a clock that the test moves."""

    def __init__(self, databases: Databases, settings: Settings, url: str) -> None:
        self.databases, self.settings, self.now = databases, with_server(settings, url), NOW

    def put(
        self, address: str, kind: MailKind = MailKind.TEAM_CHANGED, letter: Letter = LETTER, **more: Any
    ) -> str:
        fields: dict[str, Any] = {"kind": kind, "key": address, "keys": self.settings.secret_keys} | more
        to = Recipient(address, "Anna")
        found = transact(self.databases.main, lambda s: queue(s, self.now, letter, to, **fields))
        assert found is not None
        return found

    def deliver(self) -> Delivered:
        engine = self.databases.main
        return deliver(engine, self.settings, partial(transact, engine), lambda: self.now)

    def message(self, address: str) -> MailMessage:
        with read_session(self.databases.main) as session:
            return session.scalars(select(MailMessage).where(MailMessage.key == address)).one()

    def fate(self, address: str) -> tuple[str, str | None, int | None]:
        found = self.message(address)
        return found.state, found.problem, found.server_code

    def later(self, wait: timedelta) -> None:
        self.now += wait


@pytest.fixture
def outbox(databases: Databases, settings: Settings, box: Mailbox) -> Outbox:
    return Outbox(databases, settings, box.url)


def test_a_message_arrives_with_both_forms_and_is_sent_once(outbox: Outbox, box: Mailbox) -> None:
    message_id = outbox.put("anna@people.example")
    assert outbox.deliver().sent == 1
    assert outbox.deliver() == Delivered()
    ((recipient, message),) = box.accepted
    assert recipient == "anna@people.example"
    assert message["From"] == "Teas <linkledger@app.teas.example>"
    assert message["To"] == "Anna <anna@people.example>"
    assert message["Reply-To"] == "Teas <post@teas.example>"
    assert message["Message-ID"] == f"<{message_id}@app.teas.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"].datetime == NOW.replace(microsecond=0)
    assert plain_part(message).strip() == "Hello Anna"
    assert html_part(message).strip() == "<p>Hello Anna</p>"
    sent = outbox.message("anna@people.example")
    assert (sent.state, sent.server_code, sent.enhanced_code) == (Fate.SENT, 250, "2.0.0")
    assert (sent.ended_at, sent.due_at, sent.attempts) == (NOW, None, 1)


def test_a_batch_uses_one_connection(outbox: Outbox, box: Mailbox) -> None:
    for number in range(5):
        outbox.put(f"n{number}@people.example")
    assert outbox.deliver().sent == 5
    assert box.connections == 1


def test_a_refused_recipient_stops_no_other(outbox: Outbox, box: Mailbox) -> None:
    box.on_recipient = lambda to: "550 5.1.1 no such user" if to.startswith("gone") else None
    for name in ("anna", "gone", "bob"):
        outbox.put(f"{name}@people.example")
    done = outbox.deliver()
    assert (done.sent, done.refused, done.failure) == (2, 1, None)
    assert sorted(box.recipients()) == ["anna@people.example", "bob@people.example"]
    assert outbox.fate("gone@people.example") == (Fate.REFUSED, Problem.RECIPIENT_REFUSED, 550)
    refused = outbox.message("gone@people.example")
    assert (refused.enhanced_code, refused.server_reply) == ("5.1.1", "5.1.1 no such user")
    outbox.later(timedelta(days=1))
    assert outbox.deliver() == Delivered()


def test_a_message_that_is_not_accepted_yet_is_tried_again_with_growing_pauses(
    outbox: Outbox, box: Mailbox
) -> None:
    box.on_recipient = lambda _: "450 4.7.1 greylisted, try later"
    outbox.put("anna@people.example")
    for number, wait in enumerate((*WAITS, WAITS[-1]), start=1):
        assert outbox.deliver().deferred == 1
        deferred = outbox.message("anna@people.example")
        assert (deferred.state, deferred.server_code, deferred.attempts) == (Fate.DEFERRED, 450, number)
        assert deferred.due_at == outbox.now + wait
        outbox.later(wait - timedelta(seconds=1))
        assert outbox.deliver() == Delivered()
        outbox.later(timedelta(seconds=1))
    box.on_recipient = lambda _: None
    assert outbox.deliver().sent == 1
    assert outbox.fate("anna@people.example") == (Fate.SENT, None, 250)


def test_after_three_days_of_deferral_it_is_refused_with_the_server_s_code(
    outbox: Outbox, box: Mailbox
) -> None:
    box.on_content = lambda _: "452 4.2.2 mailbox full"
    outbox.put("anna@people.example")
    attempts = 0
    while outbox.message("anna@people.example").ended_at is None:
        attempts += outbox.deliver().deferred
        outbox.later(timedelta(minutes=30))
        transact(outbox.databases.main, lambda s: end_expired(s, outbox.now))
    assert outbox.fate("anna@people.example") == (Fate.REFUSED, Problem.CONTENT_REFUSED, 452)
    assert outbox.now - NOW == UNDELIVERED_AFTER
    assert 35 < attempts < 45


def test_without_a_server_messages_wait_and_expire(
    databases: Databases, settings: Settings, box: Mailbox
) -> None:
    outbox = Outbox(databases, settings, "")
    outbox.put("anna@people.example", MailKind.SIGN_IN, expires_at=NOW + timedelta(minutes=15))
    outbox.put("bob@people.example")
    assert outbox.deliver() == Delivered()
    outbox.later(timedelta(minutes=15))
    assert transact(databases.main, lambda s: end_expired(s, outbox.now)) == 1
    assert outbox.fate("anna@people.example") == (Fate.EXPIRED, None, None)
    assert outbox.message("anna@people.example").sealed is None
    outbox.settings = with_server(settings, box.url)
    assert outbox.deliver().sent == 1
    assert box.recipients() == ["bob@people.example"]


def test_a_server_that_is_down_delays_all_and_loses_none(databases: Databases, settings: Settings) -> None:
    port = free_port()
    outbox = Outbox(databases, settings, f"smtp://127.0.0.1:{port}")
    for number in range(3):
        outbox.put(f"n{number}@people.example")
    done = outbox.deliver()
    assert done.failure is not None
    assert done.failure.problem is Problem.UNREACHABLE
    for number in range(3):
        waiting = outbox.message(f"n{number}@people.example")
        assert (waiting.state, waiting.problem) == (Fate.DEFERRED, Problem.UNREACHABLE)
        assert (waiting.due_at, waiting.attempts) == (NOW + WAITS[0], 1)
    assert outbox.deliver() == Delivered()
    outbox.later(WAITS[0])
    with running_mail_server(Mailbox(port=port)) as box:
        assert outbox.deliver().sent == 3
    assert len(box.accepted) == 3


@pytest.mark.parametrize("place", ["on_mail", "on_recipient", "on_content"])
def test_a_server_that_closes_delays_all(outbox: Outbox, box: Mailbox, place: str) -> None:
    setattr(box, place, lambda _: "421 4.3.2 shutting down")
    for name in ("anna", "bob"):
        outbox.put(f"{name}@people.example")
    done = outbox.deliver()
    assert done.failure is not None
    assert done.failure.reply is not None
    assert done.failure.reply.code == 421
    assert {outbox.message(f"{name}@people.example").state for name in ("anna", "bob")} == {Fate.DEFERRED}


def test_a_sender_that_is_refused_refuses_no_message(outbox: Outbox, box: Mailbox) -> None:
    box.on_mail = lambda _: "553 5.7.1 not your domain"
    outbox.put("anna@people.example")
    done = outbox.deliver()
    assert done.failure is not None
    assert done.failure.problem is Problem.SENDER_REFUSED
    assert outbox.fate("anna@people.example") == (Fate.DEFERRED, Problem.SENDER_REFUSED, 553)
    box.on_mail = lambda _: None
    outbox.later(WAITS[0])
    assert outbox.deliver().sent == 1


def test_what_expires_first_is_sent_first(outbox: Outbox, box: Mailbox) -> None:
    for number in range(3):
        outbox.put(f"n{number}@people.example")
    code = Letter("Your code", "123 456", "<p>123 456</p>")
    outbox.put("code@people.example", MailKind.SIGN_IN, code, expires_at=NOW + timedelta(minutes=15))
    outbox.deliver()
    assert box.recipients()[0] == "code@people.example"
    assert plain_part(box.accepted[0][1]).strip() == "123 456"


@pytest.mark.parametrize("fate", [Fate.SENT, Fate.REFUSED])
def test_a_secret_is_erased_when_its_message_ends(outbox: Outbox, box: Mailbox, fate: Fate) -> None:
    if fate is Fate.REFUSED:
        box.on_content = lambda _: "554 no"
    outbox.put("anna@people.example", MailKind.SIGN_IN)
    assert body_of(outbox.message("anna@people.example"), outbox.settings.secret_keys) is not None
    outbox.deliver()
    message = outbox.message("anna@people.example")
    assert message.state == fate
    assert body_of(message, outbox.settings.secret_keys) is None


def test_an_address_that_no_usual_server_takes_is_refused_in_words(outbox: Outbox, box: Mailbox) -> None:
    outbox.put("jörg@people.example")
    assert outbox.deliver().refused == 1
    assert outbox.fate("jörg@people.example") == (Fate.REFUSED, Problem.ADDRESS_NOT_ASCII, None)
    assert box.accepted == []


def test_many_senders_send_each_message_once(outbox: Outbox, box: Mailbox) -> None:
    addresses = [f"n{number}@people.example" for number in range(30)]
    for each in addresses:
        outbox.put(each)
    done = run_concurrently(*[outbox.deliver] * 4)
    assert sum(each.sent for each in done) == 30
    assert sorted(box.recipients()) == sorted(addresses)


def test_a_message_of_a_process_that_is_gone_is_taken_over_after_the_lease(outbox: Outbox) -> None:
    message_id = outbox.put("anna@people.example")
    engine = outbox.databases.main
    first = transact(engine, lambda s: claim(s, outbox.now, message_id))
    assert first is not None
    assert outbox.deliver() == Delivered()
    assert not due(outbox.databases, outbox.now + LEASE - timedelta(seconds=1))
    outbox.later(LEASE)
    assert due(outbox.databases, outbox.now)
    assert outbox.deliver().sent == 1
    late = Reply(250, None, "late")
    assert not transact(engine, lambda s: record_sent(s, outbox.now, first, late))
    assert outbox.message("anna@people.example").attempts == 2


def due(databases: Databases, now: datetime, *, can_send: bool = True) -> bool:
    with read_session(databases.main) as session:
        next_at = session.scalar(next_delivery(can_send=can_send))
    return next_at is not None and next_at <= now


def test_only_a_server_makes_waiting_messages_due(outbox: Outbox) -> None:
    assert not due(outbox.databases, NOW)
    outbox.put("anna@people.example")
    assert due(outbox.databases, NOW, can_send=True)
    assert not due(outbox.databases, NOW, can_send=False)
    assert due(outbox.databases, NOW + UNDELIVERED_AFTER, can_send=False)
