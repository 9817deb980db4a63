"""Brands, members and creators, on both databases."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy.orm import Session

from config.database import Databases, read_session, transact
from tests.cast.people import PERSON, Cast
from tracker.errors import Conflict, Invalid, NotFound
from tracker.people.accounts import operations as people
from tracker.people.accounts.memberships import add_member
from tracker.people.accounts.models import BrandHost


def test_hosts_of_a_brand_are_normalized(databases: Databases, now: datetime) -> None:
    def work(session: Session) -> list[str]:
        hosts = ["Shop.Example", "shop.example.", "bücher.example"]
        brand = people.create_brand(session, now, name="T", currency="jpy", timezone="UTC", hosts=hosts)
        assert (brand.currency, brand.minimum_minor) == ("JPY", 8_000)
        return people.brand_hosts(session, brand.id)

    assert transact(databases.main, work) == ["shop.example", "xn--bcher-kva.example"]


def test_allowing_a_host_again_changes_nothing(databases: Databases, cast: Cast, now: datetime) -> None:
    for _ in range(2):
        transact(
            databases.main,
            lambda session: people.allow_host(
                session, now, actor=PERSON, brand_id=cast.brand_id, host="new.example"
            ),
        )
    with read_session(databases.main) as session:
        assert session.query(BrandHost).filter_by(host="new.example").count() == 1


def test_a_brand_with_one_invalid_host_is_not_created(databases: Databases, now: datetime) -> None:
    with pytest.raises(Invalid):
        transact(
            databases.main,
            lambda session: people.create_brand(
                session, now, name="T", currency="EUR", timezone="UTC", hosts=["good.example", "no host"]
            ),
        )
    with read_session(databases.main) as session:
        assert list(people.list_brands(session)) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"currency": "EURO"},
        {"timezone": "Mars/Base"},
        {"cadence": "year"},
        {"minimum_minor": -1},
        {"review_days": 61},
        {"attribution_model": "best"},
        {"coupon_policy": "maybe"},
        {"name": ""},
    ],
    ids=str,
)
def test_an_invalid_brand_is_rejected(databases: Databases, now: datetime, wrong: dict[str, Any]) -> None:
    right = {"name": "T", "currency": "EUR", "timezone": "UTC"}
    with pytest.raises(Invalid):
        transact(databases.main, lambda session: people.create_brand(session, now, **{**right, **wrong}))


def test_the_email_address_of_a_creator_is_unique_case_insensitively(
    databases: Databases, cast: Cast, now: datetime
) -> None:
    with pytest.raises(Conflict) as refused:
        transact(
            databases.main,
            lambda session: people.create_creator(
                session, now, name="Anna again", email="ANNA@People.example", country="DE"
            ),
        )
    assert "anna" not in str(refused.value).lower()
    with read_session(databases.main) as session:
        assert {each.name for each in people.list_creators(session)} == {"Anna", "Bob"}


def test_a_user_has_only_one_role_at_a_brand(databases: Databases, cast: Cast, now: datetime) -> None:
    def join(session: Session) -> str:
        user = people.create_user(session, now, email="fay@people.example", name="Fay")
        add_member(session, now, brand_id=cast.brand_id, user_id=user.id, role="finance")
        return user.id

    user_id = transact(databases.main, join)
    with pytest.raises(Conflict, match="already"):
        transact(
            databases.main,
            lambda session: add_member(session, now, brand_id=cast.brand_id, user_id=user_id, role="owner"),
        )


@pytest.mark.parametrize(
    ("read", "prefix"), [(people.get_brand, "brd"), (people.get_creator, "crt"), (people.get_user, "usr")]
)
def test_an_unknown_id_is_not_found(
    databases: Databases, read: Callable[[Session, str], Any], prefix: str
) -> None:
    with read_session(databases.main) as session:
        with pytest.raises(NotFound, match="linkledger"):
            read(session, f"{prefix}_{'0' * 32}")
        with pytest.raises(Invalid):
            read(session, "x\x00")
