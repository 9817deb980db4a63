"""The connection to a mail server: encryption, sign-in, and servers that misbehave."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from tests.harness.mail_server import PASSWORD, USER, check_password, running_mail_server
from tracker.mail.delivery import connection
from tracker.mail.delivery.connection import Connection, ServerFailed
from tracker.mail.delivery.rules import Problem, reply_of, wait_after
from tracker.mail.delivery.server import MailServer, mail_server, sender_address

HOST = "app.teas.example"
QUOTED = "mailer:hunter2%20%40"
MESSAGE = b"Subject: hello\r\n\r\n.hidden dot\r\n"


def steps_of(server: MailServer) -> list[str]:
    steps: list[str] = []
    opened = Connection(server, HOST, steps.append)
    opened.send("a@teas.example", "b@people.example", MESSAGE)
    opened.close()
    return steps


def local(url: str) -> MailServer:
    found = mail_server(url)
    assert found is not None
    return found


def test_a_plain_server_is_used_as_it_is() -> None:
    with running_mail_server() as box:
        assert steps_of(local(box.url)) == ["connected", "accepted"]
        assert box.raw == [MESSAGE]


def test_the_connection_is_encrypted_where_the_server_offers_it(certificate: ssl.SSLContext) -> None:
    with running_mail_server(tls=certificate, require_starttls=True) as box:
        assert steps_of(local(box.url)) == ["connected", "encrypted", "accepted"]


def test_user_and_password_are_those_of_the_setting(certificate: ssl.SSLContext) -> None:
    with running_mail_server(tls=certificate, authenticator=check_password, auth_required=True) as box:
        url = f"smtp://{QUOTED}@127.0.0.1:{box.port}"
        assert (local(url).user, local(url).password) == (USER, PASSWORD)
        assert steps_of(local(url)) == ["connected", "encrypted", "signed in", "accepted"]
        with pytest.raises(ServerFailed) as refused:
            Connection(local(f"smtp://mailer:wrong@127.0.0.1:{box.port}"), HOST)
        assert refused.value.problem is Problem.SIGN_IN_REFUSED
        assert refused.value.reply is not None
        assert refused.value.reply.code == 535
        with pytest.raises(ServerFailed) as missing:
            steps_of(local(box.url))
        assert missing.value.problem is Problem.SENDER_REFUSED


def test_a_server_without_sign_in_is_named() -> None:
    with running_mail_server() as box, pytest.raises(ServerFailed) as failed:
        Connection(local(f"smtp://{QUOTED}@127.0.0.1:{box.port}"), HOST)
    assert failed.value.problem is Problem.SIGN_IN_MISSING


def test_a_password_is_not_sent_in_the_open_to_another_machine() -> None:
    with running_mail_server() as box:
        away = Away("127.0.0.1", box.port, tls=False, user=USER, password=PASSWORD)
        with pytest.raises(ServerFailed) as failed:
            Connection(away, HOST)
    assert failed.value.problem is Problem.TLS_MISSING


def test_the_certificate_of_another_machine_is_checked(certificate: ssl.SSLContext) -> None:
    with running_mail_server(tls=certificate) as box, pytest.raises(ServerFailed) as failed:
        Connection(Away("127.0.0.1", box.port, tls=False), HOST)
    assert failed.value.problem is Problem.TLS_FAILED


class Away(MailServer):
    """A server that counts as another machine."""

    @property
    def is_local(self) -> bool:
        return False


@contextmanager
def raw_server(serve: Callable[[socket.socket], object]) -> Iterator[MailServer]:
    """A server whose only connection is served by a function."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def accept() -> None:
            client, _ = listening.accept()
            with client:
                serve(client)

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield MailServer("127.0.0.1", listening.getsockname()[1], tls=False)
        thread.join(10)


def failure_with(serve: Callable[[socket.socket], object]) -> ServerFailed:
    with raw_server(serve) as server, pytest.raises(ServerFailed) as failed:
        steps_of(server)
    return failed.value


def test_a_server_that_refuses_the_greeting_is_named() -> None:
    failure = failure_with(lambda client: client.sendall(b"554 5.7.1 no service for you\r\n"))
    assert failure.problem is Problem.GREETING_REFUSED
    assert failure.reply is not None
    assert (failure.reply.code, failure.reply.enhanced_code) == (554, "5.7.1")


def test_a_server_that_hangs_up_is_named() -> None:
    assert failure_with(lambda client: client.sendall(b"220 hello\r\n")).problem is Problem.CONNECTION_LOST


def test_a_server_that_speaks_no_smtp_is_named() -> None:
    failure = failure_with(lambda client: client.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"))
    assert failure.problem in (Problem.GREETING_REFUSED, Problem.CONNECTION_LOST)


def test_a_silent_server_is_left_after_the_time_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "TIMEOUT_S", 0.1)
    assert failure_with(lambda client: client.recv(1)).problem is Problem.TIMED_OUT


def test_a_server_that_never_finishes_its_reply_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "LIMIT_S", 0.3)

    def drip(client: socket.socket) -> None:
        client.sendall(b"220 hello\r\n")
        client.recv(100)
        try:
            while True:
                client.sendall(b"250-another line\r\n")
        except OSError:
            return

    assert failure_with(drip).problem is Problem.CONNECTION_LOST


@pytest.mark.parametrize(
    ("url", "host", "port", "tls"),
    [
        ("smtp://mail.teas.example", "mail.teas.example", 587, False),
        ("smtps://mail.teas.example", "mail.teas.example", 465, True),
        ("smtp://localhost:25", "localhost", 25, False),
    ],
)
def test_the_port_follows_the_kind_of_address(url: str, host: str, port: int, tls: bool) -> None:
    assert mail_server(url) == MailServer(host, port, tls)
    assert mail_server("") is None


@pytest.mark.parametrize(
    ("mail_from", "web_url", "address"),
    [
        ("post@teas.example", "https://app.teas.example", "post@teas.example"),
        ("", "https://app.teas.example/x", "linkledger@app.teas.example"),
        ("", "http://127.0.0.1:8000", "linkledger@localhost"),
        ("", "https://tée.example", "linkledger@xn--te-bja.example"),
    ],
)
def test_the_sender_is_of_the_installation(mail_from: str, web_url: str, address: str) -> None:
    assert sender_address(mail_from, web_url) == address


def test_a_password_is_not_shown() -> None:
    assert PASSWORD not in repr(local(f"smtp://{QUOTED}@mail.teas.example"))


def test_replies_are_one_line_with_their_codes() -> None:
    reply = reply_of(550, b"5.7.26 Unauthenticated\r\n mail \xff from \x1b[31mteas")
    assert (reply.code, reply.enhanced_code) == (550, "5.7.26")
    assert reply.text == "5.7.26 Unauthenticated mail � from [31mteas"
    assert reply.permanent
    assert reply_of(250, "OK").enhanced_code is None


def test_the_first_wait_is_short_and_none_is_longer_than_hours() -> None:
    waits = [wait_after(attempts) for attempts in range(1, 50)]
    assert waits == sorted(waits)
    assert waits[0] <= timedelta(seconds=15)
    assert waits[-1] == timedelta(hours=2)
