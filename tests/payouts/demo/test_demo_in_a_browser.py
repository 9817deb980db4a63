"""The five steps of the demo's tour on a phone: `linkledger demo` and Chromium."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from http.client import HTTPConnection

import pytest
from playwright.sync_api import Browser, Page, expect

from config.settings import PREFIX
from tests.harness import ROOT
from tests.harness.chromium import open_browser
from tests.harness.processes.server import free_port

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

READY_WITHIN_S = 90
STOPS_WITHIN_S = 20
MOST_PAYDAYS = 4
# The user agent of headless Chromium names a robot, and robots do not count.
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.5 Mobile/15E148 Safari/604.1"
)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a demo that is created and served by the command that people use."""
    home = tmp_path_factory.mktemp("demo")
    port, edge_port = free_port(), free_port()
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    process = subprocess.Popen(
        [sys.executable, "-c", "from payouts.cli import main; main()", "demo", "--bind", f"127.0.0.1:{port}"],
        env=inherited | {f"{PREFIX}HOME": str(home), f"{PREFIX}EDGE_BIND": f"127.0.0.1:{edge_port}"},
        cwd=ROOT,
        stderr=(home / "output").open("w"),
    )
    try:
        wait_until_ready(process, port)
        assert f"http://127.0.0.1:{port}/" in (home / "output").read_text()
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(STOPS_WITHIN_S) == 0


def wait_until_ready(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline:
        assert process.poll() is None, "the demo ended at start"
        connection = HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.1)
        finally:
            connection.close()
    raise AssertionError("the demo was not ready in time")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as opened:
        yield opened


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, user_agent=PHONE, has_touch=True, color_scheme="dark"
    )
    page = context.new_page()
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    assert context.cookies() == []
    context.close()
    assert [each for each in errors if "404" not in each] == []


def cents(text: str) -> int:
    """€1,234.56 or −€12.34 in minor units."""
    sign = -1 if text.strip().startswith("\N{MINUS SIGN}") else 1
    return sign * int(re.sub(r"[^0-9]", "", text))


def buy(page: Page, quantity: int, code: str = "") -> None:
    page.get_by_role("link", name="Tasting box").click()
    page.get_by_label("How many").fill(str(quantity))
    page.get_by_label("Code, if you have one").fill(code)
    page.get_by_role("button", name="Buy now").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Order NT-")


def run_paydays_until_paid(demo: str, page: Page, order: str) -> None:
    for _ in range(MOST_PAYDAYS):
        page.goto(demo + "/demo/payouts")
        page.get_by_role("button", name="Run the payday").click()
        page.goto(order)
        if page.get_by_role("heading", name="Paid", exact=True).count():
            return


def test_the_tour_from_the_link_to_the_transfer(demo: str, page: Page) -> None:
    page.goto(demo + "/")
    expect(page.get_by_text("Yes, checked just now")).to_be_visible()

    # 1 and 2: the link leads to the shop, whose pages pass the token to the order.
    page.get_by_role("link", name="Open /mira").click()
    expect(page).to_have_url(re.compile(r"/demo/shop/\?ll=[A-Za-z0-9_-]{87}$"))
    buy(page, 2)

    # 3: 98.00 with tax are 91.59 net; a tenth of that is 9.159, half up 9.16; then half is refunded.
    expect(page.get_by_text("Mira Vogel earns €9.16")).to_be_visible()
    expect(page.get_by_text("€91.59 net × 10 % = €9.16")).to_be_visible()
    expect(page.get_by_text("The last eligible click decides").first).to_be_visible()
    page.get_by_role("button", name="Refund half").click()
    expect(page.get_by_text("Mira Vogel earns €4.58")).to_be_visible()
    page.get_by_role("button", name="Refund €49.00").click()
    expect(page.get_by_text("Mira Vogel earns €0.00")).to_be_visible()
    expect(page.get_by_text("The whole order was refunded.")).to_be_visible()

    # 4: the statement's equation is true for the amounts on the page.
    page.goto(demo + "/demo/")
    page.locator("ol.steps > li").nth(3).get_by_role("link").click()
    expect(page.get_by_text("Sealed").first).to_be_visible()
    opening, earned, reversed_, adjusted, paid, closing = map(
        cents, page.locator("dl.equation dd").all_inner_texts()
    )
    assert opening + earned - reversed_ + adjusted - paid == closing
    assert closing > 0

    # 5: the payday, repeated until an order of today is paid; then its amount is in a transfer.
    page.goto(demo + "/mira")
    buy(page, 20)
    expect(page.get_by_text("Mira Vogel earns €91.59")).to_be_visible()
    run_paydays_until_paid(demo, page, page.url)
    expect(page.get_by_text("€91.59 in this payout")).to_be_visible()
    page.get_by_role("link", name="this payout").click()
    newest = page.locator(
        "section.card", has=page.get_by_role("heading", name=re.compile("to Mira Vogel"))
    ).first
    booked, transferred = map(cents, newest.locator(".sum dd").all_inner_texts())
    assert booked == transferred >= 9159
    expect(newest.get_by_text(re.compile("^tr_"))).to_be_visible()

    page.goto(demo + "/demo/")
    expect(page.get_by_text("Yes, checked just now")).to_be_visible()


