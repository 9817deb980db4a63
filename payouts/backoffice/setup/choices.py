"""What the set-up suggests for zones and currencies. Others can be typed."""

from functools import cache

from babel import Locale

from tracker.language.texts import LANGUAGES, current_language

_ZONE_NAMES = """
UTC Europe/Berlin Europe/Vienna Europe/Zurich Europe/London Europe/Dublin Europe/Paris Europe/Madrid
Europe/Lisbon Europe/Rome Europe/Amsterdam Europe/Brussels Europe/Copenhagen Europe/Stockholm Europe/Oslo
Europe/Helsinki Europe/Warsaw Europe/Prague Europe/Budapest Europe/Athens Europe/Bucharest Europe/Kyiv
Europe/Istanbul America/New_York America/Chicago America/Denver America/Los_Angeles America/Toronto
America/Mexico_City America/Sao_Paulo America/Bogota America/Santiago Africa/Cairo Africa/Lagos
Africa/Nairobi Africa/Johannesburg Asia/Dubai Asia/Jerusalem Asia/Kolkata Asia/Bangkok Asia/Singapore
Asia/Hong_Kong Asia/Shanghai Asia/Manila Asia/Seoul Asia/Tokyo Australia/Perth Australia/Sydney
Pacific/Auckland
"""
_ZONES = tuple(_ZONE_NAMES.split())
_CODES = "EUR USD GBP CHF DKK SEK NOK PLN CZK HUF RON CAD AUD NZD JPY SGD HKD INR BRL MXN ZAR"
_CURRENCIES = tuple(_CODES.split(" "))


def common_zones(chosen: str) -> tuple[str, ...]:
    """Zones in which many people live, and the one that is chosen."""
    return _ZONES if chosen in _ZONES or not chosen else (chosen, *_ZONES)


def common_currencies() -> list[tuple[str, str]]:
    """Codes with their names in the reader's language."""
    language = current_language()
    return _named(language if language in LANGUAGES else LANGUAGES[0])


@cache
def _named(language: str) -> list[tuple[str, str]]:
    names = Locale(language).currencies
    return [(code, str(names.get(code, code))) for code in _CURRENCIES]
