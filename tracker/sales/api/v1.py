"""The brand API: a brand's programs report sales and read their attribution."""

from flask import Blueprint, Response, jsonify, request

from config.database import read_session
from tracker.errors import Conflict, NotFound
from tracker.http.access import public
from tracker.http.site import site
from tracker.people.access.guards import keyed
from tracker.people.keys.operations import Caller
from tracker.sales.api.openapi import api_document
from tracker.sales.api.reporting import api_report
from tracker.sales.api.responses import log_refusals, report_response
from tracker.sales.orders.queries import SeveralNamespaces, find_sale
from tracker.sales.queries import sale_history
from tracker.sales.serializers import sale_history_json

blueprint = Blueprint("api", __name__)


@blueprint.post("/api/v1/sales")
@keyed("sales:write", "its reports create commissions that the key's brand owes")
def post_sale(caller: Caller) -> Response:
    return _handle_report(caller, "sale.created")


@blueprint.post("/api/v1/refunds")
@keyed("sales:write", "its reports reduce commissions that the key's brand owes")
def post_refund(caller: Caller) -> Response:
    return _handle_report(caller, "refund.created")


@blueprint.post("/api/v1/cancellations")
@keyed("sales:write", "its reports reduce commissions that the key's brand owes")
def post_cancellation(caller: Caller) -> Response:
    return _handle_report(caller, "order.cancelled")


@blueprint.post("/api/v1/disputes")
@keyed("sales:write", "its reports hold commissions of the key's brand")
def post_dispute(caller: Caller) -> Response:
    return _handle_report(caller, "dispute.updated")


@blueprint.get("/api/v1/sales/<path:order_id>")
@keyed("sales:read", "shows sales of the key's brand")
def get_sale(caller: Caller, order_id: str) -> Response:
    """One sale by its order id or a reference; `?namespace=` is needed when several shops have that id."""
    with read_session(site().databases.main) as session:
        try:
            sale = find_sale(session, caller.brand_id, order_id, request.args.get("namespace"))
        except NotFound:
            raise NotFound(f"This brand has no sale of order {order_id!r}.") from None
        except SeveralNamespaces as several:
            names = ", ".join(several.namespaces)
            raise Conflict(
                f"Order {order_id!r} exists in several namespaces ({names}); add ?namespace=."
            ) from None
        return jsonify(sale_history_json(sale_history(session, sale)))


@blueprint.get("/api/v1/openapi.json")
@public("describes the API, which is the same in every installation")
def describe() -> Response:
    return jsonify(api_document(site().settings.web_url))


def _handle_report(caller: Caller, topic: str) -> Response:
    idempotency_key = request.headers.get("Idempotency-Key")
    with log_refusals(caller, topic):
        return report_response(caller, api_report(topic, request.get_data(), idempotency_key))
