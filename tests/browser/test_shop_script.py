"""What /ll.js changes in a shop's pages, in Chromium, with a content policy as strict as it allows."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.pages import FORMS, LINKS, OTHERS, TOKEN, arrive, fields, href, query
from tests.browser.server import Storefront

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


def test_each_kind_of_address_gets_its_own_parameter(front: Storefront, page: Page) -> None:
    front.options = "data-stripe='pay.shop.example  x.example' data-pass=checkout.shop.example"
    front.options += " data-lemon='teas.lemonsqueezy.com lemon.shop.example'"
    arrive(page, front.show("/", LINKS))
    assert href(page, "within") == f"{front.url}/tea?x=a%20b&flag&ll={TOKEN}#top"
    assert href(page, "area") == f"{front.url}/tea?ll={TOKEN}"
    assert query(page, "pay") == {"locale": ["de"], "client_reference_id": [TOKEN]}
    assert query(page, "empty") == query(page, "domain") == {"client_reference_id": [TOKEN]}
    assert query(page, "checkout") == {"ll": [TOKEN]}
    assert query(page, "lemon") == {"embed": ["1"], "checkout[custom][ll]": [TOKEN]}
    assert query(page, "lemonade") == {"checkout[custom][ll]": [TOKEN]}
    assert query(page, "cart7") == {"checkout[custom][ll]": ["theirs"]}
    assert query(page, "own") == {"client_reference_id": ["cart-7"]}
    unchanged = {
        name: href(page, name)
        for name in ("jump", "elsewhere", "stripe", "mail", "broken", "script", "signed", "other")
    }
    assert not any(TOKEN in address for address in unchanged.values())
    expect(page.locator("stripe-buy-button")).to_have_attribute("client-reference-id", TOKEN)
    expect(page.locator("stripe-pricing-table")).to_have_attribute("client-reference-id", "cart-7")


def test_a_parameter_with_brackets_is_replaced_and_not_repeated(front: Storefront, page: Page) -> None:
    front.options = "data-model=first data-lemon=teas.lemonsqueezy.com"
    arrive(page, front.show("/", LINKS))
    earlier = f"localStorage.ll = JSON.stringify([['{OTHERS[1]}', Date.now()]])"
    page.evaluate(f"{earlier}; ll.consent(true)")
    assert query(page, "lemon") == {"embed": ["1"], "checkout[custom][ll]": [OTHERS[1]]}


def test_order_forms_get_the_token(front: Storefront, page: Page) -> None:
    arrive(page, front.show("/", FORMS))
    assert fields(page, "marked") == fields(page, "woo") == {"ll": TOKEN}
    assert fields(page, "named") == {"click": TOKEN}
    assert fields(page, "filled") == {"ll": "theirs"}
    assert fields(page, "search") == {"q": "", "ll": TOKEN}
    assert fields(page, "cart") == {"attributes[ll]": TOKEN}
    assert fields(page, "plain") == {}


def test_elements_added_or_changed_later_get_the_token(front: Storefront, page: Page) -> None:
    arrive(page, front.show("/", "<a id=old href=/>Old</a> <div id=place></div>"))
    page.evaluate(
        """() => {
            const parts = {a: {id: 'pay', href: 'https://buy.stripe.com/1'},
                           form: {id: 'late', method: 'post'}, 'stripe-buy-button': {}};
            const box = document.createElement('section');
            for (const [name, values] of Object.entries(parts)) {
                const made = document.createElement(name);
                for (const [key, value] of Object.entries(values)) made.setAttribute(key, value);
                if (name == 'form') made.dataset.ll = '';
                box.append(made, 'text');
            }
            document.getElementById('place').append(box);
            document.getElementById('old').href = 'https://donate.stripe.com/2';
        }"""
    )
    expect(page.locator("stripe-buy-button")).to_have_attribute("client-reference-id", TOKEN)
    assert query(page, "pay") == query(page, "old") == {"client_reference_id": [TOKEN]}
    assert fields(page, "late") == {"ll": TOKEN}


def test_forms_and_anchors_without_an_address_keep_their_target(front: Storefront, page: Page) -> None:
    front.show("/next", "<base href='/deep/'><a id=anchor>Here</a><form id=bare method=post></form>")
    arrive(page, front.show("/", "<a href=/next>Next</a>"))
    page.evaluate("location.href = '/next'")
    page.wait_for_url("**/next")
    assert page.locator("#anchor").get_attribute("href") is None
    assert page.locator("#bare").get_attribute("action") == f"{front.url}/next?ll={TOKEN}"


HOSTILE = [
    "",
    "x",
    "A" * 39,
    "A" * 100,
    TOKEN + "%20",
    TOKEN + "%22%3E%3Cimg%20src=x%20onerror=alert(1)%3E",
    "javascript:alert(1)//" + TOKEN,
    TOKEN + "%00",
    TOKEN + "%0A",
    "%E2%80%AE" + TOKEN,
    "{}" + TOKEN,
    TOKEN[:-1] + "%C3%A4",
]


def test_an_invalid_token_is_ignored(front: Storefront, page: Page) -> None:
    address = front.show("/", LINKS + FORMS)
    page.goto(address)
    before = page.evaluate("document.body.innerHTML")
    for value in HOSTILE:
        arrive(page, address, value)
        page.evaluate("ll.consent(true)")
        assert page.evaluate("[ll.token(), ll.touches(), localStorage.length]") == [None, [], 0], value
        assert page.evaluate("document.body.innerHTML") == before, value


PLACES = {
    "at the end": "{body}<script src='{script}'></script>",
    "deferred": "<script defer src='{script}'></script>{body}",
    "asynchronous": "<script async src='{script}'></script>{body}",
    "as a module": "<script type=module src='{script}' data-stripe=pay.shop.example></script>{body}",
}


@pytest.mark.parametrize("place", PLACES)
def test_the_script_works_at_any_place_in_the_page(front: Storefront, page: Page, place: str) -> None:
    front.layout = PLACES[place]
    arrive(page, front.show("/", LINKS))
    address = f"{front.url}/tea?x=a%20b&flag&ll={TOKEN}#top"
    expect(page.locator("#within")).to_have_attribute("href", address)
    assert ("client_reference_id" in query(page, "domain")) == (place == "as a module")


def test_the_token_parameter_can_be_configured(front: Storefront, page: Page) -> None:
    front.options = "data-parameter=friend"
    page.goto(f"{front.show('/', LINKS)}?ll={OTHERS[1]}&friend={TOKEN}")
    assert page.evaluate("ll.token()") == TOKEN
    assert query(page, "area") == {"friend": [TOKEN]}
