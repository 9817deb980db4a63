"""The evidence key is made once in the home, only its owner can read it, and it signs exactly one content."""

from pathlib import Path

import pytest

from config.settings import SettingsError
from tracker.evidence_key import FILE, is_signed, load_evidence_key


def test_the_key_is_made_once_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    first, again = load_evidence_key(tmp_path), load_evidence_key(tmp_path)
    assert first.key_id == again.key_id
    assert first.sign(b"books") == again.sign(b"books")
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600


def test_two_homes_have_different_keys(tmp_path: Path) -> None:
    homes = [tmp_path / "a", tmp_path / "b"]
    for home in homes:
        home.mkdir()
    one, other = (load_evidence_key(home) for home in homes)
    assert one.key_id != other.key_id
    assert not is_signed(other.key_id, b"books", one.sign(b"books"))


@pytest.mark.parametrize("key_id", ["ed25519:", "ed25519:AAAA", "rsa:x", "", "ed25519:ü"])
def test_a_key_that_is_none_signed_nothing(tmp_path: Path, key_id: str) -> None:
    assert not is_signed(key_id, b"books", load_evidence_key(tmp_path).sign(b"books"))


def test_only_the_same_content_is_signed(tmp_path: Path) -> None:
    key = load_evidence_key(tmp_path)
    signature = key.sign(b"books")
    assert is_signed(key.key_id, b"books", signature)
    assert not is_signed(key.key_id, b"book", signature)
    assert not is_signed(key.key_id, b"books", signature[:-4] + "AAAA")
    assert not is_signed(key.key_id, b"books", "no signature!")


@pytest.mark.parametrize("content", ["", "short", "A" * 64, "not base64url at all, but as long as a key is"])
def test_a_file_that_holds_no_key_is_named_with_what_to_do(tmp_path: Path, content: str) -> None:
    (tmp_path / FILE).write_text(content)
    with pytest.raises(
        SettingsError, match=r"evidence_key contains no valid evidence key. Restore it, or remove"
    ):
        load_evidence_key(tmp_path)
