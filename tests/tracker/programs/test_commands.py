"""Commands for programs, links and domains."""

import pytest

from config.settings import Settings
from tests.cast.api import Terminal
from tests.cast.people import Cast


def link_of(cast: Cast, *more: str, to: str = "https://shop.example/tea") -> tuple[str, ...]:
    return ("link", "create", "--program", cast.program_id, "--creator", cast.member_id, "--to", to, *more)


def test_a_program_is_created_and_listed(terminal: Terminal, cast: Cast) -> None:
    made = terminal.ask(
        "program", "create", "More", "--brand", cast.brand_id, "--rate", "12.5", "--base", "gross"
    )
    assert (made["terms"]["rate_bp"], made["terms"]["rate"]) == (1250, "12.5")
    assert (made["terms"]["base"], made["terms"]["window_days"], made["terms"]["hold_days"]) == (
        "gross",
        30,
        30,
    )
    assert made in terminal.ask("program", "list", "--brand", cast.brand_id)
    assert "12.5 % of gross" in terminal.run("program", "list").stdout


def test_terms_are_changed(terminal: Terminal, cast: Cast) -> None:
    version = terminal.ask("program", "change-terms", cast.program_id, "--rate", "20", "--hold-days", "14")
    assert (version["version"], version["rate_bp"], version["hold_days"]) == (2, 2000, 14)
    assert terminal.ask("program", "terms", cast.program_id)[1] == version
    message = terminal.refused(
        "program", "change-terms", cast.program_id, "--rate", "1", "--effective", version["effective_at"]
    )
    assert "notice" in message


def test_how_long_refunds_take_back_is_a_term(terminal: Terminal, cast: Cast) -> None:
    create = ("program", "create", "More", "--brand", cast.brand_id, "--rate", "10")
    assert terminal.ask(*create)["terms"]["take_back_months"] == 12
    made = terminal.ask(*create, "--take-back-months", "6")
    assert made["terms"]["take_back_months"] == 6

    change = ("program", "change-terms", made["id"], "--take-back-months")
    longer = terminal.ask(*change, "7")
    assert longer["effective_at"] > made["terms"]["effective_at"]
    assert "notice" in terminal.refused(*change, "8", "--effective", longer["effective_at"])
    assert "1 to 120" in terminal.refused(*change, "121")
    lines = terminal.run("program", "terms", made["id"]).stdout.splitlines()
    assert "refunds take back for 6 months" in lines[0]
    assert "refunds take back for 7 months" in lines[1]


def test_a_creator_is_enrolled(terminal: Terminal, cast: Cast) -> None:
    enroll = ("enroll", "--program", cast.program_id, "--creator", cast.stranger_id)
    made = terminal.ask(*enroll, "--rate", "15", "--coupon", "BOB10")
    assert (made["rate"], made["coupon"], made["creator"]) == ("15", "BOB10", cast.stranger_id)
    assert "already" in terminal.refused(*enroll)


def test_a_link_is_created_listed_paused_resumed_and_ended(
    terminal: Terminal, cast: Cast, settings: Settings
) -> None:
    made = terminal.ask(*link_of(cast, "--code", "Tea", "--s1", "bio", "--s5", "x", "--rate", "30"))
    assert made["url"] == f"{settings.link_url}/Tea"
    assert (made["sub_ids"], made["rate_bp"]) == ({"s1": "bio", "s5": "x"}, 3000)
    assert terminal.ask("link", "list", "--creator", cast.member_id) == [made]
    assert terminal.ask("link", "list", "--creator", cast.stranger_id) == []
    states = [terminal.ask("link", verb, made["id"])["state"] for verb in ("pause", "resume", "end")]
    assert states == ["paused", "active", "ended"]
    assert "permanent" in terminal.refused("link", "resume", made["id"])


@pytest.mark.parametrize("rate", ["112", "100.01", "-1", "12.345", "NaN", "ten", "1e9"])
def test_an_invalid_rate_is_rejected_by_every_command(terminal: Terminal, cast: Cast, rate: str) -> None:
    refusals = [
        terminal.refused("program", "create", "More", "--brand", cast.brand_id, f"--rate={rate}"),
        terminal.refused(
            "enroll", "--program", cast.program_id, "--creator", cast.stranger_id, f"--rate={rate}"
        ),
        terminal.refused(*link_of(cast, f"--rate={rate}")),
        terminal.refused("program", "change-terms", cast.program_id, f"--rate={rate}"),
    ]
    assert all("is not a rate" in message for message in refusals)
    assert len(terminal.ask("program", "list")) == 1
    assert terminal.ask("link", "list") == []


