"""The brand of the demo and its three creators, each with an example history."""

from dataclasses import dataclass

BRAND = "Northwind Tea"
TIMEZONE = "Europe/Berlin"
MINIMUM_MINOR = 5000
RATE_BP = 1000
HOLD_DAYS = 30
PROGRAM = "Tea friends"


@dataclass(frozen=True)
class DemoCreator:
    """`page` is the path in the shop to which the link leads.

    `clicks_per_day`: minimum and maximum. `order_percent`: the chance of an order on a day.
    """

    key: str
    name: str
    email: str
    country: str
    code: str
    coupon: str
    page: str
    story: str
    clicks_per_day: tuple[int, int]
    order_percent: int
    favourites: tuple[str, ...]
    referrer: str


MIRA = DemoCreator(
    key="mira",
    name="Mira Vogel",
    email="mira@creators.example",
    country="DE",
    code="mira",
    coupon="MIRA10",
    page="",
    story="Posts brewing videos, sells something every other day, and is paid every month.",
    clicks_per_day=(4, 14),
    order_percent=70,
    favourites=("tasting-box", "sencha-asatsuyu", "assam-breakfast", "tasting-box", "earl-grey-blue"),
    referrer="https://www.instagram.com/",
)
TOM = DemoCreator(
    key="tom",
    name="Tom Okafor",
    email="tom@creators.example",
    country="FR",
    code="tom-steeps",
    coupon="TOM10",
    page="products/sencha-asatsuyu",
    story="Writes a small blog. The earnings are below the minimum and are carried forward.",
    clicks_per_day=(0, 4),
    order_percent=12,
    favourites=("sencha-asatsuyu", "rooibos-orange"),
    referrer="https://tom-steeps.example/",
)
JONAS = DemoCreator(
    key="jonas",
    name="Jonas Lind",
    email="jonas@creators.example",
    country="SE",
    code="jonas",
    coupon="JONAS10",
    page="products/office-box",
    story="Was paid for a large order that was returned later. New commissions are offset against it.",
    clicks_per_day=(1, 5),
    order_percent=14,
    favourites=("earl-grey-blue", "rooibos-orange", "assam-breakfast"),
    referrer="https://www.youtube.com/",
)
CREATORS = (MIRA, TOM, JONAS)
CREATORS_BY_CODE = {person.code: person for person in CREATORS}
COUPONS = {person.coupon: person for person in CREATORS}
