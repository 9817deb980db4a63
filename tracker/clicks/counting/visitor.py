"""What is stored of a visitor: device, country, referring host and a daily visitor hash. Pure.

No address is kept and no fingerprint is made. A mark says "the same browser at the same address opened this
link before", and nothing else: it is keyed with a key that is destroyed, and differs from link to link.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from hashlib import blake2b
from ipaddress import IPv4Address, ip_address
from typing import NamedTuple
from urllib.parse import urlsplit
from uuid import UUID

from iptocc import country_code

from tracker.base64url import base64url
from tracker.people.accounts.rules import is_ip_address

HEADERS = ("user-agent", "referer", "sec-purpose", "purpose", "x-purpose", "x-moz", "sec-fetch-dest")
"""All the headers that are ever kept for a moment, in lower case. No cookie, no language."""

HEADER_LENGTH = 256
"""Longer headers are cut before anything reads them: 8 kB of user agent cost 5 ms of patterns (measured)."""

_OTHER = re.compile(
    r"SMART-TV|SmartTV|HbbTV|Web0S|AppleTV|GoogleTV|CrKey|BRAVIA|OculusBrowser", re.IGNORECASE
)
_TABLET = re.compile(
    r"iPad|Tablet|PlayBook|Silk/|Kindle|^(?!.*(\bMobile\b|Opera Mini)).*Android", re.IGNORECASE
)
_PHONE = re.compile(r"iPhone|iPod|Mobile|Windows Phone|KaiOS|Opera Mini", re.IGNORECASE)
_DESKTOP = re.compile(r"Windows NT|Macintosh|X11|CrOS|Linux", re.IGNORECASE)
_COUNTRY = re.compile(r"[A-Z]{2}")
_NON_COUNTRY_CODES = ("XX", "T1", "ZZ", "AP", "EU")
"""What registries and proxies say for "unknown", Tor and whole regions."""
_HASH_BYTES = 8
_REFERRER_HOST = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*")


def device_class(headers: Mapping[str, str]) -> str:
    """phone, tablet, desktop or other. An iPad that asks for desktop pages says that it is a Mac."""
    return _device_class(headers.get("user-agent", "")[:HEADER_LENGTH])


@lru_cache(maxsize=4096)
def _device_class(user_agent: str) -> str:
    kinds = ((_OTHER, "other"), (_TABLET, "tablet"), (_PHONE, "phone"), (_DESKTOP, "desktop"))
    for pattern, device in kinds:
        if pattern.search(user_agent):
            return device
    return "other"


def referrer_host(headers: Mapping[str, str]) -> str | None:
    """The host of the page (or Android app) that had the link; never its path, which can name a person."""
    return _host_of(headers.get("referer", "")[:HEADER_LENGTH])


@lru_cache(maxsize=4096)
def _host_of(address: str) -> str | None:
    try:
        host = urlsplit(address).hostname or ""
    except ValueError:
        return None
    return host if _REFERRER_HOST.fullmatch(host) and not is_ip_address(host) else None


@dataclass(frozen=True)
class DayKeys:
    """The key of the day, and yesterday's while it lives, so that a repeat across midnight is seen."""

    today: bytes
    yesterday: bytes | None

    @cached_property
    def hash_state(self) -> tuple[blake2b, blake2b | None, blake2b]:
        """Marks of visitors, by both keys, and of networks: keyed once, and gone with the keys."""
        return (
            _keyed_hasher(self.today, b"visitor"),
            _keyed_hasher(self.yesterday, b"visitor") if self.yesterday else None,
            _keyed_hasher(self.today, b"network"),
        )


class VisitorHashes(NamedTuple):
    """`before` is what yesterday's key makes of the same visitor. `network` leaves out the browser."""

    visitor: str
    before: str | None
    network: str


def visitor_hashes(
    keys: DayKeys, link_id: UUID, address: str, headers: Mapping[str, str]
) -> VisitorHashes | None:
    """None when the address is not known."""
    network = _network(address)
    if network is None:
        return None
    browser = headers.get("user-agent", "")[:HEADER_LENGTH].encode("utf-8", "replace")
    place = link_id.bytes + network
    by_today, by_yesterday, of_network = keys.hash_state
    return VisitorHashes(
        visitor=_hash(by_today, place + browser),
        before=_hash(by_yesterday, place + browser) if by_yesterday else None,
        network=_hash(of_network, place),
    )


def _keyed_hasher(key: bytes, purpose: bytes) -> blake2b:
    return blake2b(key=key, person=purpose, digest_size=_HASH_BYTES)


def _hash(hash_state: blake2b, what: bytes) -> str:
    own = hash_state.copy()
    own.update(what)
    return base64url(own.digest()).decode("ascii")


@lru_cache(maxsize=4096)
def _network(address: str) -> bytes | None:
    """An IPv4 address, or the first half of an IPv6 address: a household has the whole of the other half."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return None
    return parsed.packed if isinstance(parsed, IPv4Address) else parsed.packed[:8]


def country(address: str, reported: str | None) -> str | None:
    """Two letters, from a proxy that is trusted to know (`reported`), else from the registries' own lists."""
    found = (reported or "").strip().upper() or country_code(address)
    return found if found and _COUNTRY.fullmatch(found) and found not in _NON_COUNTRY_CODES else None
