"""The pages that shoppers see instead of a shop: a link is unknown, paused, ended, or cannot be read.

The same page at both entry points, so it is made without a web framework. It loads nothing: its style is
allowed by its hash, and the logo is part of the page.
"""

import base64
import hashlib
from dataclasses import dataclass
from functools import cache, lru_cache
from html import escape
from http import HTTPStatus

from tracker.clicks.redirect.shown_brands import ShownBrand
from tracker.language.texts import gettext as _
from tracker.language.texts import gettext_noop, use_language
from tracker.ui.assets import joined_styles

PRODUCT = "Linkledger"
_STYLES = ("tokens", "shoppers")
_MARK = (
    '<svg viewBox="0 0 32 32" width="28" height="28" aria-hidden="true">'
    '<path d="M6 7v18M11 11h15M11 17h15M11 21h15" fill="none" '
    'stroke="currentcolor" stroke-width="2.6" stroke-linecap="square"/></svg>'
)
_TEXTS: dict[int, tuple[str, tuple[str, ...]]] = {
    HTTPStatus.NOT_FOUND: (
        gettext_noop("This link leads nowhere"),
        (
            gettext_noop("It may be mistyped or no longer in use. Upper and lower case make no difference."),
            gettext_noop("Check the link where you found it, or ask the person who shared it for a new one."),
        ),
    ),
    HTTPStatus.METHOD_NOT_ALLOWED: (
        gettext_noop("This address only serves links"),
        (gettext_noop("Please open the link in a browser."),),
    ),
    HTTPStatus.GONE: (
        gettext_noop("This link has ended"),
        (
            gettext_noop("The offer has ended. The shop may still sell what you are looking for."),
            gettext_noop("Please ask the person who shared the link for a new one."),
        ),
    ),
    HTTPStatus.SERVICE_UNAVAILABLE: (
        gettext_noop("One moment, please"),
        (
            gettext_noop("This link cannot be looked up right now. Nothing is wrong with the link."),
            gettext_noop("Please try again in a few seconds."),
        ),
    ),
}


@dataclass(frozen=True)
class ShoppersPage:
    """The body, and the policy (CSP) that allows exactly this page."""

    body: bytes
    policy: str


@lru_cache(maxsize=512)
def shoppers_page(status: int, language: str, brand: ShownBrand | None = None) -> ShoppersPage:
    """The page for a status of `_TEXTS`, in this language, with the look of the brand or of the product."""
    title, sentences = _TEXTS[status]
    style = _style(brand.colour if brand else None)
    name = escape(brand.name if brand else PRODUCT)
    with use_language(language):
        heading, text = _(title), "".join(f"<p>{escape(_(each))}</p>" for each in sentences)
    mark = f'<img src="{brand.logo}" alt="" width="28" height="28">' if brand and brand.logo else _MARK
    body = (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><meta name="robots" content="noindex">'
        f"<title>{escape(heading)} – {name}</title><style>{style}</style></head><body>"
        f'<header translate="no">{mark}<span>{name}</span></header>'
        f"<main><h1>{escape(heading)}</h1>{text}</main></body></html>"
    )
    return ShoppersPage(body.encode(), _policy(style))


def _policy(style: str) -> str:
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode("ascii")
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    )


def _style(colour: str | None) -> str:
    return _common_style() + (f"@layer tokens{{:root{{--brand:{colour}}}}}" if colour else "")


@cache
def _common_style() -> str:
    return joined_styles(_STYLES).decode()
