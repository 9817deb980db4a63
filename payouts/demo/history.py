"""What happened in the demo before anybody looked: clicks, orders, refunds, and when jobs ran. Pure.

The same `now` gives the same history. Its days are counted from its first one, and everything of a day is
drawn from a fixed seed, so the figures hardly depend on the date on which the demo is made.
"""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from payouts.demo import cast
from payouts.demo.cast import JONAS, MIRA, PEOPLE, TOM, Person
from payouts.demo.shop import BY_SKU, PRODUCTS, Cart
from payouts.ledger.calendar import Span, day_after, span_of

CADENCE = "month"
REVIEW_DAYS = 7
SETTLED = timedelta(days=3)
"""How long ago the payday lies at least that every history contains."""
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
class Frame:
    """When it began, and the payday that lies in it. Times in UTC."""

    starts_at: datetime
    paid_at: datetime


@dataclass(frozen=True)
class PastClick:
    person: Person
    at: datetime
    user_agent: str
    referrer: str


@dataclass(frozen=True)
class PastOrder:
    """`click` is the visit that led to it, `at` when it was paid. `twice`: its message was sent twice."""

    order_id: str
    at: datetime
    cart: Cart
    click: PastClick | None
    twice: bool = False


@dataclass(frozen=True)
class PastRefund:
    """`amount_minor` None: all of it."""

    order_id: str
    at: datetime
    amount_minor: int | None
    reason: str


@dataclass(frozen=True)
class History:
    frame: Frame
    clicks: list[PastClick]
    orders: list[PastOrder]
    refunds: list[PastRefund]
    work_times: list[datetime]


def history(now: datetime) -> History:
    """Everything up to `now`, each list in the order of its times."""
    frame = frame_before(now)
    clicks = [click for day in _days(frame, now) for click in _clicks(frame, day)]
    clicks = [click for click in clicks if click.at <= now]
    orders = [order for order in _orders(frame, clicks, now) if order.at <= now]
    orders = [_numbered(order, number) for number, order in enumerate(sorted(orders, key=_at), start=1001)]
    refunds = [refund for refund in _refunds(frame, orders) if refund.at <= now]
    return History(frame, clicks, orders, sorted(refunds, key=_at), _work_times(frame, now))


def frame_before(now: datetime) -> Frame:
    """The latest month whose payday is over, and from the month before it on: two to three months."""
    paid = _month_before(span_of(now, CADENCE, cast.TIMEZONE))
    while payday(paid) + SETTLED > now:
        paid = _month_before(paid)
    return Frame(_month_before(paid).starts_at, payday(paid))


def payday(month: Span) -> datetime:
    """When a month is paid that nobody approves by hand."""
    return day_after(month.ends_at, REVIEW_DAYS + 1, cast.TIMEZONE)


def _month_before(month: Span) -> Span:
    return span_of(month.starts_at - timedelta(hours=12), CADENCE, cast.TIMEZONE)


def _days(frame: Frame, now: datetime) -> range:
    return range((now - frame.starts_at).days + 1)


def _chance(*names: object) -> random.Random:
    """Drawn anew for each thing, so that one more of it changes no other."""
    return random.Random("northwind:" + ":".join(map(str, names)))


def _time_of(frame: Frame, day: int, chance: random.Random) -> datetime:
    """In waking hours of the brand's own clock."""
    first = frame.starts_at.astimezone(ZoneInfo(cast.TIMEZONE))
    local = (first + timedelta(days=day)).replace(hour=chance.randrange(8, 22), minute=chance.randrange(60))
    return (local + timedelta(seconds=chance.randrange(60))).astimezone(frame.starts_at.tzinfo)


def _clicks(frame: Frame, day: int) -> list[PastClick]:
    found = []
    for person in PEOPLE:
        chance = _chance("clicks", person.key, day)
        for _ in range(chance.randint(*person.clicks_a_day)):
            agents = ROBOTS if chance.randrange(100) < ROBOT_PERCENT else BROWSERS
            at = _time_of(frame, day, chance)
            found.append(PastClick(person, at, chance.choice(agents), person.referrer))
    return sorted(found, key=_at)


