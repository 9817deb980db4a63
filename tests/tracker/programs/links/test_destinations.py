"""Validation and normal form of destinations."""

import re
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.urls import iri_to_uri

from tracker.errors import Invalid
from tracker.programs.links.destinations import MAX_DESTINATION_LENGTH, checked_destination

HOSTS = ["shop.example", "127.0.0.1", "xn--bcher-kva.example", "::1", "localhost"]


def checked(text: str) -> str:
    return checked_destination(text, HOSTS, "brd_1")


@pytest.mark.parametrize(
    ("text", "destination"),
    [
        ("https://shop.example", "https://shop.example/"),
        ("HTTPS://Shop.Example./A?b=C#d", "https://shop.example/A?b=C#d"),
        (" https://shop.example/ ", "https://shop.example/"),
        ("https://shop.example:443/a", "https://shop.example/a"),
        ("https://shop.example:8443/a", "https://shop.example:8443/a"),
        ("https://bücher.example/ä?ö=ü#ß", "https://xn--bcher-kva.example/%C3%A4?%C3%B6=%C3%BC#%C3%9F"),
        ("https://shop.example/a%20b?x=%2F", "https://shop.example/a%20b?x=%2F"),
        ("https://shop.example/?a[]=1&b=2|3", "https://shop.example/?a%5B%5D=1&b=2%7C3"),
        ("https://shop.example//evil.example/", "https://shop.example//evil.example/"),
        ("https://shop.example?to=https://evil.example", "https://shop.example/?to=https://evil.example"),
        ("http://127.0.0.1:8000/demo", "http://127.0.0.1:8000/demo"),
        ("http://[::1]:8000/demo", "http://[::1]:8000/demo"),
        ("http://localhost/demo", "http://localhost/demo"),
    ],
)
def test_destinations_are_normalized(text: str, destination: str) -> None:
    assert checked(text) == destination


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("https://evil.example/", "allow-host brd_1 evil.example"),
        ("https://www.shop.example/", "allow-host brd_1 www.shop.example"),
        ("https://shop.example.evil.example/", "allow-host"),
        ("https://evilshop.example/", "allow-host"),
        ("http://shop.example/", "https://"),
        ("https://shop.example@evil.example/", "user name"),
        ("https://shop.example:pass@shop.example/", "user name"),
        ("https://@shop.example/", "user name"),
        ("https://evil.example\\@shop.example/", "backslash"),
        ("https:\\\\shop.example/", "backslash"),
        ("//shop.example/", "complete URL"),
        ("https:shop.example", "complete URL"),
        ("https:///shop.example/", "complete URL"),
        ("/page", "complete URL"),
        ("shop.example", "complete URL"),
        ("javascript:alert(1)//shop.example", "complete URL"),
        ("data:text/html,x", "complete URL"),
        ("ftp://shop.example/", "complete URL"),
        ("", "complete URL"),
        ("https://shop.example/a\r\nSet-Cookie: x", "invisible"),
        ("https://shop.example/a\tb", "invisible"),
        ("https://shop.example/\u202e", "invisible"),
        ("https://shop.example/a b", "space"),
        ("https://shop.example/100%", "%25"),
        ("https://shop.example/%zz", "%25"),
        ("https://shop.example:99999/", "port"),
        ("https://shop.example:0/", "port"),
        ("https://shop.example:x/", "port"),
        ("https://shop.example%2eevil.example/", "not a host name"),
        ("https://[shop.example/", "cannot be read"),
        ("https://2130706433/", "IP address"),
        ("https://" + "a" * 300 + ".example/", "not a host name"),
        ("https://shop.example/" + "a" * MAX_DESTINATION_LENGTH, str(MAX_DESTINATION_LENGTH)),
        ("https://shop.example/\ud800", "invisible"),
    ],
)
def test_unsafe_destinations_are_rejected_with_a_reason(text: str, reason: str) -> None:
    with pytest.raises(Invalid, match=re.escape(reason)):
        checked(text)


def test_a_brand_without_hosts_gets_the_command_to_allow_one() -> None:
    with pytest.raises(Invalid, match="none yet.*linkledger brand allow-host brd_1 shop.example"):
        checked_destination("https://shop.example/", [], "brd_1")


HOSTILE = st.text(alphabet=st.sampled_from("htps:/\\@?#%[].&=shop.exampl evil\t\n\x00ö⒈。"), max_size=40)


@given(st.one_of(HOSTILE, HOSTILE.map("https://shop.example".__add__), HOSTILE.map("https://".__add__)))
def test_accepted_destinations_are_ascii_on_a_listed_host_and_stable(text: str) -> None:
    try:
        destination = checked(text)
    except Invalid:
        return
    parts = urlsplit(destination)
    assert parts.hostname in HOSTS
    assert parts.username is None
    assert re.fullmatch(r"[!-\[\]-~]+", destination)
    assert checked(destination) == destination
    # A server that writes it into a Location header must not change it.
    assert iri_to_uri(destination) == destination
