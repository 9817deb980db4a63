"""A visitor hash identifies a returning visitor for a day; after that its key is destroyed."""

import re
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from tracker.clicks.counting.visitor import DayKeys, country, visitor_hashes
from tracker.clicks.counting.visitor_keys import VisitorKeys, rotate_keys

NOW = datetime(2026, 11, 23, 22, 30, tzinfo=UTC)
DAY = timedelta(days=1)
LINK, OTHER = UUID(int=1), UUID(int=2)
BROWSER = {"user-agent": "Mozilla/5.0 (iPhone)"}
KEYS = DayKeys(b"today", b"yesterday")


def files(home: Path) -> list[str]:
    return sorted(path.name for path in (home / "keys").iterdir())


def test_key_files_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    VisitorKeys(tmp_path).at(NOW)
    [path] = (tmp_path / "keys").iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_key_is_created_a_day_ahead_and_destroyed_two_days_later(tmp_path: Path) -> None:
    assert rotate_keys(tmp_path, NOW) == 0
    assert files(tmp_path) == ["visitor-2026-11-23", "visitor-2026-11-24"]
    assert rotate_keys(tmp_path, NOW + DAY) == 0
    assert files(tmp_path) == ["visitor-2026-11-23", "visitor-2026-11-24", "visitor-2026-11-25"]
    assert rotate_keys(tmp_path, NOW + 2 * DAY) == 1
    assert "visitor-2026-11-23" not in files(tmp_path)
    assert rotate_keys(tmp_path, NOW + 2 * DAY) == 0


def test_other_files_in_the_folder_are_kept(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "notes").touch()
    rotate_keys(tmp_path, NOW)
    assert "notes" in files(tmp_path)


def test_all_processes_share_the_keys_and_they_change_daily(tmp_path: Path) -> None:
    rotate_keys(tmp_path, NOW)
    first, second = VisitorKeys(tmp_path), VisitorKeys(tmp_path)
    today, tomorrow = first.at(NOW), first.at(NOW + DAY)
    assert today is not None
    assert tomorrow is not None
    assert second.at(NOW) == today
    assert (today.yesterday, tomorrow.yesterday) == (None, today.today)
    assert tomorrow.today != today.today


def test_a_process_drops_an_expired_key(tmp_path: Path) -> None:
    keys = VisitorKeys(tmp_path)
    first = keys.at(NOW)
    rotate_keys(tmp_path, NOW + 2 * DAY)
    later = keys.at(NOW + 2 * DAY)
    assert first is not None
    assert first.today not in repr(vars(keys)).encode()
    assert later is not None
    assert later.yesterday is None


def test_an_unusable_folder_yields_no_keys_and_no_error(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("a file where the folder should be")
    assert VisitorKeys(tmp_path).at(NOW) is None


def test_a_visitor_hash_depends_on_browser_address_and_link_and_reveals_none() -> None:
    one = visitor_hashes(KEYS, LINK, "203.0.113.9", BROWSER)
    assert one is not None
    assert re.fullmatch(r"[A-Za-z0-9_-]{11}", one.visitor)
    assert one == visitor_hashes(KEYS, LINK, "203.0.113.9", BROWSER)
    others = [
        visitor_hashes(KEYS, OTHER, "203.0.113.9", BROWSER),
        visitor_hashes(KEYS, LINK, "203.0.113.10", BROWSER),
        visitor_hashes(KEYS, LINK, "203.0.113.9", {"user-agent": "Mozilla/5.0 (iPad)"}),
        visitor_hashes(DayKeys(b"another", b"yesterday"), LINK, "203.0.113.9", BROWSER),
    ]
    assert one.visitor not in [other.visitor for other in others if other]
    assert [other.network == one.network for other in others if other] == [False, False, True, False]


def test_todays_hash_is_tomorrows_hash_of_the_day_before() -> None:
    today = visitor_hashes(DayKeys(b"first", None), LINK, "203.0.113.9", BROWSER)
    tomorrow = visitor_hashes(DayKeys(b"second", b"first"), LINK, "203.0.113.9", BROWSER)
    assert today is not None
    assert tomorrow is not None
    assert (today.before, tomorrow.before) == (None, today.visitor)


def test_an_ipv6_prefix_is_one_network_and_an_unknown_address_has_no_hash() -> None:
    one, two = (visitor_hashes(KEYS, LINK, f"2001:db8:1:2::{n}", BROWSER) for n in (1, 2))
    other = visitor_hashes(KEYS, LINK, "2001:db8:1:3::1", BROWSER)
    assert one == two
    assert one != other
    assert visitor_hashes(KEYS, LINK, "", BROWSER) is None


@pytest.mark.parametrize(
    ("address", "reported", "found"),
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
def test_the_country_is_two_letters_or_none(address: str, reported: str | None, found: str | None) -> None:
    assert country(address, reported) == found
