"""The language of texts: chosen, nested, in templates, and marked by the pseudo-language."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Environment

from tracker.language.negotiation import best_language
from tracker.language.templates import install_texts
from tracker.language.texts import (
    PSEUDO_MARKS,
    current_language,
    gettext,
    ngettext,
    pgettext,
    use_language,
)


def test_english_is_the_language_without_a_request() -> None:
    assert current_language() == "en"
    assert gettext("Sign in as %(name)s", name="Anna") == "Sign in as Anna"


def test_a_language_ends_with_its_block() -> None:
    with use_language("de"):
        with use_language("fr"):
            assert current_language() == "en", "a language that we do not have is English"
        assert current_language() == "de"
    assert current_language() == "en"


def test_a_plural_inserts_its_number() -> None:
    assert [ngettext("%(num)s link", "%(num)s links", number) for number in (0, 1, 2)] == [
        "0 links",
        "1 link",
        "2 links",
    ]


def test_a_text_without_a_translation_stays_english() -> None:
    with use_language("de"):
        assert gettext("No page has this text.") == "No page has this text."
        assert pgettext("nowhere", "Open") == "Open"


def test_the_pseudo_language_marks_texts_and_their_values() -> None:
    begin, end = PSEUDO_MARKS
    with use_language("xx"):
        assert gettext("Sign in as %(name)s", name="Anna") == f"{begin}Sign in as Anna{end}"
        assert ngettext("%(num)s link", "%(num)s links", 2) == f"{begin}2 links{end}"


def test_templates_speak_the_language_of_the_moment_they_are_rendered() -> None:
    environment = Environment(autoescape=True)
    install_texts(environment)
    template = environment.from_string(
        "{{ 1234 | format_number }} {% trans name=name %}Hello\n  {{ name }}, 10 %{% endtrans %}"
    )
    assert template.render(name="<b>") == "1,234 Hello &lt;b&gt;, 10 %"
    with use_language("de"):
        assert template.render(name="Anna").startswith("1.234 ")
    with use_language("xx"):
        assert template.render(name="Anna").endswith("Hello Anna, 10 %".join(PSEUDO_MARKS))


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("de", "de"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("fr-CH, fr;q=0.9, en;q=0.8, de;q=0.7, *;q=0.5", "en"),
        ("fr, DE;q=0.1", "de"),
        ("de;q=0, en;q=0.5", "en"),
        ("de;q=0", "en"),
        ("en;q=0.2,de;q=0.250", "de"),
        ("de;q=2,en;q=0.1", "en"),
        ("de;level=1,en;q=0.1", "en"),
        ("*", "en"),
    ],
)
def test_the_language_follows_the_browser(header: str, language: str) -> None:
    assert best_language(header) == language


@given(st.text())
def test_any_header_gives_a_language(header: str) -> None:
    assert best_language(header) in ("en", "de")
    assert best_language("q" + ";q=" + header) in ("en", "de")
