"""/ll.js at both doors, over real HTTP: small, kept by browsers, usable from every shop's page."""

import gzip
import http.client

import pytest

from tests.tracker.clicks.entry_points import Door
from tracker.clicks.redirect.shop_script import SCRIPT
from tracker.errors import Invalid
from tracker.programs.codes import link_code

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])

MOST_BYTES = 2048
"""It has 1996 with zlib itself; what some systems have in its place packs a little less."""
MODERN = {"Accept-Encoding": "gzip, deflate, br"}


def headers_of(response: http.client.HTTPResponse) -> dict[str, str]:
    """Without what a server adds to every answer."""
    ours = {name.lower(): value for name, value in response.getheaders()}
    return {name: value for name, value in ours.items() if name not in ("date", "server", "connection")}


def test_it_is_under_two_kilobytes_on_the_wire_and_says_how_to_keep_it(door: Door) -> None:
    response = door.ask("/ll.js", **MODERN)
    packed = response.read()
    etag = response.headers["ETag"]
    assert len(packed) < MOST_BYTES
    assert gzip.decompress(packed) == SCRIPT
    assert (response.status, headers_of(response)) == (
        200,
        {
            "content-type": "text/javascript; charset=utf-8",
            "content-encoding": "gzip",
            "content-length": str(len(packed)),
            "cache-control": "public, max-age=3600",
            "vary": "Accept-Encoding",
            "etag": etag,
            "cross-origin-resource-policy": "cross-origin",
            "access-control-allow-origin": "*",
            "x-content-type-options": "nosniff",
        },
    )
    assert door.verdicts() == []


@pytest.mark.parametrize("accepted", ["", "identity", "br", "gzip;q=0", "gzip; q=0.000, br", "agzip"])
def test_who_does_not_take_gzip_gets_it_as_it_is(door: Door, accepted: str) -> None:
    response = door.ask("/ll.js", **({"Accept-Encoding": accepted} if accepted else {}))
    assert (response.status, response.read()) == (200, SCRIPT)
    assert "Content-Encoding" not in response.headers
    assert response.headers["Vary"] == "Accept-Encoding"


def test_who_has_it_already_is_told_so(door: Door) -> None:
    etags = {door.ask("/ll.js", **headers).headers["ETag"] for headers in (MODERN, {})}
    assert len(etags) == 2
    for etag in etags:
        for known in (etag, f"W/{etag}", f'"other", {etag}', "*"):
            response = door.ask("/ll.js", **MODERN, **{"If-None-Match": known})
            assert (response.status, response.read()) == (304, b""), known
            assert response.headers["Cache-Control"] == "public, max-age=3600"
            assert response.headers["ETag"] in etags
            assert "Content-Type" not in response.headers
    assert door.ask("/ll.js", **{"If-None-Match": '"other"'}).status == 200


def test_head_says_the_same_without_the_body(door: Door) -> None:
    whole, head = door.ask("/ll.js", **MODERN), door.ask("/ll.js", "HEAD", **MODERN)
    whole.read()
    assert (head.status, head.read(), headers_of(head)) == (200, b"", headers_of(whole))


def test_no_link_can_be_named_like_it(door: Door) -> None:
    with pytest.raises(Invalid):
        link_code("ll.js")
    for path in ("/LL.js", "/ll.js/", "/ll.jsx", "/x/ll.js"):
        assert door.ask(path).status == 404
