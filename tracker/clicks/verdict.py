"""Whose request it was: a person's, or a machine's that looks at links. Pure.

Every request is recorded with its verdict and the reason; only a person's counts as a click, and only a
person's, or a prerender that may become one, gets a token that earns.

Sources: the Fetch standard (Sec-Purpose, Sec-Fetch-Dest), Chrome's notes on speculation rules, the legacy
headers of Safari and Firefox, and the crawlers' own names, as collected in monperrus/crawler-user-agents.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from crawleruseragents import is_crawler

from tracker.clicks.visitor import HEADER_LENGTH

# Sent by services that fetch a page to show a card of it. In-app browsers of the same companies are people
# and carry other names (Instagram, FBAN, BytedanceWebview).
_PREVIEW = re.compile(
    "slackbot|slack-imgproxy|telegrambot|discordbot|skypeuripreview|linkedinbot|facebookexternalhit|facebot"
    "|twitterbot|redditbot|iframely|embedly|cardyb|vkshare|kakaotalk-scrap|line-poker|snap url preview"
    "|whatsapp/|mastodon/|google-pagerenderer|bitlybot|tumblr/|pinterestbot|microsoftpreview|flipboardproxy"
)
_LEGACY_PURPOSES = {"purpose": ("prefetch", "preview"), "x-moz": ("prefetch",)}
_X_PURPOSES = ("preview", "instant", "prefetch")
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
    """`kind` is one of clicks.models.VERDICTS; `reason` says what decided, in a few fixed words."""

    kind: str
    reason: str

    @property
    def earns(self) -> bool:
        """Whether the request may get a token that a sale can be credited to."""
        return self.kind in ("person", "unconfirmed")


PERSON = Verdict("person", "a browser opened the link")
PRERENDER = Verdict("unconfirmed", "prerendered: perhaps nobody will look")


def judge(method: str, headers: Mapping[str, str]) -> Verdict:
    """`headers` has the names of visitor.HEADERS, in lower case; others are not read."""
    if method == "HEAD":
        return Verdict("head", "a HEAD request")
    return _by_user_agent(headers.get("user-agent", "")[:HEADER_LENGTH]) or _by_purpose(headers) or PERSON


@lru_cache(maxsize=4096)
def _by_user_agent(user_agent: str) -> Verdict | None:
    """Before the headers about the purpose: a crawler that says it prerenders is a crawler."""
    if not user_agent.strip():
        return Verdict("crawler", "no user agent")
    preview = _PREVIEW.search(user_agent.lower())
    if preview is not None:
        return Verdict("preview", f"link preview: {preview[0].rstrip('/')}")
    return Verdict("crawler", "known crawler") if is_crawler(user_agent) else None


def _by_purpose(headers: Mapping[str, str]) -> Verdict | None:
    sec_purpose = headers.get("sec-purpose", "")[:HEADER_LENGTH].strip().lower()
    if sec_purpose.startswith("prefetch"):
        # "prefetch;prerender": the page runs unseen and is shown if the person goes on. Chrome sends the
        # old `Purpose: prefetch` with it, so this header decides first.
        return PRERENDER if "prerender" in sec_purpose else Verdict("prefetch", "Sec-Purpose: prefetch")
    for name, purposes in (*_LEGACY_PURPOSES.items(), ("x-purpose", _X_PURPOSES)):
        if headers.get(name, "").strip().lower() in purposes:
            return Verdict("prefetch", f"{name.title()}: {headers[name].strip().lower()}")
    return _by_destination(headers.get("sec-fetch-dest", "").strip().lower())


def _by_destination(loaded_as: str) -> Verdict | None:
    """A person opens a link as a document; everything else is a page that loads it without being asked."""
    if loaded_as in ("", "document"):
        return None
    return Verdict("embedded", f"loaded as {loaded_as if loaded_as in _KNOWN_DESTINATIONS else 'a part'}")
