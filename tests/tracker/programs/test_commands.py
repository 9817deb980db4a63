"""The console's commands about programs and links."""

import pytest

from config.settings import Settings
from tests.tracker.cast import Cast
from tests.tracker.terminal import Terminal


def link_of(cast: Cast, *more: str, to: str = "https://shop.example/tea") -> tuple[str, ...]:
    return ("link", "create", "--program", cast.program_id, "--creator", cast.anna_id, "--to", to, *more)


def test_a_program_is_made_and_listed(terminal: Terminal, cast: Cast) -> None:
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


def test_a_creator_takes_part(terminal: Terminal, cast: Cast) -> None:
    them = ("enroll", "--program", cast.program_id, "--creator", cast.bob_id)
    made = terminal.ask(*them, "--rate", "15", "--coupon", "BOB10")
    assert (made["rate"], made["coupon"], made["creator"]) == ("15", "BOB10", cast.bob_id)
    assert "already" in terminal.refused(*them)


def test_a_link_is_made_shown_paused_resumed_and_ended(
    terminal: Terminal, cast: Cast, settings: Settings
) -> None:
    made = terminal.ask(*link_of(cast, "--code", "Tea", "--s1", "bio", "--s5", "x", "--rate", "30"))
    assert made["url"] == f"{settings.link_url}/Tea"
    assert (made["sub_ids"], made["rate_bp"]) == ({"s1": "bio", "s5": "x"}, 3000)
    assert terminal.ask("link", "list", "--creator", cast.anna_id) == [made]
    assert terminal.ask("link", "list", "--creator", cast.bob_id) == []
    states = [terminal.ask("link", verb, made["id"])["state"] for verb in ("pause", "resume", "end")]
    assert states == ["paused", "active", "ended"]
    assert "stays so" in terminal.refused("link", "resume", made["id"])


@pytest.mark.parametrize("rate", ["112", "100.01", "-1", "12.345", "NaN", "ten", "1e9"])
def test_a_rate_that_cannot_be_is_refused_everywhere(terminal: Terminal, cast: Cast, rate: str) -> None:
    refusals = [
        terminal.refused("program", "create", "More", "--brand", cast.brand_id, f"--rate={rate}"),
        terminal.refused("enroll", "--program", cast.program_id, "--creator", cast.bob_id, f"--rate={rate}"),
        terminal.refused(*link_of(cast, f"--rate={rate}")),
        terminal.refused("program", "change-terms", cast.program_id, f"--rate={rate}"),
    ]
    assert all("is not a rate" in message for message in refusals)
    assert len(terminal.ask("program", "list")) == 1
    assert terminal.ask("link", "list") == []


def test_ids_that_nobody_has_are_refused(terminal: Terminal, cast: Cast) -> None:
    nobody = f"prg_{'0' * 32}"
    for command in (("terms", nobody), ("change-terms", nobody, "--rate", "50"), ("terms", "prg_1")):
        assert "linkledger: " in terminal.refused("program", *command)


def test_a_taken_code_and_a_foreign_host_are_refused(terminal: Terminal, cast: Cast) -> None:
    terminal.ask(*link_of(cast, "--code", "tea"))
    assert "'TEA' is taken" in terminal.refused(*link_of(cast, "--code", "TEA"))
    message = terminal.refused(*link_of(cast, to="https://evil.example/"))
    assert f"linkledger brand allow-host {cast.brand_id} evil.example" in message
    assert len(terminal.ask("link", "list")) == 1
