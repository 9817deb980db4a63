from datetime import UTC, datetime, timedelta

import pytest

from payouts.demo.creators import CREATORS, JONAS
from payouts.demo.history import history, timeframe_before

SAMPLE_TIMES = [
    datetime(2026, 11, 12, 12, 0, tzinfo=UTC),
    datetime(2026, 11, 23, 1, 40, tzinfo=UTC),
    datetime(2026, 12, 1, 0, 0, tzinfo=UTC),
    datetime(2027, 1, 9, 0, 0, tzinfo=UTC),
    datetime(2027, 3, 31, 22, 30, tzinfo=UTC),
    datetime(2028, 2, 29, 9, 0, tzinfo=UTC),
]


@pytest.fixture(params=SAMPLE_TIMES, ids=str)
def now(request: pytest.FixtureRequest) -> datetime:
    return request.param  # type: ignore[no-any-return]


def test_the_same_time_gives_the_same_history(now: datetime) -> None:
    assert history(now) == history(now)


def test_history_has_two_to_three_months_and_a_payday(now: datetime) -> None:
    timeframe = timeframe_before(now)
    assert timedelta(days=70) <= now - timeframe.starts_at <= timedelta(days=105)
    assert timedelta(days=3) <= now - timeframe.paid_at <= timedelta(days=35)


def test_history_is_sorted_and_ends_now(now: datetime) -> None:
    past = history(now)
    for events in (past.clicks, past.orders, past.refunds):
        times = [event.at for event in events]
        assert times == sorted(times)
        assert past.timeframe.starts_at <= times[0] <= times[-1] <= now
    assert past.job_times == sorted(set(past.job_times))
    assert past.job_times[-1] == now


def test_a_visit_comes_before_its_order_and_within_the_window(now: datetime) -> None:
    past = history(now)
    visits = [(order.click, order.at) for order in past.orders if order.click is not None]
    assert visits
    assert all(timedelta() <= at - click.at <= timedelta(days=30) for click, at in visits)


def test_every_creator_sells_and_the_large_order_is_returned_after_it_was_paid(now: datetime) -> None:
    past = history(now)
    assert {order.click.person for order in past.orders if order.click} == set(CREATORS)
    large = next(order for order in past.orders if order.cart.product.sku == "office-box")
    assert large.click is not None
    assert large.click.person is JONAS
    (refund,) = [refund for refund in past.refunds if refund.order_id == large.order_id]
    assert refund.amount_minor is None
    assert refund.at > past.timeframe.paid_at


def test_some_messages_are_sent_twice() -> None:
    assert any(order.twice for order in history(SAMPLE_TIMES[1]).orders)


def test_order_numbers_are_never_used_twice(now: datetime) -> None:
    numbers = [order.order_id for order in history(now).orders]
    assert len(numbers) == len(set(numbers))
