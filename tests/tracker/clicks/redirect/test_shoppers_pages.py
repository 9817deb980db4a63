"""What shoppers see instead of a shop: the brand's page in their language, the same at both entry points."""

import base64
import hashlib
import re
from datetime import datetime

import pytest
from sqlalchemy import create_engine

from config.database import transact
from tests.cast.people import PERSON, START, Cast
from tests.tracker.clicks.entry_points import EntryPoint
from tests.tracker.people.looks.pictures import png
from tracker.clicks.redirect.shoppers_page import shoppers_page
from tracker.clicks.redirect.shown_brands import ShownBrand, ShownBrands, shown_brands_of
from tracker.people.looks.operations import set_look
from tracker.programs.links.domains import add_domain
from tracker.programs.links.state_changes import set_link_state

GERMAN = {"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}
MAX_BYTES = 8_000


def dress(entry_point: EntryPoint, cast: Cast) -> None:
    """End the link of the brand, which has a colour and a logo."""

    def work(session):  # type: ignore[no-untyped-def]
        set_look(session, START, actor=PERSON, brand_id=cast.brand_id, colour="#aa3377", logo=png())
        set_link_state(session, START, actor=PERSON, link_id=entry_point.link_id, state="ended")

    transact(entry_point.databases.main, work)
    entry_point.links.poll()


def test_an_ended_link_shows_the_brand_in_the_language_of_the_shopper(
    entry_point: EntryPoint, cast: Cast
) -> None:
    dress(entry_point, cast)
    for headers, title in ((GERMAN, "Dieser Link ist beendet – Teas"), ({}, "This link has ended – Teas")):
        response = entry_point.request("/anna", **headers)
        page = response.read().decode()
        assert response.status == 410
        assert f"<title>{title}</title>" in page
        assert "--brand:#aa3377" in page
        assert f'<img src="data:image/png;base64,{base64.b64encode(png()).decode()}"' in page
        assert len(page) < MAX_BYTES


def test_the_page_loads_nothing_and_its_policy_allows_only_itself(
    entry_point: EntryPoint, cast: Cast
) -> None:
    dress(entry_point, cast)
    response = entry_point.request("/anna")
    page, policy = response.read().decode(), response.headers["Content-Security-Policy"]
    style = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style[0].encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(r'(src|href)="(?!data:)|<script|style=|\son\w+=', page)
    assert (response.headers["X-Content-Type-Options"], response.headers["Cache-Control"]) == (
        "nosniff",
        "no-store, private",
    )


def test_an_unknown_link_is_the_products_page_in_both_languages(entry_point: EntryPoint) -> None:
    titles = []
    for headers in ({}, GERMAN):
        response = entry_point.request("/nobody", **headers)
        assert response.status == 404
        titles += re.findall("<title>(.*?)</title>", response.read().decode())
    assert titles == ["This link leads nowhere – Linkledger", "Dieser Link führt nirgendwohin – Linkledger"]


def test_an_unknown_link_at_a_brands_own_host_is_the_brands_page(entry_point: EntryPoint, cast: Cast) -> None:
    host = {"brand_id": cast.brand_id, "host": "go.teas.example", "own_host": "links.example"}
    transact(entry_point.databases.main, lambda session: add_domain(session, START, actor=PERSON, **host))
    entry_point.request("/anna").read()
    entry_point.links.poll()
    page = entry_point.request("/nobody", Host="go.teas.example").read().decode()
    assert "<title>This link leads nowhere – Teas</title>" in page


def test_a_look_is_remembered_for_a_minute_and_a_failed_read_is_the_product() -> None:
    brand, reads = ShownBrand("Teas", None, None), []

    def read(brand_id: str) -> ShownBrand | None:
        reads.append(brand_id)
        return brand

    brands = ShownBrands(read)
    assert not brands.is_known("brd_1")
    assert [brands.find("brd_1"), brands.find("brd_1")] == [brand, brand]
    assert (reads, brands.is_known("brd_1")) == (["brd_1"], True)
    assert shown_brands_of(create_engine("sqlite:////nothing/there.db")).find("brd_1") is None


def test_a_name_of_a_brand_cannot_leave_its_place() -> None:
    page = shoppers_page(404, "en", ShownBrand("</title><script>alert(1)</script>", None, None))
    assert b"<script>" not in page.body


@pytest.mark.parametrize("status", [404, 405, 410, 503])
def test_every_text_is_translated(status: int, now: datetime) -> None:
    marked = shoppers_page(status, "xx").body.decode()
    assert re.findall(r"<(?:h1|p)>([^⟦])", marked) == []
    assert shoppers_page(status, "de").body != shoppers_page(status, "en").body
