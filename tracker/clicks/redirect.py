"""What happens when somebody opens a short link: the core that every door calls. Knows no web framework."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.exc import SQLAlchemyError

from tracker.clicks.destination import with_token
from tracker.clicks.metrics import LINKS_UNREADABLE, REDIRECTS, UNKNOWN_CODES, UNRECORDED_CLICKS
from tracker.clicks.recorder import Recorder
from tracker.clicks.token import make_token
from tracker.clicks.verdict import Verdict, judge
from tracker.clicks.visitor import device_class, referrer_host
from tracker.clicks.writers import NewClick, stored_sub_ids
from tracker.ids import new_uuid
from tracker.programs.operations import LinkTarget

COMMIT_DEADLINE_S = 2.0
"""How long a shopper waits for his click to be written; then he is sent on without a token."""

NO_STORE = {"Cache-Control": "no-store, private"}
"""With every answer: a browser that kept one would take the next click past us, or keep a 404 for good."""

FindLink = Callable[[str], LinkTarget | None]


@dataclass(frozen=True)
class Visit:
    """What is read of a request. `headers` has the names of visitor.HEADERS that came, in lower case."""

    method: str
    code: str
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Answer:
    """302 with a location; 404 when no active link has the code; 503 when that could not be found out."""

    status: int
    location: str | None = None


def follow(
    visit: Visit,
    now: datetime,
    *,
    find_link: FindLink,
    recorder: Recorder,
    keys: Sequence[str],
    deadline_s: float = COMMIT_DEADLINE_S,
) -> Answer:
    """Record the click, then answer: an address that leaves with a token has its click on the disk.

    Nothing in the request can choose the destination. `keys` sign the token; `find_link` may raise
    SQLAlchemyError.
    """
    try:
        link = find_link(visit.code)
    except SQLAlchemyError:
        LINKS_UNREADABLE.inc()
        return Answer(503)
    if link is None or not link.active:
        UNKNOWN_CODES.labels("unknown" if link is None else "inactive").inc()
        return Answer(404)
    verdict = judge(visit.method, visit.headers)
    click = new_click(link, visit, verdict, now)
    recorded = recorder.record(click, deadline_s)
    return Answer(302, location(link, click, verdict, recorded, keys))


def new_click(link: LinkTarget, visit: Visit, verdict: Verdict, now: datetime) -> NewClick:
    """The row of a click; its id is made here, before anything is written, and holds its time."""
    return NewClick(
        id=new_uuid(now),
        link_id=link.link_id,
        verdict=verdict.kind,
        reason=verdict.reason,
        device=device_class(visit.headers),
        referrer_host=referrer_host(visit.headers),
        sub_ids=stored_sub_ids(link.sub_ids),
    )


def location(link: LinkTarget, click: NewClick, verdict: Verdict, recorded: bool, keys: Sequence[str]) -> str:
    """Where to send the visitor, and the count of it. Only a recorded click that may earn gets a token."""
    REDIRECTS.labels(verdict.kind).inc()
    if not recorded:
        UNRECORDED_CLICKS.inc()
    token = None
    if recorded and verdict.earns:
        confirmed = verdict.kind == "person"
        token = make_token(keys, click.id, click.link_id, earns=True, confirmed=confirmed)
    return with_token(link.destination, link.token_parameter, token)
