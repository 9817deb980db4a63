"""The cookie that replaces the token of a set-up link, and the guesses that a browser's headers allow."""

from babel import Locale, UnknownLocaleError
from babel.core import get_global
from flask import Request, Response, request

from tracker.people.installation.rules import LINK_LIFETIME

NAME = "linkledger-setup"
_MAIN_ZONES = {
    "AR": "America/Argentina/Buenos_Aires",
    "AU": "Australia/Sydney",
    "BR": "America/Sao_Paulo",
    "CA": "America/Toronto",
    "CL": "America/Santiago",
    "CN": "Asia/Shanghai",
    "DE": "Europe/Berlin",
    "ES": "Europe/Madrid",
    "GB": "Europe/London",
    "ID": "Asia/Jakarta",
    "MX": "America/Mexico_City",
    "NZ": "Pacific/Auckland",
    "PT": "Europe/Lisbon",
    "RU": "Europe/Moscow",
    "UA": "Europe/Kyiv",
    "US": "America/New_York",
}
"""Where most people of a country with several zones live."""


def set_setup_cookie(response: Response, value: str) -> None:
    response.set_cookie(
        _name(),
        value,
        max_age=LINK_LIFETIME,
        secure=request.is_secure,
        httponly=True,
        samesite="Lax",
    )


def setup_cookie() -> str:
    """The value of the cookie; "" without one."""
    return request.cookies.get(_name(), "")


def clear_setup_cookie(response: Response) -> None:
    response.delete_cookie(_name(), secure=request.is_secure, httponly=True, samesite="Lax")


def guessed_zone(asked: Request) -> str:
    """The zone of the first country in Accept-Language, such as de-AT; UTC where none is named."""
    for tag, _quality in asked.accept_languages:
        territory = _territory(tag)
        zones: list[str] = get_global("territory_zones").get(territory, [])
        if territory in _MAIN_ZONES or zones:
            return _MAIN_ZONES.get(territory) or zones[0]
    return "UTC"


def _territory(tag: str) -> str:
    """DE of de-DE; also of de alone, as far as CLDR says where most people speak it."""
    try:
        locale = Locale.parse(tag.replace("-", "_"))
    except (ValueError, UnknownLocaleError):
        return ""
    if locale.territory:
        return str(locale.territory)
    likely: str = get_global("likely_subtags").get(locale.language, "")
    return likely.rpartition("_")[2]


def _name() -> str:
    """`__Host-` where there is TLS (RFC 6265bis, section 4.1.3.2)."""
    return f"__Host-{NAME}" if request.is_secure else NAME
