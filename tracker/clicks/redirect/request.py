"""What happens when somebody opens a short link: the core that every door calls. Knows no web framework."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import NamedTuple

from sqlalchemy.exc import SQLAlchemyError

from tracker.clicks.counting.verdict import Verdict, classify
from tracker.clicks.counting.visitor import country, device_class, referrer_host, visitor_hashes
from tracker.clicks.counting.visitor_keys import VisitorKeys
from tracker.clicks.metrics import ANSWERS, LINKS_UNREADABLE, REDIRECTS, UNKNOWN_CODES, UNRECORDED_CLICKS
from tracker.clicks.recording.recorder import Recorder
from tracker.clicks.recording.writers import NewClick, encode_sub_ids
from tracker.clicks.redirect.destination import with_token
from tracker.clicks.redirect.link_cache import LinksUnavailable
from tracker.clicks.redirect.tailoring import apply_visitor_query, inactive_link
from tracker.clicks.token import make_token
from tracker.ids import new_uuid
from tracker.programs.links.domains import Domain
from tracker.programs.links.operations import LinkTarget

COMMIT_DEADLINE_S = 2.0
"""How long a redirect waits for its click to be stored; after that it goes out without a token."""

NO_STORE = {"Cache-Control": "no-store, private"}
"""On every response: a cached redirect would bypass later clicks, and a cached 404 would stay."""

RETRY_AFTER_S = 5
"""What a browser is told when the link could not be looked up."""

_answers, _redirects = cache(ANSWERS.labels), cache(REDIRECTS.labels)
FindLink = Callable[[str], LinkTarget | None]
FindDomain = Callable[[str], Domain | None]


def no_domain(_host: str) -> Domain | None:
    """Where no brand has a host name of its own."""
    return None


class Visit(NamedTuple):
    """What is read of a request. `headers` has the names of visitor.HEADERS that came, in lower case.

    `query` is raw, one character for each byte, without the question mark. `host` is the name that the
    request was sent to, with its port if it has one; it finds a brand's own links and chooses nothing else.
    `address` is the client's, and forgotten with the request; `country` is what a trusted proxy says of it.
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
    """302 with a location; 404 if the code is unknown or the link is paused, 410 if the link has ended or expired;
    503 when that could not be found out.
    """

    status: int
    location: str | None = None


class PendingRedirect(NamedTuple):
    """A visit that is to be recorded before it is sent on."""

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

    Nothing in the request can choose the destination's host. `keys` sign the token; `find_link` may raise
    LinksUnreadable or SQLAlchemyError, `find_domain` too. Doors that cannot wait do the same by `prepare_redirect` and
    `complete_redirect`.
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
    LINKS_UNREADABLE.inc()
    return RedirectResult(503)


def prepare_redirect(
    visit: Visit,
    link: LinkTarget | None,
    domain: Domain | None,
    now: datetime,
    visitor_keys: VisitorKeys | None = None,
) -> PendingRedirect | RedirectResult:
    """What to record of the visit before it is sent on; or the answer, where the link leads nowhere."""
    found = resolve_link(link, domain, visit, now)
    if isinstance(found, RedirectResult):
        return found
    verdict = classify(visit.method, visit.headers)
    return PendingRedirect(found, new_click(found, visit, verdict, now, visitor_keys), verdict)


def complete_redirect(pending: PendingRedirect, recorded: bool, keys: Sequence[str]) -> RedirectResult:
    """`recorded`: the click is on the disk."""
    return RedirectResult(302, location(pending.link, pending.click, pending.verdict, recorded, keys))


def resolve_link(
    link: LinkTarget | None, domain: Domain | None, visit: Visit, now: datetime
) -> LinkTarget | RedirectResult:
    """The link as this visitor opened it, for `new_click` and `location`; or the answer when it is dead.

    `domain` is whose host name the request was sent to: there only that brand's links are found.
    """
    if link is None or (domain is not None and domain.brand_id != link.brand_id):
        UNKNOWN_CODES.labels("unknown").inc()
        return (
            RedirectResult(302, domain.fallback_url)
            if domain and domain.fallback_url
            else RedirectResult(404)
        )
    end = inactive_link(link, now)
    if end is None:
        return apply_visitor_query(link, visit.query)
    UNKNOWN_CODES.labels("inactive").inc()
    return (
        RedirectResult(302, end.fallback_url)
        if end.fallback_url
        else RedirectResult(410 if end.is_permanent else 404)
    )


def count_result(answer: RedirectResult) -> RedirectResult:
    """The same answer, counted by its status; every door does so once."""
    _answers(str(answer.status)).inc()
    return answer


def new_click(
    link: LinkTarget, visit: Visit, verdict: Verdict, now: datetime, visitor_keys: VisitorKeys | None = None
) -> NewClick:
    """The row of a click; its id is made here, before anything is written, and holds its time.

    Only clicks that may be persons get visitor hashes; every machine request is counted.
    """
    keys = visitor_keys.at(now) if visitor_keys is not None and verdict.earns else None
    hashes = visitor_hashes(keys, link.link_id, visit.address, visit.headers) if keys is not None else None
    return NewClick(
        id=new_uuid(now),
        link_id=link.link_id,
        verdict=verdict.kind,
        reason=verdict.reason,
        device=device_class(visit.headers),
        referrer_host=referrer_host(visit.headers),
        sub_ids=encode_sub_ids(link.sub_ids),
        country=country(visit.address, visit.country),
        visitor=hashes.visitor if hashes else None,
        visitor_before=hashes.before if hashes else None,
        network=hashes.network if hashes else None,
    )


def location(link: LinkTarget, click: NewClick, verdict: Verdict, recorded: bool, keys: Sequence[str]) -> str:
    """Where to send the visitor, and the count of it. Only a recorded click that may earn gets a token."""
    _redirects(verdict.kind).inc()
    if not recorded:
        UNRECORDED_CLICKS.inc()
    token = None
    if recorded and verdict.earns:
        confirmed = verdict.kind == "person"
        token = make_token(keys, click.id, click.link_id, earns=True, confirmed=confirmed)
    return with_token(link.destination, link.token_parameter, token)
