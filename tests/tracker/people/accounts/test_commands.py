"""Commands for brands, users, members and creators."""

from tests.cast.api import Terminal

BRAND = ("brand", "create", "Teas", "--currency", "EUR", "--timezone", "Europe/Berlin")


def test_a_brand_is_created_shown_and_listed(terminal: Terminal) -> None:
    made = terminal.ask(*BRAND, "--allow-host", "shop.example", "--allow-host", "127.0.0.1")
    assert made["minimum"] == {"minor": 5000, "currency": "EUR"}
    assert made["hosts"] == ["127.0.0.1", "shop.example"]
    assert terminal.ask("brand", "show", made["id"]) == made
    assert terminal.ask("brand", "list") == [made]
    assert "shop.example" in terminal.run("brand", "show", made["id"]).stdout


def test_a_host_can_be_allowed_later(terminal: Terminal) -> None:
    brand = terminal.ask(*BRAND)
    assert terminal.ask("brand", "allow-host", brand["id"], "Shop.example")["hosts"] == ["shop.example"]


def test_users_members_and_creators_are_created(terminal: Terminal) -> None:
    brand = terminal.ask(*BRAND, "--minimum-minor", "100")
    user = terminal.ask("user", "create", "Fay", "--email", "fay@people.example")
    role = ("--brand", brand["id"], "--user", user["id"], "--role", "owner")
    assert terminal.ask("member", "add", *role)["role"] == "owner"
    anna = terminal.ask("creator", "create", "Anna", "--email", "Anna@people.example", "--country", "de")
    assert (anna["email"], anna["country"]) == ("anna@people.example", "DE")
    assert terminal.ask("creator", "list") == [anna]


def test_an_invalid_brand_is_rejected_and_nothing_is_written(terminal: Terminal) -> None:
    message = terminal.refused(*BRAND, "--allow-host", "https://shop.example/")
    assert "shop.example" in message
    assert terminal.ask("brand", "list") == []


def test_a_taken_email_address_is_rejected_without_echoing_it(terminal: Terminal) -> None:
    creator = ("creator", "create", "Anna", "--email", "anna@people.example", "--country", "DE")
    terminal.ask(*creator)
    message = terminal.refused(*creator)
    assert "already exists" in message
    assert "anna@" not in message
