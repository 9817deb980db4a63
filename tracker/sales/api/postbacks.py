"""The postback door, for networks' servers that can do no more than call an address.

The key stands in the address, which ends up in logs of others; ours have no addresses (config/gunicorn.py).
"""

from flask import Blueprint, Response, request

from tracker.errors import Invalid
from tracker.people.access.guards import bearer_token, keyed
from tracker.people.keys.operations import Caller
from tracker.sales.api.reporting import sent_back
from tracker.sales.api.responses import answer_report, refusals_noted
from tracker.sales.integrations.postback import TOPIC, pairs_of
from tracker.sales.reports.messages import Unreadable

blueprint = Blueprint("postback", __name__)

KEY = "key"
FORM = "application/x-www-form-urlencoded"


def key_in_address() -> str | None:
    """Beside the values; in the header for who can set one."""
    return bearer_token() or dict(reversed(_pairs())).get(KEY)


@blueprint.route("/postback", methods=["GET", "POST"])
@keyed("postback", "what it reports becomes money owed by the key's brand", shown=key_in_address)
def take_postback(caller: Caller) -> Response:
    if request.method == "HEAD":  # comes with GET: whoever only looks must not book
        return Response(status=405, headers={"Allow": "GET, POST"})
    with refusals_noted(caller, TOPIC):
        return answer_report(caller, sent_back(_pairs()))


def _pairs() -> list[tuple[str, str]]:
    """Of the address and, in a POST, of the form. Raises Invalid on what cannot be read as such."""
    try:
        query = request.query_string.decode("ascii")
        form = request.get_data().decode("ascii")
    except UnicodeDecodeError:
        raise Unreadable("Values beyond ASCII must be percent-encoded.") from None
    if form and request.mimetype != FORM:
        raise Invalid(
            f"The body of a postback must be a form ({FORM}), not {request.mimetype or 'nameless'}."
        )
    return pairs_of(query) + pairs_of(form)
