"""What /ll.js stores after consent, what it does without it, and what it removes on withdrawal."""

from functools import partial

import pytest
from playwright.sync_api import Page

from tests.browser.marketplace import Marketplace
from tests.browser.pages import FORMS, LINKS, OTHERS, TOKEN, arrive, fields, href, query, stored_tokens
from tests.browser.server import ShopRequest, ShopResponse, Storefront
from tests.harness.processes.serve_process import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

DAY_MS = 24 * 3600 * 1000


def test_without_consent_nothing_is_stored_and_the_visit_continues(front: Storefront, page: Page) -> None:
    front.show("/two", "<form method=post action=/three><button>Three</button></form>")
    front.posts["/three"] = lambda request: front.pages["/four"](request)
    front.show("/four", "<a href=/five>Five</a>")
    front.show("/five", "")
    arrive(page, front.show("/", "<a href=/two>Two</a>"))
    for step in ("Two", "Three", "Five"):
        page.get_by_text(step).click()
        page.wait_for_url(f"**/{step.lower()}*")
        assert page.evaluate("ll.token()") == TOKEN
    assert page.evaluate("localStorage.length + sessionStorage.length + document.cookie.length") == 0
    page.goto(front.url)
    assert page.evaluate("ll.token()") is None


def test_a_script_navigation_finds_the_token_in_the_referrer(front: Storefront, page: Page) -> None:
    front.show("/next", "<a id=jump href='#top'>Top</a>")
    arrive(page, front.show("/", ""))
    page.evaluate("location.href = '/next'")
    page.wait_for_url("**/next")
    assert page.evaluate("ll.token()") == TOKEN
    assert href(page, "jump") == "#top", "a link within the page is unchanged"


def test_consent_stores_every_touch_and_leaves_shop_addresses_unchanged(
    front: Storefront, page: Page
) -> None:
    front.options = "data-consent=given"
    address = front.show("/", LINKS + FORMS)
    for token in OTHERS:
        arrive(page, address, token)
    # The first and the latest touches; opening a page again adds none.
    expected = [OTHERS[0], *OTHERS[2:]]
    arrive(page, address, OTHERS[3])
    assert stored_tokens(page) == page.evaluate("ll.touches()") == expected
    page.goto(address)
    assert page.evaluate("ll.token()") == OTHERS[5]
    assert href(page, "within") == "/tea?x=a%20b&flag#top"
    assert fields(page, "search") == {"q": ""}
    assert fields(page, "marked") == {"ll": OTHERS[5], "_ll": OTHERS[0]}
    assert fields(page, "cart") == {"attributes[ll]": OTHERS[5], "attributes[_ll]": OTHERS[0]}
    assert query(page, "pay")["client_reference_id"] == [OTHERS[5]]
    front.options = "data-model=first"
    page.goto(address)
    assert query(page, "pay")["client_reference_id"] == [OTHERS[0]]
    assert fields(page, "marked") == {"ll": OTHERS[5], "_ll": OTHERS[0]}


def test_a_cart_without_a_form_is_updated_on_consent_and_withdrawal(front: Storefront, page: Page) -> None:
    updates: list[dict[str, str]] = []

    def update(request: ShopRequest) -> ShopResponse:
        updates.append(request.fields)
        return ShopResponse()

    def has_updates(number: int) -> bool:
        return len(updates) == number

    front.posts["/cart/update.js"] = update
    address = front.show("/", "<script src=/theme.js></script>")
    arrive(page, address)
    page.reload()
    assert updates == []
    for button in ("Remember me", "Remember me", "Forget me", "Forget me"):
        page.get_by_text(button).click()
        number = 1 if button == "Remember me" else 2
        wait_until(partial(has_updates, number), "the cart is updated")
    front.options = "data-consent=given"
    page.goto(address)
    arrive(page, address, OTHERS[1])
    wait_until(partial(has_updates, 3), "the cart is updated again")
    front.options = "data-consent=refused"
    page.goto(address)
    wait_until(partial(has_updates, 4), "the token is removed from the cart")
    assert [each["attributes[ll]"] for each in updates] == [TOKEN, "", OTHERS[1], ""]


def test_withdrawing_consent_removes_stored_and_inserted_tokens(front: Storefront, page: Page) -> None:
    address = front.show("/", LINKS + FORMS)
    arrive(page, address)
    page.get_by_text("Remember me").click()
    assert stored_tokens(page) == [TOKEN]
    assert "ll" not in query(page, "within")

    page.goto(address)
    assert page.evaluate("ll.token()") == TOKEN
    page.get_by_text("Forget me").click()
    assert page.evaluate("[ll.token(), localStorage.length]") == [None, 0]
    assert TOKEN not in page.locator("body").inner_html()
    assert fields(page, "marked") == fields(page, "cart") == {}
    page.reload()
    assert page.evaluate("ll.token()") is None


