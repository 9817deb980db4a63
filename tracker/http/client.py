"""The client, scheme and host of a request behind proxies, the same for every entry point. Pure.

X-Forwarded-For, -Proto and -Host are trusted only if the peer is listed in LINKLEDGER_TRUSTED_PROXIES: every
other client can write these headers itself.
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
    """The sender of a request. `address` is "" if unknown; `proxied`: a trusted proxy supplied the values."""

    address: str
    scheme: str
    host: str
    proxied: bool


def trusted_networks(setting: str) -> Networks:
    """The networks in a comma-separated list of addresses and networks, which the settings have checked."""
    return tuple(ip_network(each.strip()) for each in setting.split(",") if each.strip())


def client_of(peer: str, scheme: str, host: str, header: Header, trusted: Networks) -> Client:
    """The client of a request.

    `peer`, `scheme` and `host` are those of the connection; `header` finds a header by its lower-case name
    and joins repeated headers with commas, as HTTP defines. The address is the last one in X-Forwarded-For
    that is not a trusted proxy: the client itself can choose the addresses before it.
    """
    peer_address = normalize_address(peer)
    if not trusted or not _is_trusted(peer_address, trusted):
        return Client(peer_address, scheme, host, False)
    forwarded_scheme = _last_value(header("x-forwarded-proto")).lower()
    return Client(
        _client_address(peer_address, header("x-forwarded-for"), trusted),
        forwarded_scheme if forwarded_scheme in ("http", "https") else scheme,
        _last_value(header("x-forwarded-host")) or host,
        True,
    )


def is_direct_loopback(peer: str, header: Header) -> bool:
    """Whether the request comes directly from this machine, without a proxy."""
    return _is_loopback(normalize_address(peer)) and not any(header(name) for name in FORWARDING_HEADERS)


@lru_cache(maxsize=4096)
def normalize_address(text: str) -> str:
    """The IP address without port and brackets, IPv4-mapped IPv6 as IPv4; "" if `text` is not an address."""
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
        hop_address = normalize_address(hop)
        if not hop_address:
            break
        address = hop_address
        if not _is_trusted(address, trusted):
            break
    return address


@lru_cache(maxsize=4096)
def _is_trusted(address: str, trusted: Networks) -> bool:
    return bool(address) and any(ip_address(address) in network for network in trusted)


def _last_value(value: str | None) -> str:
    return (value or "").rpartition(",")[2].strip()
