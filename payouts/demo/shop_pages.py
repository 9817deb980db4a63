"""The pages of the demo's shop, and the page of an order with everything that followed from it.

The shop uses /ll.js as any shop does: the click's token travels in links and form fields, and is stored in
the browser only with the shopper's consent. The shop sets no cookie.
"""

from datetime import UTC, datetime

from flask import abort, make_response, redirect, render_template, request, send_from_directory, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response

from config.database import read_session
from payouts.demo.blueprint import blueprint
from payouts.demo.creators import COUPONS
from payouts.demo.orders import new_order_id, order_page_data, report_refund, report_sale
from payouts.demo.queries import demo_brand
from payouts.demo.shop import BY_SKU, CURRENCY, MAX_QUANTITY, PRODUCTS, Cart, Product
from tracker.clicks.token import read_token
from tracker.errors import Invalid
from tracker.http.access import public
from tracker.http.site import site
from tracker.ids import public_id
from tracker.money import divide_half_up
from tracker.programs.models import Link
from tracker.sales.orders.models import Sale

TOKEN_FIELD = "ll"
SCRIPT_MAX_AGE_S = 3600
PUBLIC_SHOP = "the demo's shop is open to everybody"


@blueprint.get("/shop/")
@public(PUBLIC_SHOP)
def shop() -> str:
    return render_template(
        "demo/shop.html", products=PRODUCTS, currency=CURRENCY, token=_token(), guide=_link_code()
    )


@blueprint.get("/shop/consent.js")
@public("the shop's own script, the same for everybody")
def consent_script() -> Response:
    return send_from_directory(f"{blueprint.root_path}/static", "consent.js", max_age=SCRIPT_MAX_AGE_S)


@blueprint.get("/shop/products/<sku>")
@public(PUBLIC_SHOP)
def product(sku: str) -> Response:
    return _product_page(_product(sku))


@blueprint.post("/shop/orders")
@public(PUBLIC_SHOP)
def buy() -> Response:
    now = datetime.now(UTC)
    app_site = site()
    wanted = _product(request.form.get("sku", ""))
    try:
        cart = Cart(wanted, _quantity(), _coupon())
    except Invalid as error:
        return _product_page(wanted, problem=str(error), status=422)
    order_id = request.form.get("order") or new_order_id(now)
    if not _is_booked(order_id):  # otherwise the button was pressed twice
        report_sale(app_site.databases, app_site.settings, now, order_id, cart, _token())
    return redirect(url_for("demo.order", order_id=order_id), 303)


@blueprint.get("/shop/orders/<order_id>")
@public("shows an order of the demo's shop, which contains no personal data")
def order(order_id: str) -> str:
    with read_session(site().databases.main) as session:
        explanation = order_page_data(session, datetime.now(UTC), order_id)
        return render_template("demo/order.html", **explanation, products=BY_SKU)


@blueprint.post("/shop/orders/<order_id>/refunds")
@public(PUBLIC_SHOP)
def refund(order_id: str) -> Response:
    app_site, now = site(), datetime.now(UTC)
    with read_session(app_site.databases.main) as session:
        refundable_minor = order_page_data(session, now, order_id)["refundable_minor"]
    half = request.form.get("part") == "half"
    amount_minor = divide_half_up(refundable_minor, 2) if half else refundable_minor
    if amount_minor:
        reason = "half of it came back" if half else "returned by the shopper"
        report_refund(app_site.databases, app_site.settings, now, order_id, amount_minor, reason)
    return redirect(url_for("demo.order", order_id=order_id, _anchor="commission"), 303)


def _product_page(wanted: Product, problem: str | None = None, status: int = 200) -> Response:
    page = render_template(
        "demo/product.html",
        product=wanted,
        currency=CURRENCY,
        token=_token(),
        guide=_link_code(),
        problem=problem,
        given=request.form,
        coupons=list(COUPONS),
        largest=MAX_QUANTITY,
        order_id=new_order_id(datetime.now(UTC)),
    )
    response = make_response(page, status)
    # The form contains a new order id each time, so it must not be cached.
    response.headers["Cache-Control"] = "no-store"
    return response


def _product(sku: str) -> Product:
    return BY_SKU.get(sku) or abort(404, "The shop has no such tea.")


def _quantity() -> int:
    text = request.form.get("quantity", "1").strip()
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:4]) <= MAX_QUANTITY:
        raise Invalid(f"Order 1 to {MAX_QUANTITY} pieces.")
    return int(text)


def _coupon() -> str | None:
    code = request.form.get("coupon", "").strip().upper()
    if code and code not in COUPONS:
        raise Invalid(f"The shop does not know this code. Try {', '.join(COUPONS)}.")
    return code or None


def _token() -> str | None:
    return request.values.get(TOKEN_FIELD) or None


def _link_code() -> str | None:
    """The code of the link that the visitor followed, for the demo's note; a real shop cannot read it."""
    token = _token()
    if token is None:
        return None
    try:
        link_id = read_token(site().settings.secret_keys, token).link_id
    except Invalid:
        return None
    with read_session(site().databases.main) as session:
        return session.scalar(select(Link.code).where(Link.id == public_id("lnk", link_id)))


def _is_booked(order_id: str) -> bool:
    with read_session(site().databases.main) as session:
        own = (Sale.brand_id == demo_brand(session).id, Sale.order_id == order_id)
        return session.scalar(select(Sale.id).where(*own)) is not None
