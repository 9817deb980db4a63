"""How often each creator's code was used, with and without a click of that creator, and their visitors."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Text, exists, select, type_coerce
from sqlalchemy.orm import Session, aliased

from tracker.clicks.counting.statistics import link_statistics
from tracker.ids import public_id, uuid_lower_bound, uuid_of
from tracker.programs.models import Coupon, Enrollment, Link, Program
from tracker.sales.attribution.models import Attribution
from tracker.sales.health.rules import CouponStatistics
from tracker.sales.orders.models import Sale

FETCH_SIZE = 1_000


def coupon_statistics(
    main: Session, clicks: Session, brand_id: str, since: datetime
) -> list[CouponStatistics]:
    """Statistics of the codes in attributions made from `since` on, without test orders; most orders first.

    `main` and `clicks` are sessions of the two databases.
    """
    orders, with_click = Counter[str](), Counter[str]()
    for inputs in _inputs(main, brand_id, since):
        touched = {touch["creator_id"] for touch in inputs["touches"] if not touch["flaw"]}
        for use in inputs["coupons"]:
            if use["coupon_id"] is not None and not use["flaw"]:
                orders[use["coupon_id"]] += 1
                with_click[use["coupon_id"]] += use["creator_id"] in touched
    owners = _owners(main, brand_id, list(orders))
    hour = since.replace(minute=0, second=0, microsecond=0)
    visitors = _visitors(main, clicks, brand_id, {creator for _, creator in owners.values()}, hour)
    return [
        CouponStatistics(code, creator_id, orders[coupon_id], with_click[coupon_id], visitors[creator_id])
        for coupon_id, (code, creator_id) in sorted(
            owners.items(), key=lambda item: (-orders[item[0]], item[1])
        )
    ]


def _inputs(session: Session, brand_id: str, since: datetime) -> Iterator[Mapping[str, Any]]:
    """The inputs of the latest attribution of each order that has a creator's code.

    They are searched as text, because the column `coupon_id` names only the code that decided.
    """
    later = aliased(Attribution)
    query = (
        select(Attribution.inputs)
        .join(Sale, Sale.id == Attribution.sale_id)
        .where(
            Attribution.id >= public_id("atr", uuid_lower_bound(since)),
            Sale.brand_id == brand_id,
            ~Sale.test,
            type_coerce(Attribution.inputs, Text).like('%"coupon_id":"%'),
            ~exists().where(later.sale_id == Attribution.sale_id, later.revision > Attribution.revision),
        )
    )
    return iter(session.scalars(query, execution_options={"yield_per": FETCH_SIZE}))


def _owners(session: Session, brand_id: str, coupon_ids: Sequence[str]) -> dict[str, tuple[str, str]]:
    """(code, creator id) by coupon id."""
    rows = session.execute(
        select(Coupon.id, Coupon.code, Enrollment.creator_id)
        .join(Enrollment, Enrollment.id == Coupon.enrollment_id)
        .where(Coupon.brand_id == brand_id, Coupon.id.in_(coupon_ids))
    )
    return {coupon_id: (code, creator_id) for coupon_id, code, creator_id in rows}


def _visitors(
    main: Session, clicks: Session, brand_id: str, creators: set[str], since: datetime
) -> Counter[str]:
    """By creator id, the visits to their links of this brand from `since` on, which must be a full hour."""
    rows = main.execute(
        select(Link.id, Enrollment.creator_id)
        .join(Enrollment, Enrollment.id == Link.enrollment_id)
        .join(Program, Program.id == Enrollment.program_id)
        .where(Program.brand_id == brand_id, Enrollment.creator_id.in_(creators))
    )
    links: dict[str, list[UUID]] = defaultdict(list)
    for link_id, creator_id in rows:
        links[creator_id].append(uuid_of(link_id, "lnk"))
    found = Counter[str]()
    for creator_id, ids in links.items():
        for statistics in link_statistics(clicks, ids, since).values():
            found[creator_id] += statistics["persons"]
    return found
