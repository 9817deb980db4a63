"""The mail server of LINKLEDGER_SMTP_URL, and the sender of all messages."""

from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import unquote, urlsplit

import idna

SUBMISSION_PORT = 587
"""RFC 6409."""
SUBMISSIONS_PORT = 465
"""RFC 8314, section 3.3: with TLS from the beginning."""
LOCALHOST = "localhost"


@dataclass(frozen=True)
class MailServer:
    """`tls`: from the beginning. Otherwise STARTTLS is used where the server offers it."""

    host: str
    port: int
    tls: bool
    user: str = ""
    password: str = field(default="", repr=False)

    @property
    def is_local(self) -> bool:
        """On this machine: nobody is between, so neither TLS nor a certificate is required."""
        return _is_loopback(self.host)


def mail_server(smtp_url: str) -> MailServer | None:
    """The server of a valid setting; None when it is empty."""
    if not smtp_url:
        return None
    parts = urlsplit(smtp_url)
    tls = parts.scheme == "smtps"
    return MailServer(
        host=parts.hostname or LOCALHOST,
        port=parts.port or (SUBMISSIONS_PORT if tls else SUBMISSION_PORT),
        tls=tls,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
    )


def sender_address(mail_from: str, web_url: str) -> str:
    """LINKLEDGER_MAIL_FROM, by default linkledger@ and the host of the web address."""
    if mail_from:
        return mail_from
    host = urlsplit(web_url).hostname or LOCALHOST
    if _is_address(host):
        return f"linkledger@{LOCALHOST}"
    return f"linkledger@{host if host.isascii() else idna.encode(host, uts46=True).decode('ascii')}"


def _is_loopback(host: str) -> bool:
    return host == LOCALHOST or (_is_address(host) and ip_address(host).is_loopback)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
