"""The look of a brand: colour and logo on pages and in mails. Values only."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Look:
    """`stylesheet_url` sets the brand's colour; `logo_url` is its logo. Both name a hash of their content."""

    stylesheet_url: str | None = None
    logo_url: str | None = None
