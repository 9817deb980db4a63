"""A real SMTP server (aiosmtpd) that a test controls: what it answers, and what it has accepted."""

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from socket import socket
from typing import Any, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword

USER, PASSWORD = "mailer", "hunter2 @"

Answer = Callable[[str], str | None]
"""From the recipient to a refusal such as "550 5.1.1 unknown"; None accepts."""


@dataclass
class Mailbox:
    """The server's side: `accepted` is what it has accepted, as (recipient, message)."""

    port: int = 0
    accepted: list[tuple[str, EmailMessage]] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    connections: int = 0
    on_mail: Answer = lambda _sender: None
    on_recipient: Answer = lambda _recipient: None
    on_content: Answer = lambda _recipient: None

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def recipients(self) -> list[str]:
        return [recipient for recipient, _ in self.accepted]

    async def handle_EHLO(
        self, _server: Any, session: Any, _envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_MAIL(
        self, _server: Any, _session: Any, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if refusal := self.on_mail(address):
            return refusal
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(
        self, _server: Any, _session: Any, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if refusal := self.on_recipient(address):
            return refusal
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Envelope) -> str:
        (recipient,) = envelope.rcpt_tos
        if refusal := self.on_content(recipient):
            return refusal
        content = cast(bytes, envelope.content)
        self.raw.append(content)
        message = message_from_bytes(content, policy=default)
        self.accepted.append((recipient, message))
        return "250 2.0.0 accepted"


def check_password(_server: Any, _session: Any, _envelope: Any, _mechanism: str, given: Any) -> AuthResult:
    known = isinstance(given, LoginPassword) and (given.login, given.password) == (
        USER.encode(),
        PASSWORD.encode(),
    )
    return AuthResult(success=known, handled=False)


def free_port() -> int:
    with socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def running_mail_server(
    box: Mailbox | None = None, *, tls: ssl.SSLContext | None = None, **options: Any
) -> Iterator[Mailbox]:
    """The server at 127.0.0.1. `tls`: it offers STARTTLS. `options`: those of aiosmtpd's SMTP."""
    box = box or Mailbox()
    box.port = box.port or free_port()
    controller = Controller(box, hostname="127.0.0.1", port=box.port, tls_context=tls, **options)
    controller.start()
    try:
        yield box
    finally:
        controller.stop()


def plain_part(message: EmailMessage) -> str:
    part = message.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def html_part(message: EmailMessage) -> str:
    part = message.get_body(("html",))
    assert part is not None
    return str(part.get_content())