def test_code_credits_its_owner_unless_another_link_was_clicked(demo: str, page: Page) -> None:
    page.goto(demo + "/demo/shop/")
    expect(page.get_by_text("You did not come by a creator’s link")).to_be_visible()
    buy(page, 1, "tom10")
    # 44.10 of goods and 4.90 of shipping; 41.21 net; 4.121 is 4.12.
    expect(page.get_by_text("Tom Okafor earns €4.12")).to_be_visible()
    expect(page.get_by_text("The code TOM10 decides: no other creator is involved.").first).to_be_visible()

    page.goto(demo + "/mira")
    buy(page, 1, "TOM10")
    expect(page.get_by_text("Mira Vogel earns €4.12")).to_be_visible()
    expect(page.get_by_text("its owner has no eligible click, and somebody else has")).to_be_visible()


def test_token_is_stored_only_with_consent(demo: str, page: Page) -> None:
    page.goto(demo + "/mira")
    expect(page.get_by_text("Nothing is stored")).to_be_visible()
    page.get_by_role("link", name="Tasting box").click()
    page.get_by_role("button", name="Yes, remember it").click()
    page.goto(demo + "/demo/shop/")
    expect(page.get_by_text("It is stored in this browser")).to_be_visible()
    expect(page.get_by_text("You did not come by a creator’s link")).to_be_hidden()
    buy(page, 1)
    expect(page.get_by_text("Mira Vogel earns €4.58")).to_be_visible()

    page.goto(demo + "/demo/shop/")
    page.get_by_role("button", name="No", exact=True).click()
    page.goto(demo + "/demo/shop/")
    expect(page.get_by_text("You did not come by a creator’s link")).to_be_visible()
    buy(page, 1)
    expect(page.get_by_text("No creator is credited for it.")).to_be_visible()


def test_pressing_the_button_twice_makes_one_order(demo: str, page: Page) -> None:
    page.goto(demo + "/mira")
    page.get_by_role("link", name="Tasting box").click()
    form: dict[str, str | float | bool] = {
        str(field.get_attribute("name")): field.input_value() for field in page.locator("input").all()
    }
    responses = [page.request.post(demo + "/demo/shop/orders", form=form) for _ in range(2)]
    assert [response.status for response in responses] == [200, 200]
    assert responses[0].url == responses[1].url
    page.goto(responses[0].url)
    expect(page.get_by_text("Mira Vogel earns €4.58")).to_be_visible()


def test_pages_fit_a_phone_with_large_touch_targets(demo: str, page: Page) -> None:
    page.goto(demo + "/demo/")
    linked = {str(link.get_attribute("href")) for link in page.locator("main a").all()}
    paths = sorted(path for path in linked if path.startswith("/demo/"))
    assert len(paths) >= 7
    for path in ["/demo/", *paths, "/demo/shop/products/office-box", "/demo/nowhere"]:
        page.goto(demo + path)
        for details in page.locator("details").all():
            if details.get_attribute("open") is None:
                details.locator("summary").click()
        assert page.evaluate("document.documentElement.scrollWidth") == 390, path
        for target in page.locator(".button, summary, nav a, .field input").all():
            box = target.bounding_box()
            assert box is not None
            assert box["height"] >= 44, (path, target.inner_text())
