"""The console's commands about people."""

from tests.tracker.terminal import Terminal

BRAND = ("brand", "create", "Teas", "--currency", "EUR", "--timezone", "Europe/Berlin")


def test_a_brand_is_made_shown_and_listed(terminal: Terminal) -> None:
    made = terminal.ask(*BRAND, "--allow-host", "shop.example", "--allow-host", "127.0.0.1")
    assert made["minimum"] == {"minor": 5000, "currency": "EUR"}
    assert made["hosts"] == ["127.0.0.1", "shop.example"]
    assert terminal.ask("brand", "show", made["id"]) == made
    assert terminal.ask("brand", "list") == [made]
    assert "shop.example" in terminal.run("brand", "show", made["id"]).stdout


def test_a_host_is_allowed_later(terminal: Terminal) -> None:
    brand = terminal.ask(*BRAND)
    assert terminal.ask("brand", "allow-host", brand["id"], "Shop.example")["hosts"] == ["shop.example"]


def test_people_are_made(terminal: Terminal) -> None:
    brand = terminal.ask(*BRAND, "--minimum-minor", "100")
    user = terminal.ask("user", "create", "Fay", "--email", "fay@people.example")
    role = ("--brand", brand["id"], "--user", user["id"], "--role", "owner")
    assert terminal.ask("member", "add", *role)["role"] == "owner"
    anna = terminal.ask("creator", "create", "Anna", "--email", "Anna@people.example", "--country", "de")
    assert (anna["email"], anna["country"]) == ("anna@people.example", "DE")
    assert terminal.ask("creator", "list") == [anna]


def test_a_wrong_brand_is_refused_and_nothing_is_written(terminal: Terminal) -> None:
    message = terminal.refused(*BRAND, "--allow-host", "https://shop.example/")
    assert "shop.example" in message
    assert terminal.ask("brand", "list") == []


def test_a_taken_address_is_refused_without_being_named(terminal: Terminal) -> None:
    creator = ("creator", "create", "Anna", "--email", "anna@people.example", "--country", "DE")
    terminal.ask(*creator)
    message = terminal.refused(*creator)
    assert "exists already" in message
    assert "anna@" not in message
