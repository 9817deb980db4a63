"""Tries the mail server step by step, with a test message or without one."""

from collections.abc import Callable, Sequence

from tracker.mail.delivery.connection import (
    ACCEPTED,
    CONNECTED,
    ENCRYPTED,
    SIGNED_IN,
    Connection,
    MessageRefused,
    ServerFailed,
)
from tracker.mail.delivery.message import is_ascii_address
from tracker.mail.delivery.rules import Problem, Reply
from tracker.mail.delivery.server import MailServer
from tracker.mail.delivery.words import problem_words
from tracker.mail.doctor.findings import Finding, ok, unseen, wrong

CONNECTION, ENCRYPTION, SIGN_IN, MESSAGE = "connection", "encryption", "sign-in", "test message"

_PLACES = {
    Problem.TLS_MISSING: ENCRYPTION,
    Problem.TLS_FAILED: ENCRYPTION,
    Problem.SIGN_IN_MISSING: SIGN_IN,
    Problem.SIGN_IN_REFUSED: SIGN_IN,
    Problem.SENDER_REFUSED: MESSAGE,
    Problem.RECIPIENT_REFUSED: MESSAGE,
    Problem.CONTENT_REFUSED: MESSAGE,
}
"""Where a problem belongs; any other belongs to the first step that was not reached."""

Content = Callable[[], bytes]


def try_server(
    server: MailServer, sender: str, own_host: str, to: str | None, content: Content
) -> Sequence[Finding]:
    """What happened at each step that was reached. `to` None: no message is sent."""
    reached: list[str] = []
    try:
        connection = Connection(server, own_host, reached.append)
        try:
            if to is None:
                return _steps(server, reached)
            if not is_ascii_address(to):
                words = problem_words(Problem.ADDRESS_NOT_ASCII.value)
                return [*_steps(server, reached), wrong(MESSAGE, words)]
            reply = connection.send(sender, to, content())
        finally:
            connection.close()
    except (ServerFailed, MessageRefused) as failure:
        failed = wrong(_place(failure.problem, reached), _words(failure.problem, failure.reply))
        return [each for each in _steps(server, reached) if each.check != failed.check] + [failed]
    return [*_steps(server, reached), _accepted(to, reply)]


def _steps(server: MailServer, reached: Sequence[str]) -> list[Finding]:
    """Of what was reached before the message."""
    found = []
    if CONNECTED in reached:
        found.append(ok(CONNECTION, f"Connected to {server.host}, port {server.port}."))
    if ENCRYPTED in reached:
        found.append(ok(ENCRYPTION, "The connection is encrypted (TLS)."))
    elif CONNECTED in reached and server.is_local:
        found.append(ok(ENCRYPTION, "Not encrypted: the mail server is this machine."))
    elif CONNECTED in reached:
        found.append(unseen(ENCRYPTION, "The mail server offers no encryption: others can read messages."))
    if SIGNED_IN in reached:
        found.append(ok(SIGN_IN, f"Signed in as {server.user}."))
    elif CONNECTED in reached and not server.user:
        found.append(ok(SIGN_IN, "LINKLEDGER_SMTP_URL has no user, so nobody signed in."))
    return found


def _place(problem: Problem, reached: Sequence[str]) -> str:
    places = {CONNECTED: CONNECTION, ENCRYPTED: ENCRYPTION, SIGNED_IN: SIGN_IN, ACCEPTED: MESSAGE}
    return _PLACES.get(problem) or next(place for step, place in places.items() if step not in reached)


def _words(problem: Problem, reply: Reply | None) -> str:
    said = f" The server said: {reply.code} {reply.text}" if reply else ""
    return problem_words(problem.value) + said


def _accepted(to: str, reply: Reply) -> Finding:
    return ok(
        MESSAGE,
        f"Accepted for {to} with code {reply.code}. Whether it arrives is not seen from here: look into the "
        "mailbox, also in its junk folder, and at the headers for spf=pass, dkim=pass and dmarc=pass.",
    )
