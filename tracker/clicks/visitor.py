"""The little that is kept of a visitor: kind of device and the host he came from. Pure."""

import re
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import urlsplit

from tracker.people.rules import is_ip_address

HEADERS = ("user-agent", "referer", "sec-purpose", "purpose", "x-purpose", "x-moz", "sec-fetch-dest")
"""All that is ever read of a request, in lower case. No address, no cookie, no language."""

HEADER_LENGTH = 256
"""Longer headers are cut before anything reads them: 8 kB of user agent cost 5 ms of patterns (measured)."""

_TABLET = re.compile(r"iPad|Tablet|PlayBook|Silk/|Kindle|Android(?!.*\bMobile\b)", re.IGNORECASE)
_PHONE = re.compile(r"iPhone|iPod|Mobile|Windows Phone|KaiOS", re.IGNORECASE)
_DESKTOP = re.compile(r"Windows NT|Macintosh|X11|CrOS|Linux", re.IGNORECASE)
_REFERRER_HOST = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*")


def device_class(headers: Mapping[str, str]) -> str:
    """phone, tablet, desktop or other. An iPad that asks for desktop pages says that it is a Mac."""
    return _device_class(headers.get("user-agent", "")[:HEADER_LENGTH])


@lru_cache(maxsize=4096)
def _device_class(user_agent: str) -> str:
    for pattern, device in ((_TABLET, "tablet"), (_PHONE, "phone"), (_DESKTOP, "desktop")):
        if pattern.search(user_agent):
            return device
    return "other"


def referrer_host(headers: Mapping[str, str]) -> str | None:
    """The host of the page (or Android app) that had the link; never its path, which can name a person."""
    try:
        host = urlsplit(headers.get("referer", "")[:HEADER_LENGTH]).hostname or ""
    except ValueError:
        return None
    return host if _REFERRER_HOST.fullmatch(host) and not is_ip_address(host) else None
