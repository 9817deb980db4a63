"""The rail that the settings name: Stripe, or the sandbox, reached by the same SDK over HTTP."""

from collections.abc import Iterator
from contextlib import contextmanager

from config.settings import Settings
from payouts.transfers.sandbox.server import SANDBOX_KEY, SandboxServer
from payouts.transfers.stripe.client import StripeRail


@contextmanager
def open_rail(settings: Settings) -> Iterator[StripeRail]:
    """The rail, ready for calls.

    If the settings give no address for the sandbox, this process serves it on a free loopback port while the
    context is open. Its state is in LINKLEDGER_HOME/sandbox.db, so every process sees the same state.
    """
    if settings.rail == "stripe":
        yield StripeRail(settings.stripe_api_key, settings.stripe_api_base or None)
    elif settings.stripe_api_base:
        yield StripeRail(SANDBOX_KEY, settings.stripe_api_base)
    else:
        with SandboxServer(settings.home / "sandbox.db") as server:
            yield StripeRail(SANDBOX_KEY, server.url)
