"""Looks up what DNS says about the domain of the sender. What DNS does not answer in time is not seen."""

from collections.abc import Callable, Sequence

from dns.exception import DNSException
from dns.resolver import NXDOMAIN, NoAnswer, Resolver

from tracker.mail.doctor.findings import Finding, unseen
from tracker.mail.doctor.records import (
    DKIM,
    DMARC,
    REPLIES,
    SPF,
    bounce_finding,
    dkim_finding,
    dmarc_finding,
    dmarc_names,
    dmarc_record,
    spf_finding,
)

TIMEOUT_S = 2.0
"""For one question to one server."""
LIFETIME_S = 5.0
"""For one question altogether."""

CHECKS = (SPF, DKIM, DMARC, REPLIES)


def system_resolver() -> Resolver:
    """The servers that this machine asks. Raises DNSException where none is set."""
    resolver = Resolver()
    resolver.timeout, resolver.lifetime = TIMEOUT_S, LIFETIME_S
    return resolver


def examine_domain(domain: str, resolver: Callable[[], Resolver] = system_resolver) -> list[Finding]:
    """SPF, DKIM, DMARC, and whether bounces can arrive."""
    if "." not in domain:
        words = (
            f"The sender's domain is {domain}, which no other mail server knows. Set LINKLEDGER_MAIL_FROM."
        )
        return [unseen(check, words) for check in CHECKS]
    try:
        known = resolver()
    except DNSException:
        return [unseen(check, "This machine has no DNS server: see /etc/resolv.conf.") for check in CHECKS]
    return [
        _seen(SPF, lambda: spf_finding(domain, _texts(known, domain))),
        _seen(DKIM, lambda: dkim_finding(domain, _exists(known, f"_domainkey.{domain}"))),
        _seen(DMARC, lambda: dmarc_finding(domain, _dmarc(known, domain))),
        _seen(REPLIES, lambda: bounce_finding(domain, _exchanges(known, domain))),
    ]


def _seen(check: str, look: Callable[[], Finding]) -> Finding:
    try:
        return look()
    except DNSException as error:
        return unseen(check, f"DNS gave no answer ({type(error).__name__}). Try it again later.")


def _texts(resolver: Resolver, name: str) -> Sequence[str]:
    """The TXT records of a name, each joined from its parts (RFC 7208, section 3.3)."""
    try:
        found = resolver.resolve(name, "TXT", search=False)
    except (NXDOMAIN, NoAnswer):
        return []
    return [b"".join(each.strings).decode("utf-8", "replace") for each in found]


def _exists(resolver: Resolver, name: str) -> bool:
    """Whether there is this name or one below it."""
    try:
        resolver.resolve(name, "TXT", search=False)
    except NXDOMAIN:
        return False
    except NoAnswer:
        return True
    return True


def _dmarc(resolver: Resolver, domain: str) -> str | None:
    for name in dmarc_names(domain):
        if (record := dmarc_record(_texts(resolver, name))) is not None:
            return record
    return None


def _exchanges(resolver: Resolver, domain: str) -> Sequence[str] | None:
    """Without MX records, mail goes to the domain's own address (RFC 5321, section 5.1)."""
    try:
        found = resolver.resolve(domain, "MX", search=False)
    except NXDOMAIN:
        return None
    except NoAnswer:
        return [domain] if _has_address(resolver, domain) else None
    return [str(each.exchange).rstrip(".") or "." for each in sorted(found, key=lambda e: e.preference)]


def _has_address(resolver: Resolver, domain: str) -> bool:
    for kind in ("A", "AAAA"):
        try:
            resolver.resolve(domain, kind, search=False)
        except (NXDOMAIN, NoAnswer):
            continue
        return True
    return False
