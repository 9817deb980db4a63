"""One shop of each supported kind: typical pages, and a server that reports orders."""

import itertools
from collections.abc import Callable

from tests.browser.messages import SIGNED, deliver, order_id
from tests.browser.server import Fields, ShopRequest, ShopResponse, Storefront

_numbers = itertools.count(700_001)
Report = Callable[[Fields], ShopResponse]


def order_reporter(kind: str, hook_port: int, source_id: str) -> Report:
    """What a shop's server does after a payment: send the webhook and show the thank-you page."""

    def report(fields: Fields) -> ShopResponse:
        number = next(_numbers)
        deliver(hook_port, source_id, SIGNED[kind](number, fields))
        return ShopResponse(f"<h1>Thank you</h1><p id=order>{order_id(kind, number)}</p>")

    return report


def standard(front: Storefront, report: Report) -> None:
    front.show("/", "<a href='/tea'>Tea</a>")
    front.show("/tea", "<form data-ll method=post action=/orders><button>Buy</button></form>")
    front.posts["/orders"] = lambda request: report(request.fields)


def stripe(front: Storefront, report: Report, payment_page: Storefront) -> None:
    """`payment_page` acts as Stripe's payment page on a domain of the shop."""
    front.options = f'data-stripe="127.0.0.1:{payment_page.port}"'
    _sell_at(payment_page, "/b/tea", front, report)


def lemonsqueezy(front: Storefront, report: Report, checkout: Storefront) -> None:
    """`checkout` acts as the store at Lemon Squeezy, on a domain of the shop."""
    front.options = f'data-lemon="127.0.0.1:{checkout.port}"'
    _sell_at(checkout, "/buy/0b4c", front, report)


def _sell_at(payment_page: Storefront, path: str, front: Storefront, report: Report) -> None:
    """The shop links to a payment page elsewhere, which keeps the query with which it was opened."""
    front.show("/", "<a href='/tea'>Tea</a>")
    front.show("/tea", f"<a href='{payment_page.url}{path}?prefilled_email=a%40b.example&locale=de'>Buy</a>")

    def pay(request: ShopRequest) -> ShopResponse:
        assert request.fields["prefilled_email"] == "a@b.example"
        hidden = "".join(
            f"<input type=hidden name='{name}' value='{value}'>" for name, value in request.fields.items()
        )
        return ShopResponse(f"<form method=post action={path}>{hidden}<button>Pay</button></form>")

    payment_page.pages[path] = pay
    payment_page.posts[path] = lambda request: report(request.fields)


def shopify(front: Storefront, report: Report) -> None:
    """Carts are on the server, by the shop's cookie."""
    carts: dict[str, Fields] = {}

    def update_cart(request: ShopRequest) -> Fields:
        cart = carts.setdefault(request.cart, {})
        for name, value in request.fields.items():
            if name.startswith("attributes["):
                cart[name[len("attributes[") : -1]] = value
        return cart

    def add(request: ShopRequest) -> ShopResponse:
        update_cart(request)
        return ShopResponse(location="/cart")

    def check_out(request: ShopRequest) -> ShopResponse:
        update_cart(request)
        return report({name: value for name, value in carts.pop(request.cart).items() if value})

    theme = "<script src=/theme.js></script>"
    front.show("/", f"{theme}<a href='/products/tea'>Tea</a>")
    front.show(
        "/products/tea", f"{theme}<form method=post action=/cart/add><button>Add to cart</button></form>"
    )
    front.show("/cart", f"{theme}<form method=post action=/cart><button>Check out</button></form>")
    front.posts |= {
        "/cart/add": add,
        "/cart": check_out,
        "/cart/update.js": lambda request: ShopResponse(str(update_cart(request))),
    }


def woocommerce(front: Storefront, report: Report) -> None:
    front.show("/", "<a href='/product/tea/'>Tea</a>")
    front.show(
        "/product/tea/",
        "<form class=cart method=post action='/product/tea/'><button>Add to cart</button></form>",
    )
    front.posts["/product/tea/"] = lambda _request: ShopResponse(location="/cart/")
    front.show("/cart/", "<a class=checkout-button href='/checkout/'>Proceed to checkout</a>")
    front.show(
        "/checkout/",
        "<form name=checkout method=post class='checkout woocommerce-checkout' action='/checkout/'>"
        "<input name=billing_email value=a@b.example><button>Place order</button></form>",
    )
    front.posts["/checkout/"] = lambda request: report(request.fields)


STEPS = {
    "standard": ("Tea", "Buy"),
    "stripe": ("Tea", "Buy", "Pay"),
    "shopify": ("Tea", "Add to cart", "Check out"),
    "woocommerce": ("Tea", "Add to cart", "Proceed to checkout", "Place order"),
    "lemonsqueezy": ("Tea", "Buy", "Pay"),
}
"""What a shopper clicks from the shop's first page to the order."""
