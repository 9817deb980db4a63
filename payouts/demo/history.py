"""The invented history of the demo: clicks, orders, refunds, and the times at which jobs ran. Pure.

The same `now` gives the same history. Days are counted from the first one, and all events of a day come from
a fixed seed, so the amounts hardly depend on the date on which the demo is created.
"""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from payouts.demo import creators as cast
from payouts.demo.creators import CREATORS, JONAS, MIRA, TOM, DemoCreator
from payouts.demo.shop import BY_SKU, PRODUCTS, Cart
from payouts.ledger.calendar import Span, midnight_after, span_of

CADENCE = "month"
REVIEW_DAYS = 7
MIN_PAYDAY_AGE = timedelta(days=3)
"""Every history contains a payday that is at least this long ago."""
_WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
BROWSERS = (
    f"Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) {_WEBKIT} Version/19.1 Mobile Safari/604.1",
    f"Mozilla/5.0 (Linux; Android 16; Pixel 9) {_WEBKIT} Chrome/142.0 Mobile Safari/537.36 Instagram 405.0",
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_WEBKIT} Chrome/142.0 Safari/537.36",
)
ROBOTS = ("WhatsApp/2.25.30 A", "facebookexternalhit/1.1", "Mozilla/5.0 (compatible; Googlebot/2.1)")
ROBOT_PERCENT = 12
COUPON_PERCENT = 25


@dataclass(frozen=True)
class Timeframe:
    """The start of the history, and the payday in it. Times are in UTC."""

    starts_at: datetime
    paid_at: datetime


@dataclass(frozen=True)
class PastClick:
    person: DemoCreator
    at: datetime
    user_agent: str
    referrer: str


@dataclass(frozen=True)
class PastOrder:
    """`click`: the visit that led to the order. `at`: time of payment. `twice`: its message came twice."""

    order_id: str
    at: datetime
    cart: Cart
    click: PastClick | None
    twice: bool = False


@dataclass(frozen=True)
class PastRefund:
    """`amount_minor` None: a full refund."""

    order_id: str
    at: datetime
    amount_minor: int | None
    reason: str


@dataclass(frozen=True)
class History:
    timeframe: Timeframe
    clicks: list[PastClick]
    orders: list[PastOrder]
    refunds: list[PastRefund]
    job_times: list[datetime]


def history(now: datetime) -> History:
    """Everything up to `now`; each list is sorted by time."""
    timeframe = timeframe_before(now)
    clicks = [click for day in _days(timeframe, now) for click in _clicks(timeframe, day)]
    clicks = [click for click in clicks if click.at <= now]
    orders = [order for order in _orders(timeframe, clicks, now) if order.at <= now]
    orders = [
        _numbered(order, number) for number, order in enumerate(sorted(orders, key=_event_time), start=1001)
    ]
    refunds = [refund for refund in _refunds(timeframe, orders) if refund.at <= now]
    return History(timeframe, clicks, orders, sorted(refunds, key=_event_time), _job_times(timeframe, now))


def timeframe_before(now: datetime) -> Timeframe:
    """Two to three months: from the month before the latest one that was paid at least MIN_PAYDAY_AGE ago."""
    paid = _month_before(span_of(now, CADENCE, cast.TIMEZONE))
    while payday(paid) + MIN_PAYDAY_AGE > now:
        paid = _month_before(paid)
    return Timeframe(_month_before(paid).starts_at, payday(paid))


def payday(month: Span) -> datetime:
    """When a month is paid if its statement is approved automatically."""
    return midnight_after(month.ends_at, REVIEW_DAYS + 1, cast.TIMEZONE)


def _month_before(month: Span) -> Span:
    return span_of(month.starts_at - timedelta(hours=12), CADENCE, cast.TIMEZONE)


def _days(timeframe: Timeframe, now: datetime) -> range:
    return range((now - timeframe.starts_at).days + 1)


def _random(*names: object) -> random.Random:
    """A generator with its own seed for each thing, so that adding one does not change the others."""
    return random.Random("northwind:" + ":".join(map(str, names)))


def _time_of(timeframe: Timeframe, day: int, rng: random.Random) -> datetime:
    """A time of the day between 8 and 22 o'clock in the brand's time zone."""
    first = timeframe.starts_at.astimezone(ZoneInfo(cast.TIMEZONE))
    local = (first + timedelta(days=day)).replace(hour=rng.randrange(8, 22), minute=rng.randrange(60))
    return (local + timedelta(seconds=rng.randrange(60))).astimezone(timeframe.starts_at.tzinfo)


def _clicks(timeframe: Timeframe, day: int) -> list[PastClick]:
    found = []
    for person in CREATORS:
        rng = _random("clicks", person.key, day)
        for _ in range(rng.randint(*person.clicks_per_day)):
            agents = ROBOTS if rng.randrange(100) < ROBOT_PERCENT else BROWSERS
            at = _time_of(timeframe, day, rng)
            found.append(PastClick(person, at, rng.choice(agents), person.referrer))
    return sorted(found, key=_event_time)


