"""Texts for people in the language of the reader.

Modules write `from tracker.language.texts import gettext as _` and `_("You earn %(amount)s.", amount=…)`. A
text is always a format string, so a percent sign is written `%%`. English is the source. The translations are
in `texts/de.po` of each package; `make texts` adds new texts there.

The language is that of the running request (tracker.language.requests), or that of `use_language`.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from functools import cache
from importlib import import_module
from typing import Any, Protocol

LANGUAGES = ("en", "de")
"""The languages that a person can choose, English first: texts are written in it."""
PSEUDO_LANGUAGE = "xx"
"""Marks every translated text, so that a text outside the catalogues is seen. For tests and development."""
PSEUDO_MARKS = ("\N{MATHEMATICAL LEFT WHITE SQUARE BRACKET}", "\N{MATHEMATICAL RIGHT WHITE SQUARE BRACKET}")
CATALOGUES_MODULE = "tracker.language.catalogues"
"""Loaded when a translation is first needed: a process that speaks English only never reads one."""

_language: ContextVar[str] = ContextVar("language", default=LANGUAGES[0])


class _Translations(Protocol):
    def find(self, context: str | None, text: str) -> tuple[str, ...] | None: ...


def gettext(text: str, /, **values: Any) -> str:
    """The text in the current language, with its values inserted."""
    return translate(text) % values


def ngettext(singular: str, plural: str, num: int, /, **values: Any) -> str:
    """The form for `num` things; `%(num)s` inserts the number."""
    return translate_plural(singular, plural, num) % ({"num": num} | values)


def pgettext(context: str, text: str, /, **values: Any) -> str:
    """Like gettext, for a short text whose translation depends on where it stands, such as "Open"."""
    return translate_in_context(context, text) % values


def gettext_noop(text: str) -> str:
    """Mark a text for translation in a table of words; translate it where it is shown."""
    return text


def current_language() -> str:
    return _language.get()


@contextmanager
def use_language(code: str) -> Iterator[None]:
    """Speak this language inside the block. A language that we do not have is English."""
    token = set_language(code)
    try:
        yield
    finally:
        reset_language(token)


def set_language(code: str) -> Token[str]:
    """Like use_language, where begin and end are in different functions. Give the token to reset_language."""
    return _language.set(code if code in (*LANGUAGES, PSEUDO_LANGUAGE) else LANGUAGES[0])


def reset_language(token: Token[str]) -> None:
    _language.reset(token)


def translate(text: str) -> str:
    """The text in the current language, still with its placeholders; for template engines."""
    return _find(None, text, (text,))[0]


def translate_plural(singular: str, plural: str, num: int) -> str:
    forms = _find(None, singular, (singular, plural))
    return forms[num != 1]  # the rule of both languages


def translate_in_context(context: str, text: str) -> str:
    return _find(context, text, (text,))[0]


def _find(context: str | None, text: str, source: tuple[str, ...]) -> tuple[str, ...]:
    language = _language.get()
    if language == LANGUAGES[0]:
        return source
    if language == PSEUDO_LANGUAGE:
        return tuple(each.join(PSEUDO_MARKS) for each in source)
    found = _translations(language).find(context, text)
    return found if found is not None and len(found) == len(source) else source


@cache
def _translations(language: str) -> _Translations:
    read: Callable[[str], _Translations] = import_module(CATALOGUES_MODULE).read_translations
    return read(language)