def _orders(frame: Frame, clicks: list[PastClick], now: datetime) -> list[PastOrder]:
    """Some visits end with an order; some orders come by a code alone, and some by nobody."""
    found = []
    for day in _days(frame, now):
        for person in PEOPLE:
            chance = _chance("order", person.key, day)
            if chance.randrange(100) < person.order_percent:
                visit = _visit_before(clicks, person, frame, day, chance)
                found.append(_order(person, _time_of(frame, day, chance), visit, chance))
        chance = _chance("others", day)
        if chance.randrange(100) < 20:
            cart = Cart(chance.choice(PRODUCTS[:4]), chance.randint(1, 3))
            found.append(PastOrder("", _time_of(frame, day, chance), cart, None))
    return [*found, *_told_orders(frame, clicks)]


def _order(person: Person, at: datetime, visit: PastClick | None, chance: random.Random) -> PastOrder:
    by_code = visit is None or chance.randrange(100) < COUPON_PERCENT
    product = BY_SKU[chance.choice(person.favourites)]
    cart = Cart(product, chance.choice((1, 1, 2, 3)), person.coupon if by_code else None)
    return PastOrder("", at, cart, visit, twice=chance.randrange(100) < 5)


def _visit_before(
    clicks: list[PastClick], person: Person, frame: Frame, day: int, chance: random.Random
) -> PastClick | None:
    """A visit of the days before; one of ten shoppers remembers only the code."""
    since = frame.starts_at + timedelta(days=max(day - 3, 0))
    until = frame.starts_at + timedelta(days=day, hours=6)
    own = [
        click
        for click in clicks
        if click.person is person and since <= click.at <= until and click.user_agent in BROWSERS
    ]
    return chance.choice(own) if own and chance.randrange(10) else None


def _told_orders(frame: Frame, clicks: list[PastClick]) -> list[PastOrder]:
    """The orders that the stories are about."""
    first = frame.starts_at
    jonas = next(click for click in clicks if click.person is JONAS and click.user_agent in BROWSERS)
    mira = next(click for click in clicks if click.person is MIRA and click.user_agent in BROWSERS)
    return [
        PastOrder("", first + timedelta(days=6, hours=9), Cart(BY_SKU["office-box"], 2), jonas),
        PastOrder("", first + timedelta(days=8, hours=17), Cart(BY_SKU["tasting-box"], 4), mira),
        PastOrder(
            "", first + timedelta(days=4, hours=8), Cart(BY_SKU["sencha-asatsuyu"], 1, TOM.coupon), None
        ),
        # He came by Mira's link and used Tom's code: the click decides, and the page says why.
        PastOrder("", first + timedelta(days=9, hours=18), Cart(BY_SKU["tasting-box"], 1, TOM.coupon), mira),
    ]


def _refunds(frame: Frame, orders: list[PastOrder]) -> list[PastRefund]:
    """The office sends its boxes back after the payday; now and then a tin arrives broken."""
    found = []
    for order in orders:
        if order.cart.product.sku == "office-box":
            at = frame.paid_at + timedelta(days=1, hours=11)
            found.append(PastRefund(order.order_id, at, None, "returned: the office has closed"))
            continue
        chance = _chance("refund", order.order_id)
        if chance.randrange(100) < 8:
            at = order.at + timedelta(days=chance.randint(2, 12))
            part = order.cart.product.price_minor // 2
            found.append(PastRefund(order.order_id, at, part, "one tin arrived broken"))
    return found


def _work_times(frame: Frame, now: datetime) -> list[datetime]:
    """When jobs ran: every few days, and whenever a month ended, a review ended or a payday came."""
    times = {frame.starts_at + timedelta(days=day, hours=3) for day in _days(frame, now) if day % 5 == 4}
    month = span_of(frame.starts_at, CADENCE, cast.TIMEZONE)
    while month.starts_at <= now:
        soon = timedelta(hours=1)
        review_ends_at = day_after(month.ends_at, REVIEW_DAYS, cast.TIMEZONE)
        times |= {month.ends_at + soon, review_ends_at + soon, payday(month) + soon}
        month = span_of(month.ends_at, CADENCE, cast.TIMEZONE)
    return [*sorted(at for at in times if at < now), now]


def _numbered(order: PastOrder, number: int) -> PastOrder:
    return PastOrder(f"NT-{number}", order.at, order.cart, order.click, order.twice)


def _at(event: PastClick | PastOrder | PastRefund) -> datetime:
    return event.at
