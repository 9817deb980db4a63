"""The health of sources as text and as JSON. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tracker.sales.health.numbering import Gap, Numbering
from tracker.sales.health.rules import OBSERVATION_PERIOD, CouponStatistics
from tracker.sales.health.statistics import SourceHealth
from tracker.sales.integrations.kinds import kind_of
from tracker.times import format_utc, optional_utc_text

REFUSAL_ALARM_PERIOD = timedelta(days=1)
MAX_GAPS_LISTED = 5


@dataclass(frozen=True)
class Alarm:
    """`kind` is silence, clock, refused or missing_orders."""

    kind: str
    message: str


def alarms(health: SourceHealth, now: datetime) -> list[Alarm]:
    """Conditions an operator should check; none of them is an accounting error."""
    found = []
    if health.silence is not None and health.silence.is_alarm:
        found.append(Alarm("silence", _silence_text(health)))
    if health.skew is not None and health.skew.is_alarm:
        found.append(Alarm("clock", _skew_text(health)))
    refused = _stale_refusal_text(health, now)
    if refused is not None:
        found.append(Alarm("refused", refused))
    if health.numbering is not None and health.numbering.long_gaps:
        found.append(Alarm("missing_orders", _gaps_text(health.numbering)))
    return found


def health_json(health: SourceHealth, now: datetime) -> dict[str, Any]:
    silence, skew = health.silence, health.skew
    return {
        "source": health.source.id,
        "brand": health.source.brand_id,
        "kind": health.source.kind,
        "namespace": health.source.namespace,
        "first_event_at": optional_utc_text(health.first_event_at),
        "last_event_at": optional_utc_text(health.last_event_at),
        "silent_s": None if silence is None else _seconds(silence.silent),
        "silence_limit_s": None if silence is None or silence.limit is None else _seconds(silence.limit),
        "silence_rule": None if silence is None else silence.reason,
        "events": {"last_7_days": health.events_7_days, "last_30_days": health.events_30_days},
        "events_per_day": {
            "last_7_days": round(health.events_7_days / 7, 1),
            "last_30_days": round(health.events_30_days / 30, 1),
        },
        "parked": health.parked,
        "conflicts": health.conflicts,
        "clock_ahead_s": None if skew is None else skew.ahead_s,
        "refused_for_time_at": optional_utc_text(health.source.stale_at),
        "refused_for_time_ahead_s": health.source.stale_ahead_s,
        "order_numbers": None if health.numbering is None else _numbering_json(health.numbering),
        "alarms": [{"what": each.kind, "message": each.message} for each in alarms(health, now)],
    }


def coupon_json(coupon: CouponStatistics) -> dict[str, Any]:
    return {
        "code": coupon.code,
        "creator": coupon.creator_id,
        "orders": coupon.orders,
        "orders_with_click": coupon.with_click,
        "orders_without_click": coupon.without_click,
        "visitors": coupon.visitors,
        "may_have_leaked": coupon.may_have_leaked,
    }


def health_text(health: SourceHealth, now: datetime) -> list[str]:
    last = format_utc(health.last_event_at) if health.last_event_at else "nothing yet"
    rates = f"{health.events_7_days / 7:.1f} (7 days), {health.events_30_days / 30:.1f} (30 days)"
    lines = [
        f"{health.source.id}  {health.source.kind}  last message: {last}",
        f"  messages a day: {rates}; parked: {health.parked}; in conflict: {health.conflicts}",
    ]
    if health.numbering is not None and health.numbering.missing and not health.numbering.long_gaps:
        numbers = health.numbering
        lines.append(
            f"  {numbers.missing} of the numbers {_name(numbers, numbers.first)} to "
            f"{_name(numbers, numbers.last)} were not reported; single ones are mostly unpaid orders"
        )
    return lines + [f"  ALARM {each.kind}: {each.message}" for each in alarms(health, now)]


def coupon_text(coupon: CouponStatistics) -> str:
    line = (
        f"  {coupon.code}  orders: {coupon.orders}, without a click of the creator: "
        f"{coupon.without_click}; visitors by the creator's links: {coupon.visitors}"
    )
    if coupon.may_have_leaked:
        line += "\n    CHECK: more orders than visitors; the code may be on a coupon site"
    return line


def _silence_text(health: SourceHealth) -> str:
    assert health.silence is not None, "the caller checks it"
    assert health.last_event_at is not None, "silence is computed only for sources with events"
    return (
        f"no message since {format_utc(health.last_event_at)}, for {_duration_text(health.silence.silent)}; "
        f"{health.silence.reason}. Check that the shop's webhook is enabled. If the shop has closed: "
        f"linkledger source delete {health.source.id}"
    )


def _skew_text(health: SourceHealth) -> str:
    assert health.skew is not None, "the caller checks it"
    ahead = health.skew.ahead_s
    span = _duration_text(timedelta(seconds=abs(ahead)))
    of_what = "its last messages" if kind_of(health.source.kind).sent_time_field else "its last sales"
    if ahead > 0:
        return f"{of_what} are dated {span} after their arrival (median); its clock is fast, or ours is slow"
    slow = "its clock is slow, ours is fast, or it sends late"
    return f"{of_what} are dated {span} before their arrival (median); {slow}"


def _stale_refusal_text(health: SourceHealth, now: datetime) -> str | None:
    at, ahead_s = health.source.stale_at, health.source.stale_ahead_s
    if at is None or ahead_s is None or now - at > REFUSAL_ALARM_PERIOD:
        return None
    side = "later" if ahead_s > 0 else "earlier"
    return (
        f"a message with a valid signature was refused at {format_utc(at)} and not stored: its time was "
        f"{_duration_text(timedelta(seconds=abs(ahead_s)))} {side} than the clock here. The shop's clock is "
        "wrong, or ours is, or an old message was sent again"
    )


def _gaps_text(numbers: Numbering) -> str:
    gaps = numbers.long_gaps
    ranges = ", ".join(_range(numbers, gap) for gap in gaps[:MAX_GAPS_LISTED])
    more = f" and {len(gaps) - MAX_GAPS_LISTED} more gaps" if len(gaps) > MAX_GAPS_LISTED else ""
    return (
        f"orders {ranges}{more} were never reported, but {numbers.known} others in the last "
        f"{OBSERVATION_PERIOD.days} days were, and this shop numbers its orders consecutively. "
        "Let the shop send them again, or import them: linkledger sale import"
    )


def _numbering_json(numbers: Numbering) -> dict[str, Any]:
    return {
        "known": numbers.known,
        "first": _name(numbers, numbers.first),
        "last": _name(numbers, numbers.last),
        "missing": numbers.missing,
        "gaps": [
            {"first": _name(numbers, gap.first), "last": _name(numbers, gap.last), "missing": gap.size}
            for gap in numbers.gaps
        ],
    }


def _range(numbers: Numbering, gap: Gap) -> str:
    return f"{_name(numbers, gap.first)} to {_name(numbers, gap.last)} ({gap.size})"


def _name(numbers: Numbering, number: int) -> str:
    return numbers.series.name(number)


def _duration_text(span: timedelta) -> str:
    days, hours = span.days, span.seconds // 3600
    minutes, seconds = span.seconds % 3600 // 60, span.seconds % 60
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s"


def _seconds(span: timedelta) -> int:
    return span // timedelta(seconds=1)
