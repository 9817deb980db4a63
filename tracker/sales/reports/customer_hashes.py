"""Customer identifiers: hashes only, never the e-mail address."""

import hashlib
from typing import NamedTuple

from tracker.errors import Invalid
from tracker.people.accounts.rules import normalize_host

MAX_ADDRESS_LENGTH = 320

_WITHOUT_DOTS = str.maketrans("", "", ".")
_WITHOUT_SEPARATORS = str.maketrans("", "", ".-_")
# Host, the name under which it is one with others, and the signs that its mailboxes ignore. By the hosts' own
# pages, read 2026-11: Gmail (answer/7436150), Apple (102540), Proton (addresses-and-aliases).
_MAILBOX_ALIASES = {
    "gmail.com": ("gmail.com", _WITHOUT_DOTS),
    "googlemail.com": ("gmail.com", _WITHOUT_DOTS),
    "icloud.com": ("icloud.com", {}),
    "me.com": ("icloud.com", {}),
    "mac.com": ("icloud.com", {}),
    "proton.me": ("proton.me", _WITHOUT_SEPARATORS),
    "protonmail.com": ("proton.me", _WITHOUT_SEPARATORS),
    "protonmail.ch": ("proton.me", _WITHOUT_SEPARATORS),
    "pm.me": ("proton.me", _WITHOUT_SEPARATORS),
}
# Fastmail also delivers anything@anna.fastmail.com to anna@fastmail.com (its page on subdomain addressing).
_SUBDOMAIN_HOSTS = (".fastmail.com", ".fastmail.fm")


class AddressHashes(NamedTuple):
    """SHA-256, in hex, of an e-mail address as it was written (in small letters), and of its mailbox."""

    exact: str | None
    mailbox: str | None


def address_hashes(*candidates: object) -> AddressHashes:
    """Both hashes of the first candidate that is an address; None for none.

    Without a key, because shops that hash for themselves must come to the same. Whoever has the hash can
    find out whether a given address is meant.
    """
    plain = next(filter(None, map(_normalized, candidates)), None)
    if plain is None:
        return AddressHashes(None, None)
    return AddressHashes(_sha256(plain), _sha256(mailbox(plain)))


def email_hash(address: object) -> str | None:
    """SHA-256, in hex, of an e-mail address in small letters without spaces around; None for none."""
    return address_hashes(address).exact


def mailbox(address: str) -> str:
    """An address without what mail hosts ignore: what follows a plus (RFC 5233), and their own aliases.

    Two people may share it only at a host that takes a plus for a letter.
    """
    local, _, host = address.strip().lower().rpartition("@")
    if not host.isascii():
        host = _to_ascii(host)
    for suffix in _SUBDOMAIN_HOSTS:
        if host.endswith(suffix):
            local, host = host.removesuffix(suffix).rpartition(".")[2], suffix[1:]
    local = local.partition("+")[0] or local
    host, ignored = _MAILBOX_ALIASES.get(host, (host, {}))
    return f"{local.translate(ignored) or local}@{host}"


def _normalized(address: object) -> str | None:
    if not isinstance(address, str) or "@" not in address or len(address) > MAX_ADDRESS_LENGTH:
        return None
    return address.strip().lower()


def _to_ascii(host: str) -> str:
    try:
        return normalize_host(host)
    except Invalid:
        return host


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
