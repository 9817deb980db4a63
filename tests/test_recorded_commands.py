"""Commands about brands, programs, links, shops and keys are recorded, and no secret of them is."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from config.database import Databases, read_session
from config.settings import Settings
from tests.cast.api import Terminal
from tests.harness.commands import EVERY_COMMAND

SALE = "order_id,occurred_at,currency,total,tax,shipping\n1,2026-11-01T10:00:00Z,EUR,10.00,0,0\n"
SHOPS_OWN = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def terminal(settings: Settings, databases: Databases) -> Terminal:
    return Terminal(settings, EVERY_COMMAND, databases)


def found_brand(terminal: Terminal) -> str:
    fields = ("--currency", "EUR", "--timezone", "UTC", "--allow-host", "shop.example")
    return str(terminal.ask("brand", "create", "Teas", *fields)["id"])


def raw_audit(databases: Databases) -> str:
    with read_session(databases.main) as session:
        return "\n".join(
            repr(row)
            for table in ("audit_entry", "audit_personal")
            for row in session.execute(text(f"select * from {table}"))
        )


def entry_points(terminal: Terminal, brand: str) -> set[str]:
    found = terminal.ask("audit", "list", "--brand", brand, "--limit", "1000")
    return {each["actor"]["entry_point"] for each in found}


def test_what_is_done_to_a_brand_by_commands_is_recorded(terminal: Terminal, tmp_path: Path) -> None:
    brand = found_brand(terminal)
    of_brand = ("--brand", brand)
    terminal.ask("brand", "allow-host", brand, "tea.example")
    terminal.ask("brand", "fallback", brand, "https://shop.example/")
    terminal.ask("brand", "change-policy", brand, "--customer-policy", "lifetime")
    terminal.ask("suspicion", "set", "self_purchase", "off", *of_brand)
    terminal.ask("domain", "add", "go.tea.example", *of_brand)
    terminal.ask("domain", "remove", "go.tea.example", *of_brand)
    program = terminal.ask("program", "create", "Friends", *of_brand, "--rate", "10")["id"]
    terminal.ask("program", "parameters", program, "utm_source=friends")
    terminal.ask("program", "change-terms", program, "--rate", "12")
    link_everything(terminal, brand, program)
    file = tmp_path / "sales.csv"
    file.write_text(SALE)
    terminal.ask("sale", "import", *of_brand, str(file))
    assert entry_points(terminal, brand) >= {
        "brand create",
        "brand allow-host",
        "brand fallback",
        "brand change-policy",
        "suspicion set",
        "domain add",
        "domain remove",
        "program create",
        "program parameters",
        "program change-terms",
        "enroll",
        "link create",
        "link pause",
        "link resume",
        "link expire",
        "link end",
        "creator remove",
        "creator readmit",
        "sale import",
    }
    assert terminal.ask("audit", "verify") == {"ok": True, "faults": []}


def link_everything(terminal: Terminal, brand: str, program: str) -> None:
    """A creator takes part, gets a link that changes its state, leaves and comes back."""
    creator = terminal.ask("creator", "create", "Mira", "--email", "m@people.example", "--country", "DE")[
        "id"
    ]
    member = ("--program", program, "--creator", creator)
    terminal.ask("enroll", *member)
    link = terminal.ask("link", "create", *member, "--to", "https://shop.example/tea")["id"]
    for state in ("pause", "resume", "expire", "end"):
        more = ("--at", "2099-01-01") if state == "expire" else ()
        terminal.ask("link", state, link, *more)
    terminal.ask("creator", "remove", creator, "--brand", brand)
    terminal.ask("creator", "readmit", creator, "--brand", brand)


def test_secrets_of_shops_and_keys_are_never_recorded(
    terminal: Terminal, databases: Databases, settings: Settings
) -> None:
    brand = found_brand(terminal)
    source = terminal.ask("source", "create", "--brand", brand, "--kind", "standard")
    rotated = terminal.ask("source", "rotate", source["id"])
    shopify = ("--kind", "shopify", "--secret-from-stdin")
    own = terminal.ask("source", "create", "--brand", brand, *shopify, stdin=SHOPS_OWN)
    terminal.ask("source", "delete", source["id"])
    key = terminal.ask("key", "create", "--brand", brand, "--name", "shop", "--scope", "sales:write")
    terminal.ask("key", "revoke", key["id"])
    assert entry_points(terminal, brand) >= {
        "source create",
        "source rotate",
        "source delete",
        "key create",
        "key revoke",
    }
    shown = raw_audit(databases)
    assert own["id"] in shown
    secrets: list[Any] = [source["secret"], rotated["secret"], SHOPS_OWN, key["key"].rpartition("_")[2]]
    with read_session(databases.main) as session:
        stored = session.execute(text("select secret_box, former_secret_box from source"))
        secrets += [each for row in stored for each in row if each is not None]
        secrets += session.scalars(text("select secret_hash from api_key")).all()
    for secret in [*secrets, *settings.secret_keys]:
        assert str(secret) not in shown


def test_the_list_is_read_in_pages_newest_first(terminal: Terminal) -> None:
    brand = found_brand(terminal)
    for host in ("a.example", "b.example", "c.example"):
        terminal.ask("brand", "allow-host", brand, host)
    whole = terminal.ask("audit", "list", "--brand", brand)
    assert [each["after"].get("host") for each in whole] == ["c.example", "b.example", "a.example", None]
    first = terminal.ask("audit", "list", "--brand", brand, "--limit", "3")
    assert first == whole[:3]
    assert terminal.ask("audit", "list", "--brand", brand, "--after", first[-1]["id"]) == whole[3:]
    assert terminal.ask("audit", "list", "--brand", brand, "--actor", "usr_1") == []
    assert terminal.ask("audit", "list", "--since", "2099-01-01") == []
    shown = terminal.run("audit", "list", "--brand", brand, "--limit", "1").stdout
    assert "Host name allowed for links: brand" in shown
    assert f"--after {whole[0]['id']}" in shown


def test_a_changed_entry_ends_verify_with_exit_code_3(terminal: Terminal, databases: Databases) -> None:
    found_brand(terminal)
    assert terminal.ask("audit", "verify")["ok"]
    with databases.main.begin() as connection:
        if databases.main.dialect.name == "postgresql":
            connection.execute(text("set local session_replication_role = replica"))
        else:
            connection.execute(text("drop trigger audit_entry_refuses_update"))
        connection.execute(text("update audit_entry set entry_point = 'brand list'"))
    result = terminal.run("audit", "verify", "--json")
    assert result.exit_code == 3
    assert "was changed after it was written" in result.stdout
