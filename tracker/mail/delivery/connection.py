"""A connection to the mail server (RFC 5321), which is used for a batch of messages."""

import smtplib
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Timer

from tracker.mail.delivery.rules import SERVICE_CLOSES, Problem, Reply, reply_of
from tracker.mail.delivery.server import MailServer

TIMEOUT_S = 20.0
"""For the connection and for each command but the last."""
ACCEPT_TIMEOUT_S = 120.0
"""For the reply to the content: who hangs up before it makes the server deliver twice (RFC 1047)."""
LIMIT_S = 240.0
"""For everything about one message: a server that sends a line now and then exceeds no single time-out."""

OnStep = Callable[[str], object]
CONNECTED, ENCRYPTED, SIGNED_IN, ACCEPTED = "connected", "encrypted", "signed in", "accepted"


class ServerFailed(Exception):
    """The server cannot be used now, for any message. `reply` is what it answered, if it did."""

    def __init__(self, problem: Problem, reply: Reply | None = None) -> None:
        super().__init__(problem.value)
        self.problem, self.reply = problem, reply


class MessageRefused(Exception):
    """The server did not accept this message; `reply` says whether it may be tried again."""

    def __init__(self, problem: Problem, reply: Reply) -> None:
        super().__init__(problem.value)
        self.problem, self.reply = problem, reply


class Connection:
    """An open connection, encrypted and signed in as the setting says."""

    def __init__(self, server: MailServer, own_host: str, on_step: OnStep = lambda _step: None) -> None:
        """own_host: how this machine names itself to the server. on_step: called after each step.

        Raises ServerFailed.
        """
        self._server, self._on_step = server, on_step
        with _server_failures():
            self._smtp = self._connected(own_host)
        on_step(CONNECTED)
        try:
            with _server_failures(), self._limited():
                self._encrypt()
                self._sign_in()
        except BaseException:
            self._smtp.close()
            raise

    def send(self, sender: str, recipient: str, content: bytes) -> Reply:
        """Send one message. Returns the reply that accepted it; raises MessageRefused and ServerFailed."""
        with _server_failures(), self._limited():
            _expect(self._smtp.mail(sender), Problem.SENDER_REFUSED, of_server=True)
            _expect(self._smtp.rcpt(recipient), Problem.RECIPIENT_REFUSED)
            reply = _expect(self._transmit(content), Problem.CONTENT_REFUSED)
        self._on_step(ACCEPTED)
        return reply

    def reset(self) -> None:
        """After a refused message, so that the next one begins from the start. Raises ServerFailed."""
        with _server_failures(), self._limited():
            self._smtp.rset()

    def close(self) -> None:
        with suppress(OSError, smtplib.SMTPException), self._limited():
            self._smtp.quit()
        self._smtp.close()

    def _connected(self, own_host: str) -> smtplib.SMTP:
        host, port = self._server.host, self._server.port
        if not self._server.tls:
            return smtplib.SMTP(host, port, own_host, TIMEOUT_S)
        context = self._tls_context()
        return smtplib.SMTP_SSL(host, port, own_host, timeout=TIMEOUT_S, context=context)

    def _encrypt(self) -> None:
        """STARTTLS where it is offered. Without it, a password is only sent to this machine itself."""
        self._smtp.ehlo_or_helo_if_needed()
        if not self._server.tls:
            if not self._smtp.has_extn("starttls"):
                if self._server.password and not self._server.is_local:
                    raise ServerFailed(Problem.TLS_MISSING)
                return
            _expect(self._smtp.starttls(context=self._tls_context()), Problem.TLS_FAILED, of_server=True)
            self._smtp.ehlo_or_helo_if_needed()
        self._on_step(ENCRYPTED)

    def _sign_in(self) -> None:
        if not self._server.user:
            return
        try:
            self._smtp.login(self._server.user, self._server.password)
        except smtplib.SMTPAuthenticationError as error:
            reply = reply_of(error.smtp_code, error.smtp_error)
            raise ServerFailed(Problem.SIGN_IN_REFUSED, reply) from None
        except smtplib.SMTPResponseException:
            raise
        except smtplib.SMTPServerDisconnected:
            raise
        except smtplib.SMTPException:  # it offers no sign-in, or none of the usual methods
            raise ServerFailed(Problem.SIGN_IN_MISSING) from None
        self._on_step(SIGNED_IN)

    def _transmit(self, content: bytes) -> tuple[int, bytes]:
        assert self._smtp.sock is not None, "MAIL and RCPT were answered on it"
        self._smtp.sock.settimeout(ACCEPT_TIMEOUT_S)
        try:
            return self._smtp.data(content)
        except smtplib.SMTPDataError as error:
            text = error.smtp_error
            return error.smtp_code, text.encode() if isinstance(text, str) else text
        finally:
            if self._smtp.sock is not None:
                self._smtp.sock.settimeout(TIMEOUT_S)

    def _tls_context(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        if self._server.is_local:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context

    @contextmanager
    def _limited(self) -> Iterator[None]:
        timer = Timer(LIMIT_S, self._cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _cut(self) -> None:
        """The thread that waits for a reply then finds the connection closed."""
        if (sock := self._smtp.sock) is not None:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)


def _expect(answer: tuple[int, bytes], problem: Problem, *, of_server: bool = False) -> Reply:
    """The reply, if it accepts. Raises ServerFailed when the refusal does not concern this message alone."""
    reply = reply_of(*answer)
    if reply.accepted:
        return reply
    if reply.code < 0:  # smtplib's code for what is no reply at all
        raise ServerFailed(Problem.CONNECTION_LOST, None)
    if of_server or reply.code == SERVICE_CLOSES:
        raise ServerFailed(problem, reply)
    raise MessageRefused(problem, reply)


@contextmanager
def _server_failures() -> Iterator[None]:
    """Translate the errors of libraries, whose texts may contain addresses, into ServerFailed."""
    try:
        yield
    except (smtplib.SMTPConnectError, smtplib.SMTPHeloError) as error:
        reply = reply_of(error.smtp_code, error.smtp_error)
        raise ServerFailed(Problem.GREETING_REFUSED, reply) from None
    except smtplib.SMTPServerDisconnected as error:
        slow = isinstance(error.__context__, TimeoutError)
        raise ServerFailed(Problem.TIMED_OUT if slow else Problem.CONNECTION_LOST) from None
    except smtplib.SMTPException:
        raise ServerFailed(Problem.CONNECTION_LOST) from None
    except ssl.SSLError:
        raise ServerFailed(Problem.TLS_FAILED) from None
    except TimeoutError:
        raise ServerFailed(Problem.TIMED_OUT) from None
    except OSError:
        raise ServerFailed(Problem.UNREACHABLE) from None
