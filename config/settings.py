"""One frozen settings object, read from LINKLEDGER_… variables and checked once, at the start."""

import re
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import SplitResult, unquote, urlsplit

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from config.secret_file import load_or_create_secret

PREFIX = "LINKLEDGER_"
MIN_KEY_LENGTH = 32
MIN_TOKEN_LENGTH = 16
CLICKS_FILE = "clicks.db"
_HEADER = re.compile(r"[A-Za-z0-9-]{1,64}")
_MAIL_ADDRESS = re.compile(r"[\w!#$%&'*+/=?^`{|}~.-]{1,64}@[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?", re.A | re.I)
_BIND = re.compile(r"(?P<host>\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):(?P<port>\d{1,5})")


class SettingsError(Exception):
    """A variable is missing or invalid. The message names it and says what is valid."""


class Settings(BaseSettings):
    """The settings of an installation. Nothing else reads the environment."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore", validate_default=True)

    home: Path = Path("var")
    env: Literal["development", "production"] = "development"
    database_url: str = Field(default="", repr=False)
    secret_key: str = Field(default="", repr=False)
    bind: str = "127.0.0.1:8000"
    base_url: str = ""
    link_base_url: str = ""
    edge_bind: str = "127.0.0.1:8001"
    workers: int = Field(default=2, ge=1, le=64)
    commit_deadline_ms: int = Field(default=300, ge=10, le=5_000)
    spool_mb: int = Field(default=16, ge=1, le=4_096)
    client_timeout_s: float = Field(default=10, ge=0.5, le=60)
    rail: Literal["sandbox", "stripe"] = "sandbox"
    rail_shared: bool = False
    stripe_api_key: str = Field(default="", repr=False)
    stripe_api_base: str = ""
    stripe_webhook_secret: str = Field(default="", repr=False)
    smtp_url: str = Field(default="", repr=False)
    mail_from: str = ""
    trusted_proxies: str = ""
    country_header: str = ""
    """The header in which a trusted proxy sends the visitor's country, such as CF-IPCountry."""
    click_days: int = Field(default=90, ge=2, le=3650)
    """Retention of single clicks; their hourly totals stay."""
    event_days: int = Field(default=400, ge=2, le=3650)
    """Retention of the bodies of shops' messages; the data of the orders stays."""
    metrics_token: str = Field(default="", repr=False)
    demo: bool = False

    @field_validator("bind", "edge_bind")
    @classmethod
    def _check_bind(cls, value: str) -> str:
        match = _BIND.fullmatch(value)
        if match is None or not 0 < int(match["port"]) < 65536:
            raise ValueError("must be HOST:PORT, for example 127.0.0.1:8000")
        return value

    @field_validator("base_url", "link_base_url", "stripe_api_base")
    @classmethod
    def _check_web_url(cls, value: str) -> str:
        if not value:
            return value
        parts = _split_url(value)
        if parts is None or parts.scheme not in ("http", "https") or parts.query or parts.fragment:
            raise ValueError("must be an http or https address, for example https://links.example.com")
        return value.rstrip("/")

    @field_validator("smtp_url")
    @classmethod
    def _check_smtp_url(cls, value: str) -> str:
        parts = _split_url(value)
        if value and (parts is None or parts.scheme not in ("smtp", "smtps") or not _has_valid_port(parts)):
            raise ValueError("must start with smtp:// or smtps://, for example smtp://mail.example.com:587")
        sign_in = unquote(f"{parts.username or ''}{parts.password or ''}") if value and parts else ""
        if not (sign_in.isascii() and sign_in.isprintable()):
            raise ValueError(
                "has a user name or password that cannot be sent: mail servers take letters, digits and "
                "signs of ASCII only"
            )
        return value

    @field_validator("mail_from")
    @classmethod
    def _check_mail_from(cls, value: str) -> str:
        if value and not _MAIL_ADDRESS.fullmatch(value):
            raise ValueError("must be an e-mail address alone, for example linkledger@example.com")
        return value

    @field_validator("database_url")
    @classmethod
    def _check_database_url(cls, value: str) -> str:
        if value and not value.startswith(("postgresql://", "postgresql+psycopg://", "sqlite:///")):
            raise ValueError(
                "must start with postgresql:// or sqlite:///; leave it out for SQLite in LINKLEDGER_HOME"
            )
        try:
            make_url(value or "sqlite://")
        except (ArgumentError, ValueError):
            raise ValueError(
                "cannot be read; write it like postgresql://name:password@host:5432/database "
                "and escape special characters in the password, for example @ as %40"
            ) from None
        file = Path(value.removeprefix("sqlite:///")).name
        if value.startswith("sqlite") and file in ("", ":memory:", CLICKS_FILE):
            raise ValueError(
                f"must name a file other than {CLICKS_FILE}, which is stored next to it, "
                "for example sqlite:////data/linkledger.db"
            )
        return value.replace("postgresql://", "postgresql+psycopg://", 1)

    @field_validator("trusted_proxies")
    @classmethod
    def _check_networks(cls, value: str) -> str:
        for each in filter(None, (part.strip() for part in value.split(","))):
            try:
                ip_network(each)
            except ValueError:
                raise ValueError(
                    f"{each!r} is not an IP address or network; write for example 10.0.0.1,10.1.0.0/16"
                ) from None
        return value

    @field_validator("country_header")
    @classmethod
    def _check_header_name(cls, value: str) -> str:
        if value and not _HEADER.fullmatch(value):
            raise ValueError("must be the name of a header, for example CF-IPCountry")
        return value

    @field_validator("metrics_token")
    @classmethod
    def _check_token_length(cls, value: str) -> str:
        if value and len(value) < MIN_TOKEN_LENGTH:
            raise ValueError(f"needs at least {MIN_TOKEN_LENGTH} characters")
        return value

    @field_validator("secret_key")
    @classmethod
    def _check_key_length(cls, value: str) -> str:
        keys = [key.strip() for key in value.split(",")] if value else []
        if any(len(key) < MIN_KEY_LENGTH for key in keys):
            raise ValueError(
                f"every key needs at least {MIN_KEY_LENGTH} characters; "
                'make one with: python3 -c "import secrets; print(secrets.token_urlsafe(48))"'
            )
        return ",".join(keys)

    @model_validator(mode="after")
    def _check_combinations(self) -> Self:
        if self.env == "production" and not self.secret_key:
            raise ValueError("SECRET_KEY is required when LINKLEDGER_ENV=production")
        if self.rail == "stripe" and not self.stripe_api_key:
            raise ValueError("STRIPE_API_KEY is required when LINKLEDGER_RAIL=stripe")
        if self.rail == "stripe" and self.demo:
            raise ValueError("DEMO never pays real money: use LINKLEDGER_RAIL=sandbox with it")
        return self

    @property
    def secret_keys(self) -> tuple[str, ...]:
        """Signing keys, newest first. The first signs; all verify, so that a key can be rotated."""
        return tuple(key for key in self.secret_key.split(",") if key)

    @property
    def web_url(self) -> str:
        return self.base_url or f"http://{self.bind}"

    @property
    def link_url(self) -> str:
        """The start of every short link: LINK_BASE_URL, else BASE_URL, else the address of the edge."""
        return self.link_base_url or self.base_url or f"http://{self.edge_bind}"

    @property
    def spool_folder(self) -> Path:
        """The folder for clicks that the database has not taken yet."""
        return self.home.resolve() / "spool"

    @property
    def main_url(self) -> str:
        return self.database_url or f"sqlite:///{self.home.resolve() / 'linkledger.db'}"

    @property
    def clicks_url(self) -> str:
        """On SQLite, clicks are in a separate file, so that no transaction about money delays a redirect."""
        if not self.main_url.startswith("sqlite"):
            return self.main_url
        main_file = Path(self.main_url.removeprefix("sqlite:///"))
        return f"sqlite:///{main_file.with_name(CLICKS_FILE)}"


