"""What DNS says about the sender's domain, from a real DNS server."""

import time

import pytest
from dns.resolver import NoResolverConfiguration, Resolver

from tests.harness.dns_server import Zone, running_dns_server
from tracker.mail.doctor.domain import CHECKS, examine_domain
from tracker.mail.doctor.findings import Finding, State

DOMAIN = "app.teas.example"
GOOD: Zone = {
    (DOMAIN, "TXT"): ['"something else"', '"v=spf1 include:mail" ".example -all"'],
    (f"one._domainkey.{DOMAIN}", "TXT"): ['"v=DKIM1; p=abc"'],
    ("_dmarc.teas.example", "TXT"): ['"v=DMARC1; p=reject; sp=none"'],
    (DOMAIN, "MX"): ["20 spare.teas.example.", "10 mail.teas.example."],
}


def examined(zone: Zone | None, domain: str = DOMAIN) -> dict[str, Finding]:
    with running_dns_server(zone) as resolver:
        return {each.check: each for each in examine_domain(domain, lambda: resolver)}


def test_a_domain_that_is_set_up_is_shown_as_it_is() -> None:
    found = examined(GOOD)
    assert {check: each.state for check, each in found.items()} == {
        "spf": State.OK,
        "dkim": State.UNSEEN,
        "dmarc": State.OK,
        "bounces": State.OK,
    }
    assert "v=spf1 include:mail.example -all" in found["spf"].message
    assert "publishes keys" in found["dkim"].message
    assert "failing messages are refused" in found["dmarc"].message
    assert "mail.teas.example, spare.teas.example" in found["bounces"].message


def test_a_domain_without_records_is_told_which_to_add() -> None:
    found = examined({("other.example", "A"): ["192.0.2.1"]})
    wrong = {check for check, each in found.items() if each.state is State.WRONG}
    assert wrong == {"spf", "dmarc", "bounces"}
    assert f"_dmarc.{DOMAIN}" in found["dmarc"].message
    assert "No DKIM key" in found["dkim"].message


@pytest.mark.parametrize(
    ("check", "kind", "name", "values", "words"),
    [
        ("spf", "TXT", DOMAIN, ['"v=spf1 -all"', '"v=spf1 mx -all"'], "2 SPF records"),
        ("spf", "TXT", DOMAIN, ['"v=spf1 +all"'], "allows every machine"),
        ("spf", "TXT", DOMAIN, ['"v=spf10 -all"'], "has no SPF record"),
        ("dmarc", "TXT", f"_dmarc.{DOMAIN}", ['"v=DMARC1; p=maybe"'], "cannot be used"),
        ("bounces", "MX", DOMAIN, ["0 ."], "receives no mail"),
    ],
)
def test_a_record_that_does_not_work_is_wrong(
    check: str, kind: str, name: str, values: list[str], words: str
) -> None:
    found = examined({**GOOD, (name, kind): values})[check]
    assert found.state is State.WRONG
    assert words in found.message


def test_without_mx_records_mail_goes_to_the_address_of_the_domain() -> None:
    zone = {key: values for key, values in GOOD.items() if key[1] != "MX"}
    assert examined(zone)["bounces"].state is State.WRONG
    assert examined({**zone, (DOMAIN, "AAAA"): ["2001:db8::1"]})["bounces"].state is State.OK


def test_a_dns_server_that_is_silent_makes_nothing_wrong_and_is_left_in_time() -> None:
    began_s = time.monotonic()
    found = examined(None)
    assert time.monotonic() - began_s < 10
    assert {each.state for each in found.values()} == {State.UNSEEN}
    assert "no answer" in found["spf"].message


def test_what_is_only_known_here_is_not_looked_up() -> None:
    def fail() -> Resolver:
        raise AssertionError("nothing is looked up")

    found = examine_domain("localhost", fail)
    assert [each.check for each in found] == list(CHECKS)
    assert {each.state for each in found} == {State.UNSEEN}


def test_a_machine_without_dns_is_named() -> None:
    def fail() -> Resolver:
        raise NoResolverConfiguration

    assert "no DNS server" in examine_domain(DOMAIN, fail)[0].message
