"""What /ll.js does to a shop's pages, in Chromium, under a policy that forbids all that it does not need."""

import json
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.serving import wait_until
from tests.tracker.storefront.server import Asked, Reply, Storefront
from tests.tracker.storefront.street import Street

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

TOKEN = "A" * 43 + "-_0" + "a" * 41
OTHERS = [f"{number}{TOKEN[1:]}" for number in range(6)]
DAY_MS = 24 * 3600 * 1000


@pytest.fixture
def front(street: Street) -> Storefront:
    return street.plain


def href(page: Page, name: str) -> str:
    return str(page.locator(f"#{name}").get_attribute("href"))


def query(page: Page, name: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(href(page, name)).query)


def kept(page: Page) -> list[str]:
    return [text for text, _when in json.loads(page.evaluate("localStorage.ll || '[]'"))]


def arrive(page: Page, address: str, token: str = TOKEN) -> None:
    page.goto(f"{address}?ll={token}")


LINKS = """
<a id=within href='/tea?x=a%20b&flag#top'>Tea</a> <a id=jump href='#top'>Top</a> <area id=area href='tea'>
<a id=pay href='https://buy.stripe.com/14k?locale=de'>Pay</a>
<a id=own href='https://buy.stripe.com/14k?client_reference_id=cart-7'>Pay</a>
<a id=empty href='https://book.stripe.com/14k?client_reference_id='>Pay</a>
<a id=domain href='https://pay.shop.example/b/1'>Pay</a>
<a id=checkout href='https://checkout.shop.example/'>Check out</a>
<a id=elsewhere href='https://else.example/?ll=theirs'>Else</a>
<a id=stripe href='https://dashboard.stripe.com/'>Stripe</a> <a id=mail href='mailto:a@b.example'>Write</a>
<a id=broken href='https://['>Broken</a> <a id=script href='javascript:0'>Nothing</a>
<stripe-buy-button buy-button-id=1></stripe-buy-button>
<stripe-pricing-table client-reference-id=cart-7></stripe-pricing-table>
"""


def test_each_address_gets_what_it_understands_and_others_nothing(front: Storefront, page: Page) -> None:
    front.options = "data-stripe='pay.shop.example  x.example' data-pass=checkout.shop.example"
    arrive(page, front.show("/", LINKS))
    assert href(page, "within") == f"{front.url}/tea?x=a%20b&flag&ll={TOKEN}#top"
    assert href(page, "area") == f"{front.url}/tea?ll={TOKEN}"
    assert query(page, "pay") == {"locale": ["de"], "client_reference_id": [TOKEN]}
    assert query(page, "empty") == query(page, "domain") == {"client_reference_id": [TOKEN]}
    assert query(page, "checkout") == {"ll": [TOKEN]}
    assert query(page, "own") == {"client_reference_id": ["cart-7"]}
    as_they_were = {
        name: href(page, name) for name in ("jump", "elsewhere", "stripe", "mail", "broken", "script")
    }
    assert not any(TOKEN in address for address in as_they_were.values())
    expect(page.locator("stripe-buy-button")).to_have_attribute("client-reference-id", TOKEN)
    expect(page.locator("stripe-pricing-table")).to_have_attribute("client-reference-id", "cart-7")


FORMS = """
<form id=marked data-ll method=post action='https://else.example/'></form>
<form id=named data-ll=click method=post action=/x><input name=click></form>
<form id=filled data-ll method=post action=/x><input name=ll value=theirs></form>
<form id=search action=/search><input name=q></form> <form id=plain method=post action='https://else.example/'></form>
<form id=cart method=post action=/de/cart/add></form> <form id=woo class='checkout x' method=post></form>
"""


def fields(page: Page, name: str) -> dict[str, str]:
    """What the form would send."""
    return dict(page.evaluate("name => [...new FormData(document.getElementById(name))]", name))


def test_forms_carry_the_token_where_an_order_is_made_of_them(front: Storefront, page: Page) -> None:
    arrive(page, front.show("/", FORMS))
    assert fields(page, "marked") == fields(page, "woo") == {"ll": TOKEN}
    assert fields(page, "named") == {"click": TOKEN}
    assert fields(page, "filled") == {"ll": "theirs"}
    assert fields(page, "search") == {"q": "", "ll": TOKEN}
    assert fields(page, "cart") == {"attributes[ll]": TOKEN}
    assert fields(page, "plain") == {}


