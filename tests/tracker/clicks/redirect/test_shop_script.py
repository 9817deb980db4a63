"""/ll.js at both entry points over real HTTP: small, cacheable, usable from every shop's pages."""

import gzip
import http.client

import pytest

from tests.tracker.clicks.entry_points import EntryPoint
from tracker.clicks.redirect.shop_script import SCRIPT
from tracker.errors import Invalid
from tracker.programs.codes import link_code

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])

MAX_BYTES = 2048
"""It has 1996 bytes with zlib; some systems have a replacement that compresses a little less."""
MODERN = {"Accept-Encoding": "gzip, deflate, br"}


def headers_of(response: http.client.HTTPResponse) -> dict[str, str]:
    """Without the headers that a server adds to every response."""
    ours = {name.lower(): value for name, value in response.getheaders()}
    return {name: value for name, value in ours.items() if name not in ("date", "server", "connection")}


def test_the_script_is_under_2_kb_and_has_cache_headers(entry_point: EntryPoint) -> None:
    response = entry_point.request("/ll.js", **MODERN)
    gzipped = response.read()
    etag = response.headers["ETag"]
    assert len(gzipped) < MAX_BYTES
    assert gzip.decompress(gzipped) == SCRIPT
    assert (response.status, headers_of(response)) == (
        200,
        {
            "content-type": "text/javascript; charset=utf-8",
            "content-encoding": "gzip",
            "content-length": str(len(gzipped)),
            "cache-control": "public, max-age=3600",
            "vary": "Accept-Encoding",
            "etag": etag,
            "cross-origin-resource-policy": "cross-origin",
            "access-control-allow-origin": "*",
            "x-content-type-options": "nosniff",
        },
    )
    assert entry_point.verdicts() == []


@pytest.mark.parametrize("accepted", ["", "identity", "br", "gzip;q=0", "gzip; q=0.000, br", "agzip"])
def test_a_client_without_gzip_gets_the_plain_script(entry_point: EntryPoint, accepted: str) -> None:
    response = entry_point.request("/ll.js", **({"Accept-Encoding": accepted} if accepted else {}))
    assert (response.status, response.read()) == (200, SCRIPT)
    assert "Content-Encoding" not in response.headers
    assert response.headers["Vary"] == "Accept-Encoding"


def test_a_matching_etag_gives_304(entry_point: EntryPoint) -> None:
    etags = {entry_point.request("/ll.js", **headers).headers["ETag"] for headers in (MODERN, {})}
    assert len(etags) == 2
    for etag in etags:
        for known in (etag, f"W/{etag}", f'"other", {etag}', "*"):
            response = entry_point.request("/ll.js", **MODERN, **{"If-None-Match": known})
            assert (response.status, response.read()) == (304, b""), known
            assert response.headers["Cache-Control"] == "public, max-age=3600"
            assert response.headers["ETag"] in etags
            assert "Content-Type" not in response.headers
    assert entry_point.request("/ll.js", **{"If-None-Match": '"other"'}).status == 200


def test_head_has_the_same_headers_without_a_body(entry_point: EntryPoint) -> None:
    whole, head = entry_point.request("/ll.js", **MODERN), entry_point.request("/ll.js", "HEAD", **MODERN)
    whole.read()
    assert (head.status, head.read(), headers_of(head)) == (200, b"", headers_of(whole))


def test_no_link_can_have_the_name_of_the_script(entry_point: EntryPoint) -> None:
    with pytest.raises(Invalid):
        link_code("ll.js")
    for path in ("/LL.js", "/ll.js/", "/ll.jsx", "/x/ll.js"):
        assert entry_point.request(path).status == 404
