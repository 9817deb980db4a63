"""Validation of destinations: https, a host that the brand allows, and one normal form. Pure."""

import re
from collections.abc import Collection
from urllib.parse import SplitResult, quote, urlsplit

from tracker.errors import Invalid
from tracker.people.accounts.rules import is_loopback, normalize_host

MAX_DESTINATION_LENGTH = 2048

_BROKEN_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_START = re.compile(r"https?://[^/?#]", re.IGNORECASE)
# Characters that need no escaping (RFC 3986). Not brackets: some clients escape them in a Location header.
_SAFE_IN_PATH = "/%:@!$&'()*+,;=~"
_SAFE_IN_QUERY = _SAFE_IN_PATH + "?"


def checked_destination(text: str, hosts: Collection[str], brand_id: str) -> str:
    """The destination in ASCII, with the host in its normal form. Raises Invalid and says what to change.

    `hosts` are the brand's hosts in their normal form. Whatever two parsers could read as different hosts is
    rejected, not repaired: user names, backslashes, control characters.
    """
    address = text.strip(" ")
    _reject_ambiguous(address)
    parts = _split(address)
    host, port = normalize_host(parts.hostname or ""), _port(parts)
    if host not in hosts:
        known = ", ".join(sorted(hosts)) or "none yet"
        raise Invalid(
            f"The host {host} is not one of the brand's ({known}). "
            f"Allow it with: linkledger brand allow-host {brand_id} {host}"
        )
    if parts.scheme == "http" and not is_loopback(host):
        raise Invalid(
            f"The destination on {host} must start with https://: an http page can be altered on its way."
        )
    destination = _join(parts, host, port)
    if len(destination) > MAX_DESTINATION_LENGTH:
        raise Invalid(
            f"The destination has {len(destination)} characters; the limit is {MAX_DESTINATION_LENGTH}."
        )
    return destination


def page_on_same_host(destination: str, path: str) -> str | None:
    """The URL of `path` on the host of `destination`; None unless it is unambiguously a path on that host.

    `path` comes from a visitor and chooses the page, never the host (decision 0019).
    """
    if not path.startswith("/") or path.startswith("//"):
        return None
    origin, host = destination_origin(destination)
    try:
        return checked_destination(origin + path, {host}, "")
    except Invalid:
        return None


def destination_origin(destination: str) -> tuple[str, str]:
    """The origin (scheme, host and port) and the host of a checked destination."""
    parts = urlsplit(destination)
    return f"{parts.scheme}://{parts.netloc}", parts.hostname or ""


def _reject_ambiguous(address: str) -> None:
    if not address.isprintable() or " " in address:
        raise Invalid("The destination contains a space or an invisible character; write a space as %20.")
    if "\\" in address:
        raise Invalid("The destination contains a backslash; write %5C if the shop really needs one.")
    if not _START.match(address):
        raise Invalid("The destination must be a complete URL, such as https://shop.example/page.")
    if _BROKEN_PERCENT.search(address):
        raise Invalid(
            "The destination contains a % without two hex digits after it; write a percent sign as %25."
        )


def _split(address: str) -> SplitResult:
    try:
        parts = urlsplit(address)
    except ValueError:
        raise Invalid(
            "The destination's host cannot be read; write a URL such as https://shop.example/page."
        ) from None
    if "@" in parts.netloc:
        raise Invalid("The destination has a user name before its host; remove everything up to the @.")
    return parts


def _port(parts: SplitResult) -> int | None:
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0:
        raise Invalid("The destination's port must be a number from 1 to 65535.")
    return None if port == {"https": 443, "http": 80}[parts.scheme] else port


def _join(parts: SplitResult, host: str, port: int | None) -> str:
    authority = f"[{host}]" if ":" in host else host
    if port is not None:
        authority = f"{authority}:{port}"
    address = f"{parts.scheme}://{authority}{quote(parts.path or '/', safe=_SAFE_IN_PATH)}"
    if parts.query:
        address += "?" + quote(parts.query, safe=_SAFE_IN_QUERY)
    if parts.fragment:
        address += "#" + quote(parts.fragment, safe=_SAFE_IN_QUERY)
    return address