def test_what_is_added_or_changed_later_is_treated_alike(front: Storefront, page: Page) -> None:
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


def test_a_form_or_an_anchor_without_an_address_leads_where_it_led(front: Storefront, page: Page) -> None:
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


def test_what_cannot_be_a_token_is_not_there(front: Storefront, page: Page) -> None:
    address = front.show("/", LINKS + FORMS)
    page.goto(address)
    untouched = page.evaluate("document.body.innerHTML")
    for value in HOSTILE:
        arrive(page, address, value)
        page.evaluate("ll.consent(true)")
        assert page.evaluate("[ll.token(), ll.touches(), localStorage.length]") == [None, [], 0], value
        assert page.evaluate("document.body.innerHTML") == untouched, value


def test_without_consent_nothing_is_kept_and_the_visit_goes_on(front: Storefront, page: Page) -> None:
    front.show("/two", "<form method=post action=/three><button>Three</button></form>")
    front.posts["/three"] = lambda _asked: front.pages["/four"](_asked)
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


def test_a_page_that_a_script_leads_to_finds_the_token_where_it_came_from(
    front: Storefront, page: Page
) -> None:
    front.show("/next", "<a id=jump href='#top'>Top</a>")
    arrive(page, front.show("/", ""))
    page.evaluate("location.href = '/next'")
    page.wait_for_url("**/next")
    assert page.evaluate("ll.token()") == TOKEN
    assert href(page, "jump") == "#top", "a jump within the page stays one"


def test_consent_keeps_every_touch_and_leaves_the_shops_own_addresses_alone(
    front: Storefront, page: Page
) -> None:
    front.options = "data-consent=given"
    address = front.show("/", LINKS + FORMS)
    for token in OTHERS:
        arrive(page, address, token)
    # The first and the latest ones; a page that is opened again is no further touch.
    wanted = [OTHERS[0], *OTHERS[2:]]
    arrive(page, address, OTHERS[3])
    assert kept(page) == page.evaluate("ll.touches()") == wanted
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


def test_a_cart_without_a_form_is_written_to_after_consent_and_emptied_when_it_is_withdrawn(
    front: Storefront, page: Page
) -> None:
    noted: list[dict[str, str]] = []

    def note(asked: Asked) -> Reply:
        noted.append(asked.fields)
        return Reply()

    front.posts["/cart/update.js"] = note
    address = front.show("/", "<script src=/theme.js></script>")
    arrive(page, address)
    page.reload()
    assert noted == []
    for press, times in (("Remember me", 1), ("Remember me", 1), ("Forget me", 2), ("Forget me", 2)):
        page.get_by_text(press).click()
        wait_until(lambda times=times: len(noted) == times, "the cart was written to")
    front.options = "data-consent=given"
    page.goto(address)
    arrive(page, address, OTHERS[1])
    wait_until(lambda: len(noted) == 3, "the cart was written to once more")
    front.options = "data-consent=refused"
    page.goto(address)
    wait_until(lambda: len(noted) == 4, "the cart was emptied")
    assert [each["attributes[ll]"] for each in noted] == [TOKEN, "", OTHERS[1], ""]


def test_a_withdrawn_consent_removes_what_was_kept_and_what_was_written(
    front: Storefront, page: Page
) -> None:
    address = front.show("/", LINKS + FORMS)
    arrive(page, address)
    page.get_by_text("Remember me").click()
    assert kept(page) == [TOKEN]
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
def test_what_was_refused_or_is_too_old_is_removed(front: Storefront, page: Page, options: str) -> None:
    address = front.show("/", "")
    page.goto(address)
    page.evaluate(f"localStorage.ll = JSON.stringify([['{TOKEN}', Date.now() - 8 * {DAY_MS}]])")
    page.reload()
    assert page.evaluate("ll.token()") == TOKEN
    front.options = options
    page.reload()
    assert page.evaluate("[ll.token(), localStorage.length]") == [None, 0]