def load_settings(**overrides: Any) -> Settings:
    """Read and check the environment; create LINKLEDGER_HOME and its signing key if they do not exist.

    `overrides` take precedence over the environment. Raises SettingsError with one line per invalid variable.
    """
    try:
        settings = Settings(**overrides)
    except ValidationError as error:
        raise SettingsError("\n".join(_format_error(problem) for problem in error.errors())) from None
    try:
        settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        if settings.secret_key:
            return settings
        path = settings.home / "secret_key"
        return settings.model_copy(update={"secret_key": _checked_key(path, load_or_create_secret(path))})
    except OSError as error:
        raise SettingsError(
            f"LINKLEDGER_HOME: {settings.home} cannot be used ({error.strerror}); choose a writable folder"
        ) from None


def _split_url(url: str) -> SplitResult | None:
    """The parts of a URL; None if it has no host or cannot be read."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return parts if parts.hostname else None


def _has_valid_port(parts: SplitResult) -> bool:
    try:
        return parts.port != 0
    except ValueError:
        return False


def _format_error(problem: Any) -> str:
    message = str(problem["msg"]).removeprefix("Value error, ")
    if not problem["loc"]:
        return PREFIX + message
    return f"{PREFIX}{str(problem['loc'][0]).upper()}: {message}"


def _checked_key(path: Path, keys: str) -> str:
    if any(len(key) < MIN_KEY_LENGTH for key in keys.split(",")):
        raise SettingsError(
            f"{PREFIX}HOME: {path} contains no valid signing key. Restore it from a backup: without it, "
            "click tokens cannot be verified and the secrets of sources cannot be decrypted"
        )
    return keys
