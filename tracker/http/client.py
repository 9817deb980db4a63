"""Who sent a request, and how, when proxies may stand in between: one answer for every door. Pure.

Forwarding headers are trusted only if the peer is listed in
LINKLEDGER_TRUSTED_PROXIES; anybody else could have written those headers himself.
"""

from collections.abc import Callable
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import NamedTuple

Networks = tuple[IPv4Network | IPv6Network, ...]
Header = Callable[[str], str | None]

MAX_PROXY_HOPS = 20
"""Maximum number of proxy hops that are evaluated."""
FORWARDING_HEADERS = (
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-real-ip",
    "via",
)


class Client(NamedTuple):
    """`address` in its usual form, or "" when it is not known. `proxied`: a trusted proxy said so."""

    address: str
    scheme: str
    host: str
    proxied: bool


def trusted_networks(setting: str) -> Networks:
    """Of addresses and networks with commas between them, as settings have checked them."""
    return tuple(ip_network(each.strip()) for each in setting.split(",") if each.strip())


def client_of(peer: str, scheme: str, host: str, header: Header, trusted: Networks) -> Client:
    """`peer`, `scheme` and `host` are those of the connection; `header` looks one up by its lower-case name.

    Headers that came several times are joined with commas, as HTTP has it. The address is the last one in
    X-Forwarded-For that is no trusted proxy: what stands before it, its sender could choose.
    """
    own = normalize_address(peer)
    if not trusted or not _is_trusted(own, trusted):
        return Client(own, scheme, host, False)
    forwarded_scheme = _last_value(header("x-forwarded-proto")).lower()
    return Client(
        _client_address(own, header("x-forwarded-for"), trusted),
        forwarded_scheme if forwarded_scheme in ("http", "https") else scheme,
        _last_value(header("x-forwarded-host")) or host,
        True,
    )


def is_direct_loopback(peer: str, header: Header) -> bool:
    """Whether the request comes directly from this machine and not through a local proxy."""
    return _is_loopback(normalize_address(peer)) and not any(header(name) for name in FORWARDING_HEADERS)


@lru_cache(maxsize=4096)
def normalize_address(text: str) -> str:
    """The address without port or brackets, an IPv4 one inside IPv6 as such; "" for what is none."""
    bare = text.strip()
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        address = ip_address(bare)
    except ValueError:
        return ""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)


@lru_cache(maxsize=4096)
def _is_loopback(address: str) -> bool:
    return bool(address) and ip_address(address).is_loopback


def _client_address(peer: str, forwarded: str | None, trusted: Networks) -> str:
    address = peer
    for hop in reversed((forwarded or "").rsplit(",", MAX_PROXY_HOPS)[-MAX_PROXY_HOPS:]):
        before = normalize_address(hop)
        if not before:
            break
        address = before
        if not _is_trusted(address, trusted):
            break
    return address


@lru_cache(maxsize=4096)
def _is_trusted(address: str, trusted: Networks) -> bool:
    return bool(address) and any(ip_address(address) in network for network in trusted)


def _last_value(value: str | None) -> str:
    return (value or "").rpartition(",")[2].strip()
