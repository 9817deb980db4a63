"""Validation and normal forms of names, addresses, countries, time zones and hosts."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tracker.errors import Invalid
from tracker.people.accounts import rules


@pytest.mark.parametrize(
    ("given_text", "host"),
    [
        ("Shop.Example", "shop.example"),
        ("shop.example.", "shop.example"),
        ("Bücher.example", "xn--bcher-kva.example"),
        ("straße.example", "xn--strae-oqa.example"),
        ("ｓｈｏｐ．example", "shop.example"),
        ("localhost", "localhost"),
        ("127.0.0.1", "127.0.0.1"),
        ("[::1]", "::1"),
        ("0:0:0:0:0:0:0:1", "::1"),
    ],
)
def test_hosts_are_normalized(given_text: str, host: str) -> None:
    assert rules.normalize_host(given_text) == host


@pytest.mark.parametrize(
    "text",
    [
        "",
        "shop",
        "https://shop.example",
        "shop.example:443",
        "shop.example/path",
        "anna@shop.example",
        "*.shop.example",
        "shop..example",
        "-shop.example",
        "shop_1.example",
        "shop.example%2eevil.example",
        "2130706433",
        "127.1",
        "0x7f.0.0.1",
        "127.0.0.01",
        "shop.1",
        "fe80::1%eth0",
        "shop.example\n",
        "a" * 64 + ".example",
        "a." * 127 + "example",
        "xn--\u00e4.example",
        "\ud800.example",
    ],
)
def test_ambiguous_hosts_are_rejected(text: str) -> None:
    if text == "shop.example\n":
        assert rules.normalize_host(text) == "shop.example"  # pasted with a line break
        return
    with pytest.raises(Invalid):
        rules.normalize_host(text)


@given(st.text(max_size=40))
@example("１２７.0.0.1")
def test_normalizing_a_host_is_idempotent(text: str) -> None:
    try:
        host = rules.normalize_host(text)
    except Invalid:
        return
    assert rules.normalize_host(host) == host
    assert host.isascii()


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.9.9.9", "::1"])
def test_loopback_hosts_are_recognized(host: str) -> None:
    assert rules.is_loopback(host)


@pytest.mark.parametrize("host", ["localhost.example", "10.0.0.1", "shop.example"])
def test_similar_hosts_are_not_loopback(host: str) -> None:
    assert not rules.is_loopback(host)


def test_email_addresses_are_normalized() -> None:
    assert rules.normalize_email(" Anna.B+shop@Bücher.Example ") == "anna.b+shop@xn--bcher-kva.example"


@pytest.mark.parametrize(
    "text",
    ["", "anna", "@x.example", "anna@", "a b@x.example", "anna@x", "anna@[127.0.0.1]", "anna@127.0.0.1",
     ".anna@x.example", "an..na@x.example", "anna\n@x.example", "a" * 65 + "@x.example", "äöü@x.example"],
)  # fmt: skip
def test_an_invalid_email_address_is_rejected_without_echoing_it(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        rules.normalize_email(text)
    assert "name@host.example" in str(refused.value)
    assert not text or text not in str(refused.value).replace("name@host.example", "")


def test_countries_are_the_249_of_iso_3166() -> None:
    assert len(rules.countries()) == 249
    assert rules.normalize_country("de") == "DE"
    for no_country in ("EU", "XK", "ZZ", "UK", "DEU", "", "12"):
        with pytest.raises(Invalid):
            rules.normalize_country(no_country)


def test_a_time_zone_is_a_place_or_utc() -> None:
    assert rules.validate_timezone("Europe/Berlin") == "Europe/Berlin"
    assert rules.validate_timezone("UTC") == "UTC"
    for wrong in ("", "CET", "Europe/berlin", "../etc/passwd", "Europe/Atlantis"):
        with pytest.raises(Invalid):
            rules.validate_timezone(wrong)


@pytest.mark.parametrize(("currency", "minor"), [("EUR", 5_000), ("JPY", 8_000), ("BHD", 20_000)])
def test_the_default_minimum_payout_is_about_fifty_euros(currency: str, minor: int) -> None:
    assert rules.minimum_payout_minor(None, currency) == minor


@pytest.mark.parametrize(
    "name", ["", "   ", "a\x00b", "a\u202eb", "a\u061cb", "\u200b", "\ufeff\u00ad", "\ud800", "x" * 121]
)
def test_invalid_names_are_rejected(name: str) -> None:
    with pytest.raises(Invalid):
        rules.normalize_name(name)


def test_names_allow_any_script_and_spaces_are_collapsed() -> None:
    assert rules.normalize_name("  Ана \n Müller 👩‍🌾 ") == "Ана Müller 👩‍🌾"
