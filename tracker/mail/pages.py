"""The page of one-click unsubscribe (RFC 8058). The token in its address is the proof, without sign-in."""

from datetime import UTC, datetime

from flask import Blueprint, render_template

from config.database import transact
from tracker.http.access import public
from tracker.http.site import site
from tracker.mail.kinds import Choice
from tracker.mail.preferences import set_choice
from tracker.mail.unsubscribe import read_token

blueprint = Blueprint("mail", __name__, template_folder="templates")

REASON = "switches one kind of message off for the holder of a signed token, and does nothing else"


@blueprint.get("/app/unsubscribe/<token>")
@public(REASON)
def unsubscribe(token: str) -> tuple[str, int]:
    """Only a button: mail scanners follow links."""
    return _page("ask") if read_token(site().settings.secret_keys, token) else _page("unknown", 404)


@blueprint.post("/app/unsubscribe/<token>")
@public(REASON)
def unsubscribe_now(token: str) -> tuple[str, int]:
    """From the button, or from a mail program, which sends no cookie and comes from anywhere."""
    found = read_token(site().settings.secret_keys, token)
    if found is None:
        return _page("unknown", 404)
    person_id, kind = found
    now = datetime.now(UTC)
    transact(site().databases.main, lambda s: set_choice(s, now, person_id, kind, Choice.OFF))
    return _page("done")


def _page(state: str, status: int = 200) -> tuple[str, int]:
    return render_template("unsubscribe/page.html", state=state), status
