"""The client of a request: only trusted proxies can set it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.http.client import Client, client_of, is_direct_loopback, normalize_address, trusted_networks

TRUSTED = trusted_networks("10.0.0.1, 192.168.0.0/24, fd00::/8")


def seen(peer: str, **headers: str) -> Client:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client_of(peer, "http", "inner:8001", named.get, TRUSTED)


def test_a_trusted_proxy_determines_the_client() -> None:
    client = seen(
        "10.0.0.1", x_forwarded_for="203.0.113.9", x_forwarded_proto="HTTPS", x_forwarded_host="go.example"
    )
    assert client == Client("203.0.113.9", "https", "go.example", True)


@pytest.mark.parametrize("peer", ["10.0.0.2", "203.0.113.1", "fe80::1", "", "nonsense"])
def test_headers_of_untrusted_peers_are_ignored(peer: str) -> None:
    client = seen(peer, x_forwarded_for="198.51.100.7", x_forwarded_proto="https", x_forwarded_host="evil")
    assert client == Client(normalize_address(peer), "http", "inner:8001", False)


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        ("198.51.100.7, 203.0.113.9", "203.0.113.9"),
        ("198.51.100.7, 203.0.113.9, 192.168.0.4", "203.0.113.9"),
        ("203.0.113.9, 192.168.0.4, fd00::1", "203.0.113.9"),
        ("203.0.113.9:4711", "203.0.113.9"),
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ("2001:DB8:0::1", "2001:db8::1"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("203.0.113.9, unknown", "10.0.0.1"),
        ("203.0.113.9, <script>, 192.168.0.4", "192.168.0.4"),
        ("", "10.0.0.1"),
        (",,,", "10.0.0.1"),
        ("192.168.0.9", "192.168.0.9"),
    ],
)
def test_the_client_is_the_last_address_that_is_not_a_trusted_proxy(forwarded: str, address: str) -> None:
    assert seen("10.0.0.1", x_forwarded_for=forwarded).address == address


def test_invalid_proxy_headers_are_ignored() -> None:
    client = seen("10.0.0.1", x_forwarded_proto="javascript", x_forwarded_host="")
    assert (client.scheme, client.host) == ("http", "inner:8001")


@given(st.text(max_size=60), st.lists(st.text(max_size=20), max_size=40))
def test_the_client_address_is_always_normalized_or_empty(peer: str, hops: list[str]) -> None:
    for each in (
        seen(peer, x_forwarded_for=",".join(hops)),
        seen("10.0.0.1", x_forwarded_for=",".join(hops)),
    ):
        assert each.address == normalize_address(each.address)


@pytest.mark.parametrize(
    ("peer", "headers", "direct"),
    [
        ("127.0.0.1", {}, True),
        ("::1", {}, True),
        ("::ffff:127.0.0.1", {}, True),
        ("127.0.0.1", {"x-forwarded-for": "127.0.0.1"}, False),
        ("127.0.0.1", {"via": "1.1 proxy"}, False),
        ("203.0.113.9", {}, False),
        ("", {}, False),
    ],
)
def test_a_local_proxy_is_not_a_direct_caller(peer: str, headers: dict[str, str], direct: bool) -> None:
    assert is_direct_loopback(peer, headers.get) is direct
