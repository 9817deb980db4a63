"""From a creator's link through a shop's pages to the sale that a signed message reports: who is credited."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.shops import STEPS
from tests.browser.street import Street

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


def buy(page: Page, kind: str) -> str:
    """From the shop's first page on. The order's id."""
    for step in STEPS[kind]:
        page.get_by_text(step, exact=True).click()
    expect(page.get_by_role("heading")).to_have_text("Thank you")
    return page.locator("#order").inner_text()


@pytest.mark.parametrize("kind", STEPS)
def test_with_consent_the_sale_of_another_day_is_credited(street: Street, page: Page, kind: str) -> None:
    shop = street.shops[kind].url + "/"
    page.goto(street.link_to(shop))
    page.get_by_text("Remember me").click()
    page.goto(shop)
    assert street.credited(buy(page, kind)) == "anna"

    page.goto(street.link_to(shop, "bob"))
    page.goto(shop)
    assert street.credited(buy(page, kind)) == "bob"


@pytest.mark.parametrize("kind", STEPS)
def test_without_consent_only_the_sale_of_the_same_visit_is(street: Street, page: Page, kind: str) -> None:
    shop = street.shops[kind].url + "/"
    page.goto(street.link_to(shop))
    assert street.credited(buy(page, kind)) == "anna"

    page.goto(shop)
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0
    assert street.credited(buy(page, kind)) is None