def _orders(timeframe: Timeframe, clicks: list[PastClick], now: datetime) -> list[PastOrder]:
    """Some visits lead to an order; some orders have only a code, and some have no creator."""
    found = []
    for day in _days(timeframe, now):
        for person in CREATORS:
            rng = _random("order", person.key, day)
            if rng.randrange(100) < person.order_percent:
                visit = _random_visit_before(clicks, person, timeframe, day, rng)
                found.append(_order(person, _time_of(timeframe, day, rng), visit, rng))
        rng = _random("others", day)
        if rng.randrange(100) < 20:
            cart = Cart(rng.choice(PRODUCTS[:4]), rng.randint(1, 3))
            found.append(PastOrder("", _time_of(timeframe, day, rng), cart, None))
    return [*found, *_scripted_orders(timeframe, clicks)]


def _order(person: DemoCreator, at: datetime, visit: PastClick | None, rng: random.Random) -> PastOrder:
    by_code = visit is None or rng.randrange(100) < COUPON_PERCENT
    product = BY_SKU[rng.choice(person.favourites)]
    cart = Cart(product, rng.choice((1, 1, 2, 3)), person.coupon if by_code else None)
    return PastOrder("", at, cart, visit, twice=rng.randrange(100) < 5)


def _random_visit_before(
    clicks: list[PastClick], person: DemoCreator, timeframe: Timeframe, day: int, rng: random.Random
) -> PastClick | None:
    """A visit in the days before the order; None for one in ten shoppers, who uses only the code."""
    since = timeframe.starts_at + timedelta(days=max(day - 3, 0))
    until = timeframe.starts_at + timedelta(days=day, hours=6)
    own = [
        click
        for click in clicks
        if click.person is person and since <= click.at <= until and click.user_agent in BROWSERS
    ]
    return rng.choice(own) if own and rng.randrange(10) else None


def _scripted_orders(timeframe: Timeframe, clicks: list[PastClick]) -> list[PastOrder]:
    """The orders that the creators' stories mention."""
    first = timeframe.starts_at
    jonas = next(click for click in clicks if click.person is JONAS and click.user_agent in BROWSERS)
    mira = next(click for click in clicks if click.person is MIRA and click.user_agent in BROWSERS)
    return [
        PastOrder("", first + timedelta(days=6, hours=9), Cart(BY_SKU["office-box"], 2), jonas),
        PastOrder("", first + timedelta(days=8, hours=17), Cart(BY_SKU["tasting-box"], 4), mira),
        PastOrder(
            "", first + timedelta(days=4, hours=8), Cart(BY_SKU["sencha-asatsuyu"], 1, TOM.coupon), None
        ),
        # The shopper followed Mira's link and used Tom's code: the click decides, and the page shows why.
        PastOrder("", first + timedelta(days=9, hours=18), Cart(BY_SKU["tasting-box"], 1, TOM.coupon), mira),
    ]


def _refunds(timeframe: Timeframe, orders: list[PastOrder]) -> list[PastRefund]:
    """The large order is returned after the payday; some orders get a partial refund."""
    found = []
    for order in orders:
        if order.cart.product.sku == "office-box":
            at = timeframe.paid_at + timedelta(days=1, hours=11)
            found.append(PastRefund(order.order_id, at, None, "returned: the office has closed"))
            continue
        rng = _random("refund", order.order_id)
        if rng.randrange(100) < 8:
            at = order.at + timedelta(days=rng.randint(2, 12))
            part = order.cart.product.price_minor // 2
            found.append(PastRefund(order.order_id, at, part, "one tin arrived broken"))
    return found


def _job_times(timeframe: Timeframe, now: datetime) -> list[datetime]:
    """When jobs ran: every few days, and after each month, after each review, and on each payday."""
    times = {
        timeframe.starts_at + timedelta(days=day, hours=3) for day in _days(timeframe, now) if day % 5 == 4
    }
    month = span_of(timeframe.starts_at, CADENCE, cast.TIMEZONE)
    while month.starts_at <= now:
        soon = timedelta(hours=1)
        review_ends_at = midnight_after(month.ends_at, REVIEW_DAYS, cast.TIMEZONE)
        times |= {month.ends_at + soon, review_ends_at + soon, payday(month) + soon}
        month = span_of(month.ends_at, CADENCE, cast.TIMEZONE)
    return [*sorted(at for at in times if at < now), now]


def _numbered(order: PastOrder, number: int) -> PastOrder:
    return PastOrder(f"NT-{number}", order.at, order.cart, order.click, order.twice)


def _event_time(event: PastClick | PastOrder | PastRefund) -> datetime:
    return event.at
