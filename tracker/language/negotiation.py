"""The language that a browser asks for (RFC 9110, section 12.5.4). Pure."""

import re
from collections.abc import Sequence

from tracker.language.texts import LANGUAGES

MAX_RANGES = 20
_QUALITY = re.compile(r"[01](\.[0-9]{0,3})?")


def best_language(accept_language: str, offered: Sequence[str] = LANGUAGES) -> str:
    """The offered language with the highest quality in the header Accept-Language; else the first one."""
    wanted: dict[str, int] = {}
    for part in accept_language.split(",", MAX_RANGES)[:MAX_RANGES]:
        tag, _, parameter = part.strip().partition(";")
        code = tag.strip().lower().partition("-")[0]
        if code in offered:
            wanted[code] = max(wanted.get(code, 0), _quality_in_thousandths(parameter))
    best = max(wanted, key=lambda code: wanted[code], default=offered[0])
    return best if wanted.get(best) else offered[0]


def _quality_in_thousandths(parameter: str) -> int:
    """ "q=0.8" -> 800; 1000 without a parameter, 0 when it cannot be read."""
    if not parameter.strip():
        return 1000
    name, _, value = parameter.strip().partition("=")
    if name.strip().lower() != "q" or _QUALITY.fullmatch(value.strip()) is None:
        return 0
    whole, _, digits = value.strip().partition(".")
    return min(int(whole) * 1000 + int(digits.ljust(3, "0")), 1000)
