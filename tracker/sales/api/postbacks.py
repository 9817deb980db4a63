"""The postback entry point, for affiliate networks that can only call a URL.

The key is part of the URL, so it may end up in the logs of others. Our own logs contain no URLs
(config/gunicorn.py).
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
    """The key from the Authorization header, or else the first `key` parameter."""
    return bearer_token() or dict(reversed(_pairs())).get(KEY_PARAMETER)


@blueprint.route("/postback", methods=["GET", "POST"])
@keyed("postback", "its reports create commissions that the key's brand owes", shown=key_in_url)
def receive_postback(caller: Caller) -> Response:
    if request.method == "HEAD":  # Flask routes HEAD like GET, but HEAD must not book
        return Response(status=405, headers={"Allow": "GET, POST"})
    with log_refusals(caller, TOPIC):
        return report_response(caller, postback_report(_pairs()))


def _pairs() -> list[tuple[str, str]]:
    """The parameters of the URL and, in a POST, of the form. Raises Invalid when they cannot be parsed."""
    try:
        query = request.query_string.decode("ascii")
        form = request.get_data().decode("ascii")
    except UnicodeDecodeError:
        raise Unreadable("Values beyond ASCII must be percent-encoded.") from None
    if form and request.mimetype != FORM_TYPE:
        raise Invalid(
            f"The body of a postback must be a form ({FORM_TYPE}), not {request.mimetype or 'untyped'}."
        )
    return parse_pairs(query) + parse_pairs(form)