def test_unknown_ids_are_rejected(terminal: Terminal, cast: Cast) -> None:
    unknown = f"prg_{'0' * 32}"
    for command in (("terms", unknown), ("change-terms", unknown, "--rate", "50"), ("terms", "prg_1")):
        assert "linkledger: " in terminal.refused("program", *command)


def test_a_taken_code_and_an_unlisted_host_are_rejected(terminal: Terminal, cast: Cast) -> None:
    terminal.ask(*link_of(cast, "--code", "tea"))
    assert "'TEA' is taken" in terminal.refused(*link_of(cast, "--code", "TEA"))
    message = terminal.refused(*link_of(cast, to="https://evil.example/"))
    assert f"linkledger brand allow-host {cast.brand_id} evil.example" in message
    assert len(terminal.ask("link", "list")) == 1


def test_a_link_can_pass_labels_allow_deep_links_and_expire(terminal: Terminal, cast: Cast) -> None:
    wanted = ("--pass", "utm_source", "--pass", "s1", "--deep-links", "--expires", "2099-01-01")
    made = terminal.ask(*link_of(cast, *wanted))
    assert (made["passes"], made["deep_links"]) == (["s1", "utm_source"], True)
    assert made["expires_at"] == "2099-01-01T00:00:00Z"
    assert terminal.ask("link", "expire", made["id"])["expires_at"] is None
    later = terminal.ask("link", "expire", made["id"], "--at", "2098-01-01T12:00:00Z")
    assert later["expires_at"] == "2098-01-01T12:00:00Z"
    assert "in the future" in terminal.refused("link", "expire", made["id"], "--at", "2020-01-01")
    assert "cannot pass on gclid" in terminal.refused(*link_of(cast, "--pass", "gclid"))


def test_a_programs_parameters_are_set_and_removed(terminal: Terminal, cast: Cast) -> None:
    change = ("program", "parameters", cast.program_id)
    assert terminal.ask(*change, "utm_source=friends", "x=a=b")["parameters"] == {
        "utm_source": "friends",
        "x": "a=b",
    }
    assert "NAME=VALUE" in terminal.refused(*change, "utm_source")
    assert "click token" in terminal.refused(*change, "ll=x")
    assert "cannot be a parameter" in terminal.refused(*change, "a&b=x")
    assert terminal.ask(*change)["parameters"] == {}


def test_a_domain_belongs_to_one_brand(terminal: Terminal, cast: Cast, settings: Settings) -> None:
    brand = ("--brand", cast.brand_id)
    made = terminal.ask("domain", "add", "Go.Bücher.example.", *brand)
    assert made["host"] == "go.xn--bcher-kva.example"
    assert terminal.ask("domain", "add", "go.bücher.example", *brand) == made
    assert terminal.ask("domain", "list", *brand) == [made]
    own_host = settings.link_url.partition("//")[2].partition(":")[0]
    assert "host of all links" in terminal.refused("domain", "add", own_host, *brand)
    other = terminal.ask("brand", "create", "Cups", "--currency", "EUR", "--timezone", "Europe/Berlin")["id"]
    assert "another brand" in terminal.refused("domain", "add", "go.bücher.example", "--brand", other)
    assert "not a domain" in terminal.refused("domain", "remove", "go.bücher.example", "--brand", other)
    terminal.ask("domain", "remove", "go.bücher.example", *brand)
    assert terminal.ask("domain", "list") == []


def test_inactive_links_of_a_brand_redirect_to_its_fallback(terminal: Terminal, cast: Cast) -> None:
    change = ("brand", "fallback", cast.brand_id)
    assert terminal.ask(*change, "https://shop.example")["fallback_url"] == "https://shop.example/"
    assert terminal.ask("brand", "show", cast.brand_id)["fallback_url"] == "https://shop.example/"
    assert "allow-host" in terminal.refused(*change, "https://evil.example/")
    assert terminal.ask(*change)["fallback_url"] is None