def test_nothing_is_kept_longer_than_ninety_days(front: Storefront, page: Page) -> None:
    front.options = "data-days=400 data-consent=given"
    page.goto(front.show("/", ""))
    page.evaluate(
        f"localStorage.ll = JSON.stringify([['{OTHERS[0]}', Date.now() - 91 * {DAY_MS}],"
        f" ['{OTHERS[1]}', Date.now() - 89 * {DAY_MS}]])"
    )
    page.reload()
    assert kept(page) == [OTHERS[1]]


@pytest.mark.parametrize("rubbish", ["x", "null", "[null]", '[["<img src=x>", 9e15]]'])
def test_what_somebody_else_kept_under_its_name_does_no_harm(
    front: Storefront, page: Page, rubbish: str
) -> None:
    front.options = "data-consent=given"
    address = front.show("/", LINKS)
    page.goto(address)
    page.evaluate("text => { localStorage.ll = text }", rubbish)
    arrive(page, address)
    assert kept(page) == [TOKEN]
    assert query(page, "pay")["client_reference_id"] == [TOKEN]


def test_without_storage_the_visit_goes_on_as_without_consent(front: Storefront, other_page: Page) -> None:
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


PLACES = {
    "at the end": "{body}<script src='{script}'></script>",
    "put off": "<script defer src='{script}'></script>{body}",
    "when it comes": "<script async src='{script}'></script>{body}",
    "as a module": "<script type=module src='{script}' data-stripe=pay.shop.example></script>{body}",
}


@pytest.mark.parametrize("place", PLACES)
def test_it_works_wherever_a_shop_puts_it(front: Storefront, page: Page, place: str) -> None:
    front.layout = PLACES[place]
    arrive(page, front.show("/", LINKS))
    address = f"{front.url}/tea?x=a%20b&flag&ll={TOKEN}#top"
    expect(page.locator("#within")).to_have_attribute("href", address)
    assert ("client_reference_id" in query(page, "domain")) == (place == "as a module")


def test_a_second_tag_adds_what_it_knows_of_consent_and_no_second_script(
    front: Storefront, page: Page
) -> None:
    front.layout = "<script src='{script}'></script>{body}<script src='{script}' data-consent=given></script>"
    arrive(page, front.show("/", LINKS + FORMS))
    assert kept(page) == [TOKEN]
    assert href(page, "within") == f"{front.url}/tea?x=a%20b&flag#top"
    assert page.locator("#marked input").count() == 1


def test_a_consent_that_is_told_before_the_script_is_there_counts(
    front: Storefront, other_page: Page
) -> None:
    page = other_page
    page.add_init_script("(window.ll = window.ll || []).push(true)")
    front.layout = "{body}<script defer src='{script}'></script>"
    arrive(page, front.show("/", ""))
    page.wait_for_function("!Array.isArray(ll)")
    assert kept(page) == [TOKEN]
    page.evaluate("(window.ll = window.ll || []).push(false)")
    assert kept(page) == []


def test_a_programs_own_parameter(front: Storefront, page: Page) -> None:
    front.options = "data-parameter=friend"
    page.goto(f"{front.show('/', LINKS)}?ll={OTHERS[1]}&friend={TOKEN}")
    assert page.evaluate("ll.token()") == TOKEN
    assert query(page, "area") == {"friend": [TOKEN]}


def test_a_prerendered_page_keeps_and_tells_nothing_until_it_is_shown(
    street: Street, front: Storefront, other_page: Page
) -> None:
    page, link = other_page, street.link_to(front.show("/", LINKS))
    headers = {"Sec-Purpose": "prefetch;prerender"}
    address = page.request.get(link, headers=headers, max_redirects=0).headers["location"]
    page.add_init_script(
        "Object.defineProperty(document, 'prerendering', { value: true, configurable: true })"
    )
    told: list[str] = []
    page.on("request", lambda request: told.append(request.url) if request.method == "POST" else None)

    front.options = "data-consent=given"
    page.goto(address)
    assert page.evaluate("[ll.token(), localStorage.length]") == [None, 0]
    assert told == []

    page.evaluate("document.dispatchEvent(new Event('prerenderingchange'))")
    assert kept(page) == [address.partition("ll=")[2]]
    wait_until(lambda: street.confirmed(), "the edge has noted it")
    assert told == [front.script_url]
