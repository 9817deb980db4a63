"""Classifies a request as a person's or a machine's. Pure.

Every request is recorded with its verdict and the reason. Only a person's request counts as a visit, and only
a person's request or a prerender, which may become one, gets a token that earns.

Sources: the Fetch standard (Sec-Purpose, Sec-Fetch-Dest), Chrome's documentation of speculation rules, the
legacy headers of Safari and Firefox, and crawler names as collected in monperrus/crawler-user-agents.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from crawleruseragents import is_crawler

from tracker.clicks.counting.visitor import HEADER_LENGTH

# Services that fetch a page to show a preview of it. In-app browsers of the same companies are people's; they
# have other names (Instagram, FBAN, BytedanceWebview), or the same name after a browser's.
_PREVIEW = re.compile(
    "slackbot|slack-imgproxy|telegrambot|discordbot|skypeuripreview|linkedinbot|facebookexternalhit|facebot"
    "|twitterbot|redditbot|iframely|embedly|cardyb|vkshare|kakaotalk-scrap|line-poker|snap url preview"
    "|^whatsapp/|mastodon/|google-pagerenderer|bitlybot|^tumblr/|pinterestbot|microsoftpreview"
    "|flipboardproxy|notionembedder|^trello|linkpreview|^viber"
)
# Only scanners that identify themselves. Others pose as browsers and are found as HEAD requests or floods.
_MAIL_SCANNER = re.compile(
    "barracuda|mimecast|proofpoint|urldefense|cloudmark|trendmicro|forcepoint|sophos|symantec|messagelabs"
    "|fireeye|ironport|hornetsecurity|safelinks|ms-office|msoffice|microsoft office|googleimageproxy"
    "|yahoomailproxy|bingpreview|spamtitan|libraesva|vadesecure"
)
# Every browser of the last 25 years begins with Mozilla or Opera; feature phones begin with their maker.
_BROWSER = re.compile("(mozilla|opera|ucweb|nokia|blackberry|samsung|sonyericsson|lg)[-/0-9]", re.IGNORECASE)
# Apps whose in-app browser adds the name that their link preview uses too.
_IN_APP = re.compile("mozilla/5.0 \\((iphone|ipad|ipod|linux; android|android)", re.IGNORECASE)
_APP_NAMES = re.compile(r"\b(whatsapp|bluesky|tumblr|pinterest|telegram|viber)\b[/\w.-]*", re.IGNORECASE)
_LEGACY_PURPOSES = (
    ("purpose", ("prefetch", "preview")),
    ("x-moz", ("prefetch",)),
    ("x-purpose", ("preview", "instant", "prefetch")),
)
_KNOWN_DESTINATIONS = frozenset(
    (
        "audio",
        "embed",
        "empty",
        "font",
        "frame",
        "iframe",
        "image",
        "object",
        "script",
        "style",
        "track",
        "video",
    )
)


@dataclass(frozen=True)
class Verdict:
    """`kind` is one of clicks.models.VERDICTS; `reason` names what decided, in a few fixed words."""

    kind: str
    reason: str

    @property
    def earns(self) -> bool:
        """Whether the request may get a token that a sale can be credited to."""
        return self.kind in ("person", "unconfirmed")


PERSON = Verdict("person", "a browser opened the link")
PRERENDER = Verdict("unconfirmed", "prerendered: perhaps nobody will look")


def classify(method: str, headers: Mapping[str, str]) -> Verdict:
    """`headers` by lower-case name; only those of visitor.HEADERS are read."""
    if method == "HEAD":
        return Verdict("head", "a HEAD request")
    return _by_user_agent(headers.get("user-agent", "")[:HEADER_LENGTH]) or _by_purpose(headers) or PERSON


@lru_cache(maxsize=4096)
def _by_user_agent(user_agent: str) -> Verdict | None:
    """Decides before the purpose headers: a crawler that claims to prerender is a crawler."""
    if not user_agent.strip():
        return Verdict("crawler", "no user agent")
    name = user_agent.lower()
    for pattern, kind, label in (
        (_MAIL_SCANNER, "crawler", "mail scanner"),
        (_PREVIEW, "preview", "link preview"),
    ):
        found = pattern.search(name)
        if found is not None:
            return Verdict(kind, f"{label}: {found[0].rstrip('/')}")
    if not _BROWSER.match(name) or "powershell" in name:
        return Verdict("crawler", "a program, no browser")
    rest = _APP_NAMES.sub("", user_agent) if _IN_APP.match(name) else user_agent
    return Verdict("crawler", "known crawler") if is_crawler(rest) else None


def _by_purpose(headers: Mapping[str, str]) -> Verdict | None:
    sec_purpose = headers.get("sec-purpose", "")[:HEADER_LENGTH].strip().lower()
    if sec_purpose.startswith("prefetch"):
        # "prefetch;prerender": the page runs hidden and is shown if the person opens the link. Chrome also
        # sends the old `Purpose: prefetch` with it, so this header decides first.
        return PRERENDER if "prerender" in sec_purpose else Verdict("prefetch", "Sec-Purpose: prefetch")
    for name, purposes in _LEGACY_PURPOSES:
        if name in headers and headers[name].strip().lower() in purposes:
            return Verdict("prefetch", f"{name.title()}: {headers[name].strip().lower()}")
    return _by_destination(headers.get("sec-fetch-dest", "").strip().lower())


def _by_destination(loaded_as: str) -> Verdict | None:
    """A person opens a link as a document; anything else is loaded by a page on its own."""
    if loaded_as in ("", "document"):
        return None
    return Verdict("embedded", f"loaded as {loaded_as if loaded_as in _KNOWN_DESTINATIONS else 'a part'}")
