"""Postback entry point, for affiliate networks that can only call a URL.

The key stands in the address, which ends up in logs of others; ours have no addresses (config/gunicorn.py).
"""

from flask import Blueprint, Response, request

from tracker.errors import Invalid
from tracker.people.access.guards import bearer_token, keyed
from tracker.people.keys.operations import Caller
from tracker.sales.api.reporting import postback_report
from tracker.sales.api.responses import log_refusals, report_response
from tracker.sales.integrations.postback import TOPIC, parse_pairs
from tracker.sales.reports.messages import Unreadable

blueprint = Blueprint("postback", __name__)

KEY_PARAMETER = "key"
FORM_TYPE = "application/x-www-form-urlencoded"


def key_in_url() -> str | None:
    """Beside the values; in the header for who can set one."""
    return bearer_token() or dict(reversed(_pairs())).get(KEY_PARAMETER)


@blueprint.route("/postback", methods=["GET", "POST"])
@keyed("postback", "what it reports becomes money owed by the key's brand", shown=key_in_url)
def receive_postback(caller: Caller) -> Response:
    if request.method == "HEAD":  # comes with GET: whoever only looks must not book
        return Response(status=405, headers={"Allow": "GET, POST"})
    with log_refusals(caller, TOPIC):
        return report_response(caller, postback_report(_pairs()))


def _pairs() -> list[tuple[str, str]]:
    """Of the address and, in a POST, of the form. Raises Invalid on what cannot be read as such."""
    try:
        query = request.query_string.decode("ascii")
        form = request.get_data().decode("ascii")
    except UnicodeDecodeError:
        raise Unreadable("Values beyond ASCII must be percent-encoded.") from None
    if form and request.mimetype != FORM_TYPE:
        raise Invalid(
            f"The body of a postback must be a form ({FORM_TYPE}), not {request.mimetype or 'nameless'}."
        )
    return parse_pairs(query) + parse_pairs(form)
