"""`/ll.js`, the shop script: the same bytes and headers at both entry points."""

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PATH = "/ll.js"
CACHE_MAX_AGE_S = 3600
HEADERS_READ = ("if-none-match", "accept-encoding")

CROSS_ORIGIN_HEADERS = {"Cross-Origin-Resource-Policy": "cross-origin"}
"""Without it a page with a Cross-Origin-Embedder-Policy can neither load the script nor post to it."""
_COMMON_HEADERS = {
    **CROSS_ORIGIN_HEADERS,
    "Cache-Control": f"public, max-age={CACHE_MAX_AGE_S}",
    "Vary": "Accept-Encoding",
    "Access-Control-Allow-Origin": "*",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True)
class ScriptResponse:
    status: int
    headers: Mapping[str, str]
    body: bytes


def _minify(source: str) -> bytes:
    """Remove comment lines and indentation, so that shoppers load less."""
    lines = (line.strip() for line in source.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("//")).encode()


SCRIPT = _minify(Path(__file__).with_name("ll.js").read_text(encoding="utf-8"))
GZIPPED_SCRIPT = gzip.compress(SCRIPT, mtime=0)
_CONTENT_HASH = hashlib.sha256(SCRIPT).hexdigest()[:16]
_ETAGS = {False: f'"{_CONTENT_HASH}"', True: f'"{_CONTENT_HASH}-gzip"'}


def script_response(headers: Mapping[str, str]) -> ScriptResponse:
    """`headers` by lower-case name; only HEADERS_READ are read."""
    gzipped = _accepts_gzip(headers.get("accept-encoding", ""))
    response_headers = {**_COMMON_HEADERS, "ETag": _ETAGS[gzipped]}
    if _etag_matches(headers.get("if-none-match", "")):
        return ScriptResponse(304, response_headers, b"")
    response_headers["Content-Type"] = "text/javascript; charset=utf-8"
    if gzipped:
        response_headers["Content-Encoding"] = "gzip"
    return ScriptResponse(200, response_headers, GZIPPED_SCRIPT if gzipped else SCRIPT)


def _etag_matches(if_none_match: str) -> bool:
    """Weak comparison (RFC 9110, 13.1.2). The ETag of either encoding matches: the script is the same."""
    tags = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    return "*" in tags or not tags.isdisjoint(_ETAGS.values())


def _accepts_gzip(accept_encoding: str) -> bool:
    for coding in accept_encoding.lower().split(","):
        name, _, weight = coding.partition(";")
        if name.strip() in ("gzip", "x-gzip"):
            return weight.replace(" ", "").rstrip("0") not in ("q=", "q=0.")
    return False
