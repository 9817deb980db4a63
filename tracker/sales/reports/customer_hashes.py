"""What is kept of a customer: no address, only what recognises it again."""

import hashlib
from typing import NamedTuple

from tracker.errors import Invalid
from tracker.people.accounts.rules import normalize_host

MAXIMUM_ADDRESS = 320

_DOTLESS = str.maketrans("", "", ".")
_UNMARKED = str.maketrans("", "", ".-_")
# Host, the name under which it is one with others, and the signs that its mailboxes ignore. By the hosts' own
# pages, read 2026-11: Gmail (answer/7436150), Apple (102540), Proton (addresses-and-aliases).
_ONE_MAILBOX = {
    "gmail.com": ("gmail.com", _DOTLESS),
    "googlemail.com": ("gmail.com", _DOTLESS),
    "icloud.com": ("icloud.com", {}),
    "me.com": ("icloud.com", {}),
    "mac.com": ("icloud.com", {}),
    "proton.me": ("proton.me", _UNMARKED),
    "protonmail.com": ("proton.me", _UNMARKED),
    "protonmail.ch": ("proton.me", _UNMARKED),
    "pm.me": ("proton.me", _UNMARKED),
}
# Fastmail also delivers anything@anna.fastmail.com to anna@fastmail.com (its page on subdomain addressing).
_NAMED_BY_SUBDOMAIN = (".fastmail.com", ".fastmail.fm")


class AddressHashes(NamedTuple):
    """SHA-256, in hex, of an e-mail address as it was written (in small letters), and of its mailbox."""

    exact: str | None
    mailbox: str | None


def address_hashes(*candidates: object) -> AddressHashes:
    """Both hashes of the first candidate that is an address; None for none.

    Without a key, because shops that hash for themselves must come to the same. Whoever has the hash can
    find out whether a given address is meant.
    """
    plain = next(filter(None, map(_plain, candidates)), None)
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
        host = _ascii(host)
    for suffix in _NAMED_BY_SUBDOMAIN:
        if host.endswith(suffix):
            local, host = host.removesuffix(suffix).rpartition(".")[2], suffix[1:]
    local = local.partition("+")[0] or local
    host, ignored = _ONE_MAILBOX.get(host, (host, {}))
    return f"{local.translate(ignored) or local}@{host}"


def _plain(address: object) -> str | None:
    if not isinstance(address, str) or "@" not in address or len(address) > MAXIMUM_ADDRESS:
        return None
    return address.strip().lower()


def _ascii(host: str) -> str:
    try:
        return normalize_host(host)
    except Invalid:
        return host


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
