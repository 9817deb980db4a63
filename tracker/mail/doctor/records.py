"""What the records of a domain say about who may send its mail: SPF, DKIM and DMARC. Pure."""

from collections.abc import Iterator, Sequence

from tracker.mail.doctor.findings import Finding, ok, unseen, wrong

SPF, DKIM, DMARC, REPLIES = "spf", "dkim", "dmarc", "bounces"
SPF_VERSION = "v=spf1"
DMARC_VERSION = "v=DMARC1"
_POLICIES = {
    "none": "failing messages are only reported",
    "quarantine": "failing messages go to the junk folder",
    "reject": "failing messages are refused",
}


def spf_finding(domain: str, texts: Sequence[str]) -> Finding:
    """From all TXT records of the domain (RFC 7208, sections 4.5 and 4.6)."""
    found = [each for each in texts if each.split(" ", 1)[0].lower() == SPF_VERSION]
    if not found:
        return wrong(
            SPF,
            f"{domain} has no SPF record. Add a TXT record to it that allows your mail server, for example "
            '"v=spf1 include:MAIL-PROVIDER -all"; your mail provider says which.',
        )
    if len(found) > 1:
        return wrong(
            SPF, f"{domain} has {len(found)} SPF records, so receivers use none. Join them to a single one."
        )
    last = found[0].split()[-1].lower()
    if last in ("all", "+all"):
        return wrong(
            SPF, f"The SPF record of {domain} allows every machine: {found[0]}. End it with -all or ~all."
        )
    return ok(
        SPF,
        f"{found[0]} (whether it allows the machine that your mail server sends from cannot be seen "
        "from here)",
    )


def dkim_finding(domain: str, keys_exist: bool) -> Finding:
    """keys_exist: whether there is any name below _domainkey (RFC 8020).

    The name of a key, its selector, stands only in signed messages (RFC 6376, section 3.1).
    """
    if keys_exist:
        return unseen(
            DKIM,
            f"{domain} publishes keys. Whether your mail server signs with one cannot be seen from here: "
            "send a test with --mail to a mailbox of your own, and look for dkim=pass in its headers.",
        )
    return unseen(
        DKIM,
        f"No DKIM key of {domain} can be seen. If your mail server signs messages, publish the key that your "
        "mail provider shows you; without a signature, many receivers distrust the messages.",
    )


def dmarc_names(domain: str) -> Iterator[str]:
    """Where the policy may stand: at the domain, or at a domain above it (RFC 9989, section 4.10)."""
    labels = domain.split(".")
    for first in range(len(labels) - 1):
        yield "_dmarc." + ".".join(labels[first:])


def dmarc_record(texts: Sequence[str]) -> str | None:
    """The policy among the TXT records of a name; None without exactly one."""
    found = [each for each in texts if each.split(";", 1)[0].strip() == DMARC_VERSION]
    return found[0] if len(found) == 1 else None


def dmarc_finding(domain: str, record: str | None) -> Finding:
    if record is None:
        return wrong(
            DMARC,
            f"{domain} has no DMARC policy, which large mail providers ask for. Add a TXT record to "
            f'_dmarc.{domain}, at first "v=DMARC1; p=none; rua=mailto:YOUR-ADDRESS".',
        )
    tags = dict(_tags(record))
    policy = tags.get("p", "").lower()
    if policy not in _POLICIES:
        return wrong(
            DMARC,
            f"The DMARC policy of {domain} cannot be used: {record}. It needs p=none, p=quarantine or "
            "p=reject.",
        )
    return ok(DMARC, f"{record} ({_POLICIES[policy]})")


def bounce_finding(domain: str, exchanges: Sequence[str] | None) -> Finding:
    """exchanges: the hosts of the MX records; None without any record, "." is the null MX (RFC 7505)."""
    if not exchanges or list(exchanges) == ["."]:
        return wrong(
            REPLIES,
            f"{domain} receives no mail, so bounces are lost and some servers refuse its messages. Add an MX "
            "record, or set LINKLEDGER_MAIL_FROM to an address of a domain that receives mail.",
        )
    return ok(REPLIES, f"{domain} receives mail at {', '.join(exchanges)}")


def _tags(record: str) -> Iterator[tuple[str, str]]:
    for part in record.split(";"):
        name, _, value = part.partition("=")
        yield name.strip().lower(), value.strip()
