"""Creating, rotating and deleting sources."""

import base64

import pytest
from sqlalchemy.orm import Session

from config.database import Databases, read_session, transact
from config.settings import Settings
from tests.cast.people import PERSON, START
from tests.cast.shop import RECEIVED_AT, Shop
from tracker.errors import Conflict, Invalid, NotFound
from tracker.ids import new_id
from tracker.sales.sources.models import Source
from tracker.sales.sources.operations import (
    create_source,
    delete_source,
    get_source,
    list_sources,
    rotate_secret,
    source_secrets,
)


def secrets_of(shop: Shop) -> list[str]:
    with read_session(shop.databases.main) as session:
        return source_secrets(get_source(session, shop.source_id), shop.keys)


def rotated(shop: Shop) -> str:
    return transact(
        shop.databases.main,
        lambda session: rotate_secret(session, START, shop.source_id, shop.keys, actor=PERSON),
    )


def test_a_secret_is_random_and_stored_encrypted(shop: Shop, databases: Databases) -> None:
    assert secrets_of(shop) == [shop.secret]
    assert len(base64.b64decode(shop.secret.removeprefix("whsec_"))) == 32
    with read_session(databases.main) as session:
        assert shop.secret.removeprefix("whsec_") not in get_source(session, shop.source_id).secret_box


def test_the_former_secret_stays_live_until_the_next_rotation(shop: Shop) -> None:
    second = rotated(shop)
    assert secrets_of(shop) == [second, shop.secret]

    third = rotated(shop)
    assert secrets_of(shop) == [third, second]


def test_a_source_has_its_own_namespace_unless_one_is_given(shop: Shop, databases: Databases) -> None:
    def create(session: Session) -> Source:
        return create_source(
            session,
            START,
            actor=PERSON,
            brand_id=shop.brand_id,
            kind="standard",
            namespace="shop",
            keys=shop.keys,
        )[0]

    sharing = transact(databases.main, create)
    with read_session(databases.main) as session:
        sources = {each.id: each.namespace for each in list_sources(session, shop.brand_id)}
        assert sources == {shop.source_id: shop.source_id, sharing.id: "shop"}


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"kind": "stripe", "secret": "sk_live_1234567890"}, Invalid),
        ({"kind": "myspace"}, Invalid),
        ({"namespace": "no spaces"}, Invalid),
        ({"namespace": ""}, Invalid),
        ({"namespace": "x" * 65}, Invalid),
        ({"brand_id": new_id("brd", START)}, NotFound),
        ({"brand_id": "nonsense"}, Invalid),
    ],
)
def test_an_invalid_source_is_not_stored(
    shop: Shop, databases: Databases, changes: dict[str, str], error: type[Exception]
) -> None:
    values = {"brand_id": shop.brand_id, "kind": "standard", "namespace": "orders", **changes}
    with pytest.raises(error):
        transact(
            databases.main,
            lambda session: create_source(session, START, actor=PERSON, **values, keys=shop.keys),
        )

    with read_session(databases.main) as session:
        assert len(list_sources(session, shop.brand_id)) == 1


def test_a_deleted_source_can_be_neither_deleted_nor_rotated(shop: Shop, settings: Settings) -> None:
    transact(
        shop.databases.main, lambda session: delete_source(session, RECEIVED_AT, shop.source_id, actor=PERSON)
    )

    with pytest.raises(Conflict, match="already deleted"):
        transact(
            shop.databases.main,
            lambda session: delete_source(session, RECEIVED_AT, shop.source_id, actor=PERSON),
        )
    with pytest.raises(Conflict, match="already deleted"):
        rotated(shop)
