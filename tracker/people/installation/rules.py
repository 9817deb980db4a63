"""What practice and real mean, and which settings each of them needs. Pure."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

LINK_LIFETIME = timedelta(hours=1)
"""How long a set-up link can be opened, and how long the cookie counts that replaces it."""

SANDBOX = "sandbox"
TEST_KEYS = ("sk_test_", "rk_test_")
"""How the keys of Stripe's test environments begin (docs.stripe.com/keys): no money moves with them."""


class Mode(StrEnum):
    """Decided once, at the set-up: in practice no money leaves, real pays creators."""

    PRACTICE = "practice"
    REAL = "real"


class Need(StrEnum):
    """A setting that has to change. Pages put it into words."""

    RAIL = "rail"
    """LINKLEDGER_RAIL=stripe: payouts go to the sandbox."""
    KEY = "key"
    """LINKLEDGER_STRIPE_API_KEY: there is none."""
    LIVE_KEY = "live_key"
    """LINKLEDGER_STRIPE_API_KEY belongs to a test environment of Stripe."""
    ENVIRONMENT = "environment"
    """LINKLEDGER_ENV=production, which needs a secret key of its own."""
    BASE_URL = "base_url"
    """LINKLEDGER_BASE_URL: the address that creators and the shop use, with https."""
    NO_MONEY = "no_money"
    """LINKLEDGER_RAIL=sandbox: the rail that is set pays real money."""


@dataclass(frozen=True)
class RailSettings:
    """What the settings say about money."""

    rail: str
    api_key: str
    env: str
    base_url: str

    @property
    def pays_money(self) -> bool:
        return self.rail != SANDBOX and not self.api_key.startswith(TEST_KEYS)


def needs_of(mode: Mode, given: RailSettings) -> list[Need]:
    """What has to change in the settings before this mode can be chosen."""
    if mode is Mode.PRACTICE:
        return [Need.NO_MONEY] if given.pays_money else []
    missing = {
        Need.RAIL: given.rail == SANDBOX,
        Need.KEY: not given.api_key,
        Need.LIVE_KEY: given.api_key.startswith(TEST_KEYS),
        Need.ENVIRONMENT: given.env != "production",
        Need.BASE_URL: not given.base_url.startswith("https://"),
    }
    return [need for need, is_missing in missing.items() if is_missing]
