"""The language of a request: that of the person who is signed in, else what the browser asks for."""

from contextvars import Token

from flask import Flask, g, request

from tracker.http.safety import is_machine_path
from tracker.http.site import site
from tracker.language.negotiation import best_language
from tracker.language.texts import (
    LANGUAGES,
    PSEUDO_LANGUAGE,
    current_language,
    reset_language,
    set_language,
)

_TOKENS = "language_tokens"


def install_languages(app: Flask) -> None:
    """Choose the language before each request and forget it after."""
    app.before_request(_begin)
    app.teardown_request(_end)


def prefer_language(code: str) -> None:
    """Speak the language of the person who is signed in for the rest of this request."""
    if current_language() != PSEUDO_LANGUAGE:
        _remember(set_language(code))


def _begin() -> None:
    """Programs get English, so that they can compare messages."""
    if is_machine_path(request.path):
        _remember(set_language(LANGUAGES[0]))
        return
    pseudo = (PSEUDO_LANGUAGE,) if site().settings.env == "development" else ()
    header = request.headers.get("Accept-Language", "")
    _remember(set_language(best_language(header, (*LANGUAGES, *pseudo))))


def _remember(token: Token[str]) -> None:
    tokens: list[Token[str]] = g.setdefault(_TOKENS, [])
    tokens.append(token)


def _end(_error: BaseException | None) -> None:
    """The thread serves other requests after this one."""
    for token in reversed(g.pop(_TOKENS, [])):
        reset_language(token)
