"""`/ll.js`, the script of the shop's pages: the same bytes and headers at both doors."""

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PATH = "/ll.js"
KEPT_S = 3600
HEADERS_READ = ("if-none-match", "accept-encoding")

FOR_EVERYBODY = {"Cross-Origin-Resource-Policy": "cross-origin"}
"""Without it a page that is isolated from others (COEP) may neither load the script nor tell anything."""
_ALWAYS = {
    **FOR_EVERYBODY,
    "Cache-Control": f"public, max-age={KEPT_S}",
    "Vary": "Accept-Encoding",
    "Access-Control-Allow-Origin": "*",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True)
class ScriptAnswer:
    status: int
    headers: Mapping[str, str]
    body: bytes


def _served(source: str) -> bytes:
    """Without comments that stand alone and without indentation, which shoppers need not load."""
    lines = (line.strip() for line in source.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("//")).encode()


SCRIPT = _served(Path(__file__).with_name("ll.js").read_text(encoding="utf-8"))
PACKED = gzip.compress(SCRIPT, mtime=0)
_MARK = hashlib.sha256(SCRIPT).hexdigest()[:16]
_ETAGS = {False: f'"{_MARK}"', True: f'"{_MARK}-gzip"'}


def script_answer(headers: Mapping[str, str]) -> ScriptAnswer:
    """`headers` by their names in small letters; only HEADERS_READ are looked at."""
    packed = _takes_gzip(headers.get("accept-encoding", ""))
    answered = {**_ALWAYS, "ETag": _ETAGS[packed]}
    if _is_known(headers.get("if-none-match", "")):
        return ScriptAnswer(304, answered, b"")
    answered["Content-Type"] = "text/javascript; charset=utf-8"
    if packed:
        answered["Content-Encoding"] = "gzip"
    return ScriptAnswer(200, answered, PACKED if packed else SCRIPT)


def _is_known(if_none_match: str) -> bool:
    """Compared weakly (RFC 9110, 13.1.2). Either form will do: both are the same script."""
    tags = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    return "*" in tags or not tags.isdisjoint(_ETAGS.values())


def _takes_gzip(accept_encoding: str) -> bool:
    for coding in accept_encoding.lower().split(","):
        name, _, weight = coding.partition(";")
        if name.strip() in ("gzip", "x-gzip"):
            return weight.replace(" ", "").rstrip("0") not in ("q=", "q=0.")
    return False
