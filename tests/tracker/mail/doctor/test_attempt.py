"""The mail server step by step: a real one that refuses at each of them."""

import ssl

import pytest

from tests.harness.mail_server import Mailbox, check_password, free_port, running_mail_server
from tracker.mail.delivery.server import mail_server
from tracker.mail.doctor.attempt import try_server
from tracker.mail.doctor.findings import Finding, State

SENDER, HOST = "post@teas.example", "teas.example"
TO = "anna@people.example"
CONTENT = b"Subject: test\r\n\r\ntest\r\n"


def tried(url: str, to: str | None = TO) -> list[Finding]:
    server = mail_server(url)
    assert server is not None
    return list(try_server(server, SENDER, HOST, to, lambda: CONTENT))


def states(found: list[Finding]) -> list[tuple[str, str]]:
    return [(each.check, each.state.value) for each in found]


def test_each_step_is_told(certificate: ssl.SSLContext) -> None:
    with running_mail_server(tls=certificate, authenticator=check_password, auth_required=True) as box:
        found = tried(f"smtp://mailer:hunter2%20%40@127.0.0.1:{box.port}")
        assert box.raw == [CONTENT]
    assert states(found) == [
        ("connection", "ok"),
        ("encryption", "ok"),
        ("sign-in", "ok"),
        ("test message", "ok"),
    ]
    assert "code 250" in found[-1].message
    assert "not seen from here" in found[-1].message
    assert "hunter2" not in repr(found)


def test_without_an_address_nothing_is_sent() -> None:
    with running_mail_server() as box:
        assert states(tried(box.url, None)) == [("connection", "ok"), ("encryption", "ok"), ("sign-in", "ok")]
        assert box.connections == 1
        assert box.raw == []


def test_a_server_that_is_down_is_the_only_finding() -> None:
    (found,) = tried(f"smtp://127.0.0.1:{free_port()}")
    assert (found.check, found.state) == ("connection", State.WRONG)
    assert "LINKLEDGER_SMTP_URL" in found.message


def test_a_refused_sign_in_names_the_code(certificate: ssl.SSLContext) -> None:
    with running_mail_server(tls=certificate, authenticator=check_password, auth_required=True) as box:
        found = tried(f"smtp://mailer:wrong@127.0.0.1:{box.port}")
    assert states(found) == [("connection", "ok"), ("encryption", "ok"), ("sign-in", "wrong")]
    assert "The server said: 535" in found[-1].message


def test_a_server_without_tls_fails_at_the_encryption() -> None:
    with running_mail_server() as box:
        found = tried(f"smtps://127.0.0.1:{box.port}")
    assert states(found) == [("encryption", "wrong")]


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("on_mail", "LINKLEDGER_MAIL_FROM"),
        ("on_recipient", "did not accept the recipient"),
        ("on_content", "did not accept the message"),
    ],
)
def test_a_refused_message_names_what_was_refused(place: str, words: str) -> None:
    box = Mailbox()
    setattr(box, place, lambda _: "550 5.7.1 not here")
    with running_mail_server(box):
        found = tried(box.url)
    assert states(found)[-1] == ("test message", "wrong")
    assert words in found[-1].message
    assert "The server said: 550 5.7.1 not here" in found[-1].message


def test_an_address_that_cannot_be_served_is_named() -> None:
    with running_mail_server() as box:
        found = tried(box.url, "jörg@people.example")
    assert states(found)[-1] == ("test message", "wrong")
