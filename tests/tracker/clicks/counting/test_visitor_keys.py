"""A visitor's mark says "here before" for a day, and then nothing to anybody."""

import re
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from tracker.clicks.counting.visitor import DayKeys, country, marks
from tracker.clicks.counting.visitor_keys import VisitorKeys, renew_keys

NOW = datetime(2026, 11, 23, 22, 30, tzinfo=UTC)
DAY = timedelta(days=1)
LINK, OTHER = UUID(int=1), UUID(int=2)
BROWSER = {"user-agent": "Mozilla/5.0 (iPhone)"}
KEYS = DayKeys(b"today", b"yesterday")


def files(home: Path) -> list[str]:
    return sorted(path.name for path in (home / "keys").iterdir())


def test_keys_are_files_of_their_owner_alone(tmp_path: Path) -> None:
    VisitorKeys(tmp_path).at(NOW)
    [path] = (tmp_path / "keys").iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_key_is_made_a_day_ahead_lives_a_day_longer_and_is_destroyed(tmp_path: Path) -> None:
    assert renew_keys(tmp_path, NOW) == 0
    assert files(tmp_path) == ["visitor-2026-11-23", "visitor-2026-11-24"]
    assert renew_keys(tmp_path, NOW + DAY) == 0
    assert files(tmp_path) == ["visitor-2026-11-23", "visitor-2026-11-24", "visitor-2026-11-25"]
    assert renew_keys(tmp_path, NOW + 2 * DAY) == 1
    assert "visitor-2026-11-23" not in files(tmp_path)
    assert renew_keys(tmp_path, NOW + 2 * DAY) == 0


def test_other_files_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "notes").touch()
    renew_keys(tmp_path, NOW)
    assert "notes" in files(tmp_path)


def test_all_processes_have_the_same_keys_and_the_next_day_others(tmp_path: Path) -> None:
    renew_keys(tmp_path, NOW)
    first, second = VisitorKeys(tmp_path), VisitorKeys(tmp_path)
    today, tomorrow = first.at(NOW), first.at(NOW + DAY)
    assert today is not None
    assert tomorrow is not None
    assert second.at(NOW) == today
    assert (today.yesterday, tomorrow.yesterday) == (None, today.today)
    assert tomorrow.today != today.today


def test_a_process_forgets_a_key_when_its_time_is_over(tmp_path: Path) -> None:
    keys = VisitorKeys(tmp_path)
    first = keys.at(NOW)
    renew_keys(tmp_path, NOW + 2 * DAY)
    later = keys.at(NOW + 2 * DAY)
    assert first is not None
    assert first.today not in repr(vars(keys)).encode()
    assert later is not None
    assert later.yesterday is None


def test_without_a_usable_folder_there_are_no_marks_and_no_error(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("in the way")
    assert VisitorKeys(tmp_path).at(NOW) is None


def test_a_mark_tells_browser_address_and_link_apart_and_shows_none_of_them() -> None:
    one = marks(KEYS, LINK, "203.0.113.9", BROWSER)
    assert one is not None
    assert re.fullmatch(r"[A-Za-z0-9_-]{11}", one.visitor)
    assert one == marks(KEYS, LINK, "203.0.113.9", BROWSER)
    others = [
        marks(KEYS, OTHER, "203.0.113.9", BROWSER),
        marks(KEYS, LINK, "203.0.113.10", BROWSER),
        marks(KEYS, LINK, "203.0.113.9", {"user-agent": "Mozilla/5.0 (iPad)"}),
        marks(DayKeys(b"another", b"yesterday"), LINK, "203.0.113.9", BROWSER),
    ]
    assert one.visitor not in [other.visitor for other in others if other]
    assert [other.network == one.network for other in others if other] == [False, False, True, False]


def test_the_mark_of_today_is_tomorrows_mark_of_the_day_before() -> None:
    today = marks(DayKeys(b"first", None), LINK, "203.0.113.9", BROWSER)
    tomorrow = marks(DayKeys(b"second", b"first"), LINK, "203.0.113.9", BROWSER)
    assert today is not None
    assert tomorrow is not None
    assert (today.before, tomorrow.before) == (None, today.visitor)


def test_a_household_is_one_network_by_ipv6_and_an_unknown_address_has_no_mark() -> None:
    one, two = (marks(KEYS, LINK, f"2001:db8:1:2::{n}", BROWSER) for n in (1, 2))
    other = marks(KEYS, LINK, "2001:db8:1:3::1", BROWSER)
    assert one == two
    assert one != other
    assert marks(KEYS, LINK, "", BROWSER) is None


@pytest.mark.parametrize(
    ("address", "said", "found"),
    [
        ("8.8.8.8", None, "US"),
        ("2001:4860:4860::8888", None, "US"),
        ("8.8.8.8", "de", "DE"),
        ("8.8.8.8", "XX", None),
        ("8.8.8.8", "T1", None),
        ("8.8.8.8", "<b>", None),
        ("127.0.0.1", None, None),
        ("", None, None),
        ("nonsense", "", None),
    ],
)
def test_the_country_is_two_letters_or_unknown(address: str, said: str | None, found: str | None) -> None:
    assert country(address, said) == found
