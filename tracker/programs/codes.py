"""Codes that people type: of links and of coupons. Pure but for the choice of new ones."""

import re
import secrets

from tracker.errors import Invalid

# Without 0, 1, i, l and o, which look alike in print and on a phone.
ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
GENERATED_LENGTH = 7
LINK_CODE_PATTERN = "[A-Za-z0-9_-]{3,64}"
_LINK_CODE = re.compile(LINK_CODE_PATTERN)
_COUPON_CODE = re.compile(r"[A-Za-z0-9._-]{2,64}")

# Paths of this product; those that it or its host may need one day; what could pass for the site itself.
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
    """A code that a person chose, unchanged. Raises Invalid when it cannot be one."""
    if not _LINK_CODE.fullmatch(text):
        raise Invalid(f"The code {text!r} cannot be: use 3 to 64 of the characters A-Z a-z 0-9 _ and -.")
    if code_key(text) in RESERVED:
        raise Invalid(f"The code {text!r} is kept for pages of this site; choose another one.")
    return text


def new_link_code() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(GENERATED_LENGTH))


def coupon_code(text: str) -> str:
    """A coupon code as the shop has it, without surrounding spaces. Raises Invalid."""
    code = text.strip()
    if not _COUPON_CODE.fullmatch(code):
        raise Invalid(f"The coupon code {text!r} cannot be: use 2 to 64 of A-Z a-z 0-9 . _ and -.")
    return code


def code_key(code: str) -> str:
    """The form in which codes are compared.

    Without regard to case: people type a code from a picture, a video or by ear, and phones begin with a
    capital. Two codes that differ in case alone would send some of one creator's shoppers to another.
    """
    return code.strip().lower()
