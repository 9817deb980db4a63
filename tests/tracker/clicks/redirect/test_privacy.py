"""Only a country, a device class and a hash of a visitor are stored, never the address."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from config.database import Databases, transact
from config.settings import Settings
from tests.cast.people import PERSON, Cast
from tests.tracker.clicks.in_process import IN_PROCESS, OpenInProcess
from tests.tracker.clicks.visitors import PEOPLE
from tracker.clicks.models import Click
from tracker.programs.links.operations import create_link

ADDRESS = "8.8.8.8"
BROWSER, DEVICE = PEOPLE["Safari on iPhone"]
SECRET_PAGE = "https://blog.example/anna/private?mail=anna@people.example"


@pytest.fixture
def link(databases: Databases, cast: Cast, now: datetime) -> None:
    def make(session: Session) -> None:
        owner: dict[str, Any] = {"program_id": cast.program_id, "creator_id": cast.member_id}
        create_link(session, now, actor=PERSON, **owner, destination="https://shop.example/", code="anna")

    transact(databases.main, make)


def visit(entry_point: OpenInProcess, settings: Settings, peer: str, *lines: tuple[str, str]) -> None:
    with entry_point(settings) as send_request:
        response = send_request(
            "/anna", headers=[("User-Agent", BROWSER), ("Referer", SECRET_PAGE), *lines], peer=peer
        )
    assert response.status == 302
    assert "set-cookie" not in [name.lower() for name, _ in response.headers]


def stored_visitors(databases: Databases) -> list[tuple[str | None, str | None, str, str | None]]:
    columns = (Click.country, Click.visitor, Click.device, Click.referrer_host)
    with databases.clicks.connect() as connection:
        rows = connection.execute(select(*columns).order_by(Click.id))
        return [tuple(row) for row in rows]  # type: ignore[misc]


@pytest.mark.usefixtures("link")
def test_the_visitor_hash_is_the_same_with_and_without_a_trusted_proxy(
    in_process: OpenInProcess, settings: Settings, databases: Databases
) -> None:
    proxied = settings.model_copy(update={"trusted_proxies": "10.0.0.0/8"})
    header = ("X-Forwarded-For", ADDRESS)
    visit(in_process, settings, ADDRESS)
    visit(in_process, proxied, "10.0.0.7", header)
    visit(in_process, proxied, "10.0.0.7", ("X-Forwarded-For", "203.0.113.5"), header)
    visit(in_process, proxied, "203.0.113.5", header)
    direct, behind, in_two_lines, spoofed = stored_visitors(databases)
    assert direct == behind == in_two_lines
    assert (direct[0], direct[2:]) == ("US", (DEVICE, "blog.example"))
    assert (spoofed[0], spoofed[1] == direct[1]) == (None, False)


@pytest.mark.usefixtures("link")
def test_both_entry_points_compute_the_same_visitor_hash(settings: Settings, databases: Databases) -> None:
    for entry_point in IN_PROCESS.values():
        visit(entry_point, settings, ADDRESS)
    first, second = stored_visitors(databases)
    assert first == second


@pytest.mark.usefixtures("link")
def test_the_country_header_is_used_only_from_a_trusted_proxy(
    in_process: OpenInProcess, settings: Settings, databases: Databases
) -> None:
    own = settings.model_copy(update={"trusted_proxies": "10.0.0.7", "country_header": "CF-IPCountry"})
    header = ("CF-IPCountry", "AT")
    visit(in_process, own, "10.0.0.7", ("X-Forwarded-For", ADDRESS), header)
    visit(in_process, own, ADDRESS, header)
    visit(in_process, settings, ADDRESS, header)
    assert [row[0] for row in stored_visitors(databases)] == ["AT", "US", "US"]


@pytest.mark.parametrize("database_kind", ["sqlite"])
@pytest.mark.usefixtures("link", "databases")
def test_no_file_of_the_installation_contains_an_address_or_a_referring_page(
    in_process: OpenInProcess, settings: Settings, capfd: pytest.CaptureFixture[str]
) -> None:
    visit(in_process, settings, ADDRESS)
    files = [path for path in Path(settings.home).rglob("*") if path.is_file()]
    assert any(path.name.startswith("clicks.db") for path in files)
    for path in files:
        content = path.read_bytes()
        assert ADDRESS.encode() not in content, path
        assert bytes(map(int, ADDRESS.split("."))) not in content, path
        assert b"private" not in content, path
    assert ADDRESS not in "".join(capfd.readouterr())
