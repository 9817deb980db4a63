"""Settings are validated: each error names the variable and says what is valid."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from config.settings import Settings, SettingsError, load_settings
from tests.harness import ROOT

KEY = "k" * 32
OTHER = "o" * 40


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An environment in which only LINKLEDGER_HOME is set."""
    for name in [each for each in os.environ if each.startswith("LINKLEDGER_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("LINKLEDGER_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


WRONG = [
    ("ENV", "staging", "'development' or 'production'"),
    ("DATABASE_URL", "mysql://db/ledger", "postgresql:// or sqlite:///"),
    ("DATABASE_URL", "sqlite://", "postgresql:// or sqlite:///"),
    ("DATABASE_URL", "sqlite:///", "file"),
    ("DATABASE_URL", "sqlite:///:memory:", "file"),
    ("DATABASE_URL", "sqlite:////data/clicks.db", "clicks.db"),
    ("SECRET_KEY", "short", "at least 32 characters"),
    ("SECRET_KEY", f"{KEY},short", "at least 32 characters"),
    ("SECRET_KEY", ",", "at least 32 characters"),
    ("SECRET_KEY", "   ", "at least 32 characters"),
    ("BIND", "8000", "HOST:PORT"),
    ("BIND", "127.0.0.1:70000", "HOST:PORT"),
    ("BIND", "127.0.0.1:0", "HOST:PORT"),
    ("BIND", "127.0.0.1:8000\n", "HOST:PORT"),
    ("BASE_URL", "shop.example", "https://"),
    ("BASE_URL", "ftp://shop.example", "https://"),
    ("BASE_URL", "https://shop.example?x=1", "https://"),
    ("BASE_URL", "https://[shop", "https://"),
    ("LINK_BASE_URL", "javascript:alert(1)", "https://"),
    ("STRIPE_API_BASE", "api.stripe.example", "https://"),
    ("WORKERS", "many", "integer"),
    ("WORKERS", "0", "greater than or equal to 1"),
    ("WORKERS", "65", "less than or equal to 64"),
    ("RAIL", "paypal", "'sandbox' or 'stripe'"),
    ("RAIL_SHARED", "perhaps", "boolean"),
    ("DEMO", "perhaps", "boolean"),
    ("SMTP_URL", "mail.example.com", "smtp://"),
    ("SMTP_URL", "http://mail.example.com", "smtp://"),
    ("SMTP_URL", "smtp://mail.example.com:mail", "smtp://"),
    ("SMTP_URL", "smtp://u:p%C3%A4ss@mail.example.com", "ASCII"),
    ("SMTP_URL", "smtp://u%0d%0a:p@mail.example.com", "ASCII"),
    ("MAIL_FROM", "Teas <post@teas.example>", "linkledger@example.com"),
    ("MAIL_FROM", "post@teas.example\n", "linkledger@example.com"),
    ("MAIL_FROM", "post", "linkledger@example.com"),
    ("TRUSTED_PROXIES", "proxy.example", "10.0.0.1"),
    ("TRUSTED_PROXIES", "10.0.0.1 10.0.0.2", "10.0.0.1"),
]


@pytest.mark.parametrize(("name", "value", "right"), WRONG)
def test_an_invalid_variable_is_named_with_a_hint(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, right: str
) -> None:
    monkeypatch.setenv(f"LINKLEDGER_{name}", value)
    with pytest.raises(SettingsError) as error:
        load_settings()
    assert str(error.value).startswith(f"LINKLEDGER_{name}: ")
    assert right in str(error.value)
    assert len(str(error.value).splitlines()) == 1


RIGHT = [
    ("DATABASE_URL", "postgresql://u:p@db/ledger", "database_url", "postgresql+psycopg://u:p@db/ledger"),
    ("DATABASE_URL", "sqlite:////data/ledger.db", "clicks_url", "sqlite:////data/clicks.db"),
    ("BIND", "[::1]:8000", "web_url", "http://[::1]:8000"),
    ("BASE_URL", "https://links.example.com/", "link_url", "https://links.example.com"),
    ("SMTP_URL", "smtps://u:p@mail.example.com:465", "smtp_url", "smtps://u:p@mail.example.com:465"),
    ("MAIL_FROM", "post+ll@mail.teas.example", "mail_from", None),
    ("TRUSTED_PROXIES", "10.0.0.1, 10.1.0.0/16,2001:db8::/32", "trusted_proxies", None),
    ("WORKERS", "64", "workers", 64),
]


@pytest.mark.parametrize(("name", "value", "where", "expected"), RIGHT)
def test_a_valid_variable_is_accepted(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, where: str, expected: object
) -> None:
    monkeypatch.setenv(f"LINKLEDGER_{name}", value)
    assert getattr(load_settings(), where) == (value if expected is None else expected)


def test_each_invalid_variable_has_its_own_line(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("BIND", "8000"), ("WORKERS", "many"), ("RAIL", "paypal")):
        monkeypatch.setenv(f"LINKLEDGER_{name}", value)
    with pytest.raises(SettingsError) as error:
        load_settings()
    named = [line.split(":")[0] for line in str(error.value).splitlines()]
    assert sorted(named) == ["LINKLEDGER_BIND", "LINKLEDGER_RAIL", "LINKLEDGER_WORKERS"]


def test_an_invalid_secret_is_not_echoed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINKLEDGER_SECRET_KEY", "hunter2")
    monkeypatch.setenv("LINKLEDGER_SMTP_URL", "u:hunter2@mail")
    with pytest.raises(SettingsError) as error:
        load_settings()
    assert "hunter2" not in str(error.value)


COMBINATIONS = [
    ({"ENV": "production"}, "LINKLEDGER_SECRET_KEY is required when LINKLEDGER_ENV=production"),
    ({"ENV": "production", "SECRET_KEY": ""}, "LINKLEDGER_SECRET_KEY is required"),
    ({"RAIL": "stripe"}, "LINKLEDGER_STRIPE_API_KEY is required when LINKLEDGER_RAIL=stripe"),
    ({"RAIL": "stripe", "STRIPE_API_KEY": "sk_test_x", "DEMO": "true"}, "LINKLEDGER_DEMO"),
]


@pytest.mark.parametrize(("given", "message"), COMBINATIONS)
def test_conflicting_variables_are_rejected(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], message: str
) -> None:
    for name, value in given.items():
        monkeypatch.setenv(f"LINKLEDGER_{name}", value)
    with pytest.raises(SettingsError, match=message):
        load_settings()


def test_production_with_a_key_creates_no_key_file(
    monkeypatch: pytest.MonkeyPatch, environment: Path
) -> None:
    monkeypatch.setenv("LINKLEDGER_ENV", "production")
    monkeypatch.setenv("LINKLEDGER_SECRET_KEY", KEY)
    assert load_settings().secret_keys == (KEY,)
    assert not (environment / "secret_key").exists()


def test_the_first_of_several_keys_signs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINKLEDGER_SECRET_KEY", f"{KEY}, {OTHER}")
    assert load_settings().secret_keys == (KEY, OTHER)


def test_a_missing_key_is_generated_and_stored_for_its_owner_only(environment: Path) -> None:
    first, second = load_settings(), load_settings()
    key_file = environment / "secret_key"
    assert first.secret_keys == second.secret_keys == (key_file.read_text(),)
    assert len(first.secret_key) >= 32
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(environment.stat().st_mode) == 0o700
    assert [each.name for each in environment.iterdir()] == ["secret_key"]


def test_four_concurrent_processes_generate_one_key(environment: Path) -> None:
    code = "from config.settings import load_settings; print(load_settings().secret_key)"
    started = [
        subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    keys = {process.communicate()[0].strip() for process in started}
    assert keys == {(environment / "secret_key").read_text()}
    assert [each.name for each in environment.iterdir()] == ["secret_key"]


@pytest.mark.parametrize("content", ["", "\n", "short"])
def test_a_damaged_key_file_is_rejected(environment: Path, content: str) -> None:
    environment.mkdir()
    (environment / "secret_key").write_text(content)
    with pytest.raises(SettingsError, match="secret_key"):
        load_settings()


def test_an_unusable_home_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LINKLEDGER_HOME", str(tmp_path / "file" / "home"))
    with pytest.raises(SettingsError, match="LINKLEDGER_HOME: .* cannot be used"):
        load_settings()


def test_settings_cannot_be_changed_and_show_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = {
        "SECRET_KEY": KEY,
        "STRIPE_API_KEY": "sk_test_hunter2",
        "STRIPE_WEBHOOK_SECRET": "whsec_hunter2",
        "SMTP_URL": "smtp://u:hunter2@mail.example.com",
        "DATABASE_URL": "postgresql://u:hunter2@db/ledger",
    }
    for name, value in secrets.items():
        monkeypatch.setenv(f"LINKLEDGER_{name}", value)
    settings = load_settings()
    assert KEY not in repr(settings)
    assert "hunter2" not in repr(settings)
    with pytest.raises(ValidationError):
        settings.workers = 3  # type: ignore[misc]


def test_every_required_setting_exists() -> None:
    names = {
        *("home", "env", "database_url", "secret_key", "base_url", "bind", "link_base_url", "workers"),
        *(
            "stripe_api_key",
            "stripe_api_base",
            "stripe_webhook_secret",
            "rail",
            "smtp_url",
            "trusted_proxies",
        ),
    }
    assert names <= set(Settings.model_fields)