@pytest.mark.parametrize("options", ["data-consent=refused", "data-days=7"])
def test_refused_or_expired_touches_are_removed(front: Storefront, page: Page, options: str) -> None:
    address = front.show("/", "")
    page.goto(address)
    page.evaluate(f"localStorage.ll = JSON.stringify([['{TOKEN}', Date.now() - 8 * {DAY_MS}]])")
    page.reload()
    assert page.evaluate("ll.token()") == TOKEN
    front.options = options
    page.reload()
    assert page.evaluate("[ll.token(), localStorage.length]") == [None, 0]


def test_nothing_is_stored_longer_than_ninety_days(front: Storefront, page: Page) -> None:
    front.options = "data-days=400 data-consent=given"
    page.goto(front.show("/", ""))
    page.evaluate(
        f"localStorage.ll = JSON.stringify([['{OTHERS[0]}', Date.now() - 91 * {DAY_MS}],"
        f" ['{OTHERS[1]}', Date.now() - 89 * {DAY_MS}]])"
    )
    page.reload()
    assert stored_tokens(page) == [OTHERS[1]]


@pytest.mark.parametrize("foreign", ["x", "null", "[null]", '[["<img src=x>", 9e15]]'])
def test_foreign_data_under_the_storage_key_is_ignored(front: Storefront, page: Page, foreign: str) -> None:
    front.options = "data-consent=given"
    address = front.show("/", LINKS)
    page.goto(address)
    page.evaluate("text => { localStorage.ll = text }", foreign)
    arrive(page, address)
    assert stored_tokens(page) == [TOKEN]
    assert query(page, "pay")["client_reference_id"] == [TOKEN]


def test_without_storage_the_script_works_as_without_consent(front: Storefront, other_page: Page) -> None:
    page = other_page
    page.add_init_script(
        "Object.defineProperty(window, 'localStorage',"
        " { get() { throw new DOMException('no', 'SecurityError') } })"
    )
    front.options = "data-consent=given"
    arrive(page, front.show("/", LINKS))
    assert page.evaluate("ll.token()") == TOKEN
    assert query(page, "within")["ll"] == [TOKEN]
    page.evaluate("ll.consent(false)")
    assert page.evaluate("ll.token()") == TOKEN


def test_a_second_tag_adds_its_consent_without_a_second_script(front: Storefront, page: Page) -> None:
    front.layout = "<script src='{script}'></script>{body}<script src='{script}' data-consent=given></script>"
    arrive(page, front.show("/", LINKS + FORMS))
    assert stored_tokens(page) == [TOKEN]
    assert href(page, "within") == f"{front.url}/tea?x=a%20b&flag#top"
    assert page.locator("#marked input").count() == 1


def test_consent_given_before_the_script_loads_counts(front: Storefront, other_page: Page) -> None:
    page = other_page
    page.add_init_script("(window.ll = window.ll || []).push(true)")
    front.layout = "{body}<script defer src='{script}'></script>"
    arrive(page, front.show("/", ""))
    page.wait_for_function("!Array.isArray(ll)")
    assert stored_tokens(page) == [TOKEN]
    page.evaluate("(window.ll = window.ll || []).push(false)")
    assert stored_tokens(page) == []


def test_a_prerendered_page_stores_and_sends_nothing_until_shown(
    marketplace: Marketplace, front: Storefront, other_page: Page
) -> None:
    page, link = other_page, marketplace.link_to(front.show("/", LINKS))
    headers = {"Sec-Purpose": "prefetch;prerender"}
    address = page.request.get(link, headers=headers, max_redirects=0).headers["location"]
    page.add_init_script(
        "Object.defineProperty(document, 'prerendering', { value: true, configurable: true })"
    )
    posted: list[str] = []
    page.on("request", lambda request: posted.append(request.url) if request.method == "POST" else None)

    front.options = "data-consent=given"
    page.goto(address)
    assert page.evaluate("[ll.token(), localStorage.length]") == [None, 0]
    assert posted == []

    page.evaluate("document.dispatchEvent(new Event('prerenderingchange'))")
    assert stored_tokens(page) == [address.partition("ll=")[2]]
    wait_until(lambda: marketplace.confirmed(), "the prerender is confirmed")
    assert posted == [front.script_url]
