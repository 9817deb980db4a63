"""The bytes of a message: nobody adds a header by a name, and every line is short."""

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest

from tests.harness.databases.snapshots import NOW
from tests.harness.mail_server import html_part, plain_part
from tracker.mail.delivery.message import Sender, content_of
from tracker.mail.letters import NAME_LENGTH, SUBJECT_LENGTH, one_line
from tracker.mail.models import MailMessage
from tracker.mail.outbox import Body

UGLY = [
    "Anna\r\nBcc: eve@evil.example\r\n\r\nbody",
    "x" * 500,
    "Größe äöü " * 50,
    '"quoted" \\ <a@b.example>, "two" <c@d.example>',
    "\u202eevil\u2066\x00\x07",
    "=?utf-8?q?Bcc=3A_eve?=",
    "名前" * 100,
    "=HYPERLINK(1)",
    "👩‍👩‍👧 family",
    "(comment) ; group:",
    "",
]


def built(name: str = "Anna", text: str = "Hello", subject: str = "Hello", **fields: Any) -> bytes:
    message = MailMessage(
        id="mal_1",
        kind="team_changed",
        to_address="anna@people.example",
        to_name=one_line(name, NAME_LENGTH),
        from_name=one_line(fields.pop("from_name", name), NAME_LENGTH),
        reply_to=fields.pop("reply_to", "post@teas.example"),
        language="de",
        created_at=NOW,
    )
    body = Body(one_line(subject, SUBJECT_LENGTH), text, f"<p>{text}</p>")
    return content_of(message, body, Sender("linkledger@app.teas.example"), fields.pop("url", None))


def parsed(content: bytes) -> EmailMessage:
    return message_from_bytes(content, policy=default)


@pytest.mark.parametrize("ugly", UGLY)
def test_no_name_and_no_subject_adds_a_header_or_a_recipient(ugly: str) -> None:
    message = parsed(built(name=ugly, subject=ugly))
    assert set(message.keys()) == {
        *("From", "To", "Reply-To", "Subject", "Date", "Message-ID", "Auto-Submitted"),
        *("MIME-Version", "Content-Type"),
    }
    assert [each.addr_spec for each in message["To"].addresses] == ["anna@people.example"]
    assert [each.addr_spec for each in message["From"].addresses] == ["linkledger@app.teas.example"]
    assert [each.addr_spec for each in message["Reply-To"].addresses] == ["post@teas.example"]
    assert message["Subject"] == one_line(ugly, SUBJECT_LENGTH)
    assert message["To"].addresses[0].display_name == one_line(ugly, NAME_LENGTH)
    assert plain_part(message).strip() == "Hello"


@pytest.mark.parametrize("ugly", UGLY)
def test_every_line_is_short_and_ascii(ugly: str) -> None:
    for line in built(name=ugly, text=f"{ugly}\n" + "y" * 5000, subject=ugly).split(b"\r\n"):
        assert len(line) <= 998
        assert line.isascii()
        assert b"\n" not in line


def test_long_lines_and_dots_arrive_as_they_are() -> None:
    text = "z" * 5000 + "\n.\n.hidden\nFrom me"
    message = parsed(built(text=text))
    assert plain_part(message).replace("\r\n", "\n").strip() == text
    assert html_part(message).replace("\r\n", "\n").strip() == f"<p>{text}</p>"


def test_one_click_unsubscribe_is_declared_where_it_is_possible() -> None:
    url = "https://app.teas.example/app/unsubscribe/" + "t" * 120
    message = parsed(built(url=url))
    assert message["List-Unsubscribe"].replace(" ", "") == f"<{url}>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert parsed(built())["List-Unsubscribe"] is None
