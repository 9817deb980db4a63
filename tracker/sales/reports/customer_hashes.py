"""Customer identifiers: hashes only, never the e-mail address."""

import hashlib
from typing import NamedTuple

from tracker.errors import Invalid
from tracker.people.accounts.rules import normalize_host

MAX_ADDRESS_LENGTH = 320

_WITHOUT_DOTS = str.maketrans("", "", ".")
_WITHOUT_SEPARATORS = str.maketrans("", "", ".-_")
# Mail host -> (canonical host, characters that its mailboxes ignore). Sources, read 2026-11: the help pages
# of Gmail (answer/7436150), Apple (102540) and Proton (addresses-and-aliases).
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
# Fastmail also delivers anything@anna.fastmail.com to anna@fastmail.com (its help page on subdomain
# addressing).
_SUBDOMAIN_HOSTS = (".fastmail.com", ".fastmail.fm")


class AddressHashes(NamedTuple):
    """SHA-256, in hex, of an e-mail address in lower case, and of the mailbox that it belongs to."""

    exact: str | None
    mailbox: str | None


def address_hashes(*candidates: object) -> AddressHashes:
    """Both hashes of the first candidate that is an e-mail address; both are None when no candidate is one.

    The hashes have no key, because shops that hash addresses themselves must get the same value. Anyone who
    has a hash can therefore check whether it belongs to a given address.
    """
    plain = next(filter(None, map(_normalized, candidates)), None)
    if plain is None:
        return AddressHashes(None, None)
    return AddressHashes(_sha256(plain), _sha256(mailbox(plain)))


def mailbox(address: str) -> str:
    """The address without what mail hosts ignore: the part after a plus (RFC 5233) and aliases of hosts.

    Two people can get the same mailbox only at a host where a plus is an ordinary character.
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
