"""Messages are composed from templates: plain and HTML, in the language of the reader, in a brand's look."""

import re
from typing import Any

import pytest
from jinja2 import UndefinedError

from tracker.language.texts import PSEUDO_LANGUAGE
from tracker.mail.compose import LINE_LENGTH, PRODUCT, MailLook, compose
from tracker.mail.letters import Letter

TEAS = MailLook("Teas & Co", "#aa2200", "https://teas.example/logo.png", "hello@teas.example")


def letter_of(language: str = "en", look: MailLook = PRODUCT, **values: Any) -> Letter:
    context = {"web_url": "https://app.example", "sent_at": "Mon 30 November 2026, 20:00 CET"} | values
    return compose("test", language, look, **context)


def test_both_forms_say_the_same() -> None:
    letter = letter_of()
    assert letter.subject == "Test message of Linkledger"
    for form in (letter.text, letter.html):
        assert "This is a test." in form
        assert "https://app.example" in form
    assert letter.html.startswith("<!doctype html>")


def test_a_message_has_the_look_of_its_brand() -> None:
    letter = letter_of(look=TEAS)
    assert (letter.from_name, letter.reply_to) == ("Teas & Co", "hello@teas.example")
    assert "to reach Teas & Co." in letter.text
    assert "to reach Teas &amp; Co." in letter.html
    assert 'src="https://teas.example/logo.png" alt="Teas &amp; Co"' in letter.html
    assert "Nobody reads replies" in letter_of().text


def test_a_message_is_in_the_language_of_its_reader() -> None:
    letter = letter_of("de")
    assert letter.subject == "Testnachricht von Linkledger"
    assert "Das ist ein Test." in letter.text
    assert '<html lang="de">' in letter.html
    assert letter_of("tlh").subject == "Test message of Linkledger"
    assert letter_of(PSEUDO_LANGUAGE).text.startswith("⟦This is a test.⟧")


def test_values_cannot_bring_markup_or_hidden_characters() -> None:
    letter = letter_of(look=MailLook("<script>alert(1)</script>\u202e\x00", contact="a@b.example"))
    assert "<script>" not in letter.html
    assert "&lt;script&gt;" in letter.html
    for form in (letter.text, letter.html):
        assert "\u202e" not in form
        assert "\x00" not in form


def test_plain_lines_are_short_but_addresses_whole() -> None:
    url = f"https://app.example/{'x' * 300}"
    lines = letter_of(web_url=url).text.split("\n")
    assert [line for line in lines if len(line) > LINE_LENGTH] == [url]
    assert "-- " in lines


def test_a_mail_loads_nothing_and_runs_nothing() -> None:
    html = letter_of(look=TEAS).html
    assert re.findall(r"<(?:script|link|iframe|object|form)", html) == []
    assert re.findall(r'src="([^"]+)"', html) == ["https://teas.example/logo.png"]
    assert "url(" not in html
    assert " on" not in "".join(re.findall(r"<[^>]+>", html))


def test_a_missing_value_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        compose("test", "en", web_url="https://app.example")
