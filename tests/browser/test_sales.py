"""From a creator's link through a shop's pages to a reported sale: the right creator is credited."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.marketplace import Marketplace
from tests.browser.shops import STEPS

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


def buy(page: Page, kind: str) -> str:
    """Place an order, starting at the shop's first page. Returns the order id."""
    for step in STEPS[kind]:
        page.get_by_text(step, exact=True).click()
    expect(page.get_by_role("heading")).to_have_text("Thank you")
    return page.locator("#order").inner_text()


@pytest.mark.parametrize("kind", STEPS)
def test_with_consent_a_sale_in_a_later_visit_is_credited(
    marketplace: Marketplace, page: Page, kind: str
) -> None:
    shop = marketplace.shops[kind].url + "/"
    page.goto(marketplace.link_to(shop))
    page.get_by_text("Remember me").click()
    page.goto(shop)
    assert marketplace.credited(buy(page, kind)) == "anna"

    page.goto(marketplace.link_to(shop, "bob"))
    page.goto(shop)
    assert marketplace.credited(buy(page, kind)) == "bob"


@pytest.mark.parametrize("kind", STEPS)
def test_without_consent_only_a_sale_in_the_same_visit_is_credited(
    marketplace: Marketplace, page: Page, kind: str
) -> None:
    shop = marketplace.shops[kind].url + "/"
    page.goto(marketplace.link_to(shop))
    assert marketplace.credited(buy(page, kind)) == "anna"

    page.goto(shop)
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0
    assert marketplace.credited(buy(page, kind)) is None
