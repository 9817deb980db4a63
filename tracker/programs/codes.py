"""Link codes and coupon codes, which people type. Pure, except for the random choice of new codes."""

import re
import secrets

from tracker.errors import Invalid

# Without 0, 1, i, l and o, which are easily confused in print and on a phone.
ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
GENERATED_LENGTH = 7
LINK_CODE_PATTERN = "[A-Za-z0-9_-]{3,64}"
_LINK_CODE = re.compile(LINK_CODE_PATTERN)
_COUPON_CODE = re.compile(r"[A-Za-z0-9._-]{2,64}")

# Paths that this product or its host uses or may need, and names that look like official pages of the site.
_RESERVED = """
    app api hooks demo healthz readyz metrics static assets favicon robots sitemap ll
    about admin auth billing contact creator dashboard docs edge health help imprint invite livez login logout
    oauth payout payouts postback postbacks privacy program qr register reports security settings
    signin signout signup sso statement statements status support terms unsubscribe user users verify
    webhook webhooks well-known www
"""
RESERVED = frozenset(_RESERVED.split())
"""Reserved link codes, in normal form (lower case)."""


def link_code(text: str) -> str:
    """A link code chosen by a person, unchanged. Raises Invalid when it is malformed or reserved."""
    if not _LINK_CODE.fullmatch(text):
        raise Invalid(f"The code {text!r} is not valid: use 3 to 64 of the characters A-Z a-z 0-9 _ and -.")
    if code_key(text) in RESERVED:
        raise Invalid(f"The code {text!r} is reserved for pages of this site; choose another one.")
    return text


def new_link_code() -> str:
    """A random code of `GENERATED_LENGTH` characters."""
    return "".join(secrets.choice(ALPHABET) for _ in range(GENERATED_LENGTH))


def coupon_code(text: str) -> str:
    """A coupon code as the shop writes it, without surrounding spaces. Raises Invalid."""
    code = text.strip()
    if not _COUPON_CODE.fullmatch(code):
        raise Invalid(f"The coupon code {text!r} is not valid: use 2 to 64 of A-Z a-z 0-9 . _ and -.")
    return code


def code_key(code: str) -> str:
    """The form in which codes are compared, which ignores case.

    People type codes that they saw or heard, and phones start with a capital letter. If codes could differ in
    case alone, some shoppers of one creator would land at the links of another.
    """
    return code.strip().lower()
