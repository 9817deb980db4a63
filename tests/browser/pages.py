"""Pages with every element that /ll.js handles, and functions that read them in the browser."""

import json
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Page

TOKEN = "A" * 43 + "-_0" + "a" * 41
OTHERS = [f"{number}{TOKEN[1:]}" for number in range(6)]
LINKS = """
<a id=within href='/tea?x=a%20b&flag#top'>Tea</a> <a id=jump href='#top'>Top</a> <area id=area href='tea'>
<a id=pay href='https://buy.stripe.com/14k?locale=de'>Pay</a>
<a id=own href='https://buy.stripe.com/14k?client_reference_id=cart-7'>Pay</a>
<a id=empty href='https://book.stripe.com/14k?client_reference_id='>Pay</a>
<a id=domain href='https://pay.shop.example/b/1'>Pay</a>
<a id=checkout href='https://checkout.shop.example/'>Check out</a>
<a id=lemon href='https://teas.lemonsqueezy.com/buy/0b4c?embed=1'>Buy</a>
<a id=lemonade href='https://lemon.shop.example/checkout/buy/0b4c'>Buy</a>
<a id=cart7 href='https://teas.lemonsqueezy.com/buy/0b4c?checkout[custom][ll]=theirs'>Buy</a>
<a id=signed href='https://teas.lemonsqueezy.com/checkout/custom/0b4c?signature=7f'>Buy</a>
<a id=other href='https://coffee.lemonsqueezy.com/buy/0b4c'>Buy</a>
<a id=elsewhere href='https://else.example/?ll=theirs'>Else</a>
<a id=stripe href='https://dashboard.stripe.com/'>Stripe</a> <a id=mail href='mailto:a@b.example'>Write</a>
<a id=broken href='https://['>Broken</a> <a id=script href='javascript:0'>Nothing</a>
<stripe-buy-button buy-button-id=1></stripe-buy-button>
<stripe-pricing-table client-reference-id=cart-7></stripe-pricing-table>
"""


FORMS = """
<form id=marked data-ll method=post action='https://else.example/'></form>
<form id=named data-ll=click method=post action=/x><input name=click></form>
<form id=filled data-ll method=post action=/x><input name=ll value=theirs></form>
<form id=search action=/search><input name=q></form>
<form id=plain method=post action='https://else.example/'></form>
<form id=cart method=post action=/de/cart/add></form> <form id=woo class='checkout x' method=post></form>
"""


def href(page: Page, name: str) -> str:
    return str(page.locator(f"#{name}").get_attribute("href"))


def query(page: Page, name: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(href(page, name)).query)


def stored_tokens(page: Page) -> list[str]:
    return [token for token, _time in json.loads(page.evaluate("localStorage.ll || '[]'"))]


def fields(page: Page, name: str) -> dict[str, str]:
    """The fields that the form would send."""
    return dict(page.evaluate("name => [...new FormData(document.getElementById(name))]", name))


def arrive(page: Page, address: str, token: str = TOKEN) -> None:
    """Open the page as after a redirect with this token."""
    page.goto(f"{address}?ll={token}")
