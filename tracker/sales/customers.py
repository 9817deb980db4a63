"""What is kept of a customer: no address, only what recognises it again."""

import hashlib

MAXIMUM_ADDRESS = 320


def email_hash(address: object) -> str | None:
    """SHA-256, in hex, of an e-mail address in small letters without spaces around; None for none."""
    if not isinstance(address, str) or "@" not in address or len(address) > MAXIMUM_ADDRESS:
        return None
    return hashlib.sha256(address.strip().lower().encode()).hexdigest()
