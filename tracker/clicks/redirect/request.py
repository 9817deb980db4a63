"""The core of the redirect, which both entry points call. Independent of web frameworks."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import NamedTuple

from prometheus_client import Counter
from sqlalchemy.exc import SQLAlchemyError

from tracker.clicks.counting.verdict import Verdict, classify
from tracker.clicks.counting.visitor import country, device_class, referrer_host, visitor_hashes
from tracker.clicks.counting.visitor_keys import VisitorKeys
from tracker.clicks.metrics import LINKS_UNREADABLE, REDIRECTS, RESPONSES, UNKNOWN_CODES, UNRECORDED_CLICKS
from tracker.clicks.recording.recorder import Recorder
from tracker.clicks.recording.writers import NewClick, encode_sub_ids
from tracker.clicks.redirect.inactive_links import inactive_link
from tracker.clicks.redirect.link_cache import LinksUnavailable
from tracker.clicks.redirect.visitor_query import apply_visitor_query
from tracker.clicks.token import make_token
from tracker.ids import new_uuid
from tracker.programs.links.domains import Domain
from tracker.programs.links.operations import LinkTarget
from tracker.programs.links.query_parameters import with_token

COMMIT_DEADLINE_S = 2.0
"""How long a redirect waits for its click to be stored; after that it is sent without a token."""

NO_STORE = {"Cache-Control": "no-store, private"}
"""On every response: a cached redirect would hide later clicks, and a cached 404 would persist."""

RETRY_AFTER_S = 5
"""The Retry-After header when the link could not be looked up."""

_responses_total, _redirects_total = cache(RESPONSES.labels), cache(REDIRECTS.labels)
Count = Callable[[Counter], None]
"""Adds one to a metric."""
FindLink = Callable[[str], LinkTarget | None]
FindDomain = Callable[[str], Domain | None]


def count_now(metric: Counter) -> None:
    metric.inc()


def no_domain(_host: str) -> Domain | None:
    """For installations in which no brand has its own host name."""
    return None


class Visit(NamedTuple):
    """What is read of a request. `headers` by lower-case name, only those of visitor.HEADERS.

    `query` is raw, one character for each byte, without the question mark. `host` is the one that the request
    was sent to, with the port if any; it only selects the brand whose links are found. `address` is the
    client's and is not stored; `country` is what a trusted proxy reported for it.
    """

    method: str
    code: str
    headers: Mapping[str, str]
    query: str = ""
    host: str = ""
    address: str = ""
    scheme: str = "https"
    country: str | None = None


class RedirectResult(NamedTuple):
    """302 with a location; 404: unknown or paused; 410: ended or expired; 503: link could not be read.

    `brand_id`: whose page the shopper sees instead of a shop, if the brand is known.
    """

    status: int
    location: str | None = None
    brand_id: str | None = None


class PendingRedirect(NamedTuple):
    """A visit whose click must be recorded before it is redirected."""

    link: LinkTarget
    click: NewClick
    verdict: Verdict


def follow(
    visit: Visit,
    now: datetime,
    *,
    find_link: FindLink,
    recorder: Recorder,
    keys: Sequence[str],
    deadline_s: float = COMMIT_DEADLINE_S,
    find_domain: FindDomain = no_domain,
    visitor_keys: VisitorKeys | None = None,
) -> RedirectResult:
    """Record the click, then respond: a token is issued only after its click was synced to disk.

    Nothing in the request can choose the destination's host. `keys` sign the token. `find_link` and
    `find_domain` may raise LinksUnavailable or SQLAlchemyError. Entry points that cannot block call
    `prepare_redirect` and `complete_redirect` instead.
    """
    try:
        link, domain = find_link(visit.code), find_domain(visit.host)
    except (SQLAlchemyError, LinksUnavailable):
        return count_result(links_unavailable())
    pending = prepare_redirect(visit, link, domain, now, visitor_keys)
    if isinstance(pending, RedirectResult):
        return count_result(pending)
    return count_result(complete_redirect(pending, recorder.record(pending.click, deadline_s), keys))


def links_unavailable() -> RedirectResult:
    """The result 503; also counts the failure."""
    LINKS_UNREADABLE.inc()
    return RedirectResult(503)


def prepare_redirect(
    visit: Visit,
    link: LinkTarget | None,
    domain: Domain | None,
    now: datetime,
    visitor_keys: VisitorKeys | None = None,
) -> PendingRedirect | RedirectResult:
    """The click to record before the redirect; or the result if the link is unknown or inactive."""
    found = resolve_link(link, domain, visit, now)
    if isinstance(found, RedirectResult):
        return found
    verdict = classify(visit.method, visit.headers)
    return PendingRedirect(found, new_click(found, visit, verdict, now, visitor_keys), verdict)


def complete_redirect(
    pending: PendingRedirect, recorded: bool, keys: Sequence[str], count: Count = count_now
) -> RedirectResult:
    """`recorded`: whether the click is on disk."""
    return RedirectResult(302, location(pending.link, pending.click, pending.verdict, recorded, keys, count))


def resolve_link(
    link: LinkTarget | None, domain: Domain | None, visit: Visit, now: datetime
) -> LinkTarget | RedirectResult:
    """The link as this visitor opened it, for `new_click` and `location`.

    Returns the final result instead if the link is unknown or inactive.

    `domain` is the brand domain that the request was sent to, if any; it finds only links of its brand.
    """
    if link is None or (domain is not None and domain.brand_id != link.brand_id):
        UNKNOWN_CODES.labels("unknown").inc()
        return (
            RedirectResult(302, domain.fallback_url)
            if domain and domain.fallback_url
            else RedirectResult(404, brand_id=domain.brand_id if domain else None)
        )
    inactive = inactive_link(link, now)
    if inactive is None:
        return apply_visitor_query(link, visit.query)
    UNKNOWN_CODES.labels("inactive").inc()
    return (
        RedirectResult(302, inactive.fallback_url)
        if inactive.fallback_url
        else RedirectResult(410 if inactive.state.is_permanent else 404, brand_id=link.brand_id or None)
    )


def count_result(result: RedirectResult, count: Count = count_now) -> RedirectResult:
    """Count the result by its status and return it. Each entry point calls this once per request."""
    count(_responses_total(str(result.status)))
    return result


def new_click(
    link: LinkTarget, visit: Visit, verdict: Verdict, now: datetime, visitor_keys: VisitorKeys | None = None
) -> NewClick:
    """The row of a click; its id, which contains the time, is created here, before anything is written.

    Only clicks that may be a person's get visitor hashes; every machine request is counted separately.
    """
    keys = visitor_keys.at(now) if visitor_keys is not None and verdict.earns else None
    hashes = visitor_hashes(keys, link.link_id, visit.address, visit.headers) if keys is not None else None
    return NewClick(  # by position, which takes less time than names
        new_uuid(now),
        link.link_id,
        verdict.kind,
        verdict.reason,
        device_class(visit.headers),
        referrer_host(visit.headers),
        encode_sub_ids(link.sub_ids),
        country(visit.address, visit.country),
        *(hashes or (None, None, None)),
    )


def location(
    link: LinkTarget,
    click: NewClick,
    verdict: Verdict,
    recorded: bool,
    keys: Sequence[str],
    count: Count = count_now,
) -> str:
    """The address to redirect to; counts the redirect. Only a recorded click that may earn gets a token."""
    count(_redirects_total(verdict.kind))
    if not recorded:
        count(UNRECORDED_CLICKS)
    token = None
    if recorded and verdict.earns:
        confirmed = verdict.kind == "person"
        token = make_token(keys, click.id, click.link_id, earns=True, confirmed=confirmed)
    return with_token(link.destination, link.token_parameter, token)
