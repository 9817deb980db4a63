"""Host names of brands are in memory and stay there when the database fails."""

from datetime import datetime

import pytest
from sqlalchemy.exc import OperationalError

from config.database import Databases, read_session, transact
from tests.cast.people import PERSON, Cast
from tracker.clicks.redirect.link_cache import Domains, host_without_port
from tracker.programs.links.domains import Domain, add_domain, known_domains, set_fallback

OWN = Domain("brd_own", None)
DATABASE_ERROR = OperationalError("SELECT", {}, Exception("gone"))


@pytest.mark.parametrize(
    ("host", "normalized"),
    [
        ("Go.Own.example", "go.own.example"),
        ("go.own.example.:8443", "go.own.example"),
        ("[::1]:8001", "::1"),
        ("", ""),
        ("]:[@\\evil", "]"),
    ],
)
def test_a_host_is_compared_without_port_and_case(host: str, normalized: str) -> None:
    assert host_without_port(host) == normalized


def test_domains_are_read_from_the_database(databases: Databases, cast: Cast, now: datetime) -> None:
    with read_session(databases.main) as session:
        assert known_domains(session) == {}
    transact(
        databases.main,
        lambda session: add_domain(
            session, now, actor=PERSON, brand_id=cast.brand_id, host="go.own.example", own_host=""
        ),
    )
    transact(
        databases.main,
        lambda session: set_fallback(
            session, now, actor=PERSON, brand_id=cast.brand_id, url="https://shop.example/"
        ),
    )
    with read_session(databases.main) as session:
        assert known_domains(session) == {"go.own.example": Domain(cast.brand_id, "https://shop.example/")}


def test_domains_stay_in_memory_when_the_database_fails() -> None:
    results: list[dict[str, Domain]] = [{"go.own.example": OWN}]

    def load() -> dict[str, Domain]:
        if not results:
            raise DATABASE_ERROR
        return results.pop()

    domains = Domains(load)
    assert (domains.is_loaded, domains.find("go.own.example")) == (False, None)
    domains.refresh()
    assert domains.is_loaded
    with pytest.raises(OperationalError):
        domains.refresh()
    assert domains.find("GO.own.example:443") == OWN
    assert domains.find("other.example") is None
    assert domains.find("") is None
