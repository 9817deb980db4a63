"""Jobs that pay with the sandbox of the test."""

import pytest

from config.settings import Settings
from payouts.transfers.sandbox.server import SANDBOX_KEY
from tests.cast.books import Books
from tests.conftest import settings_for


@pytest.fixture
def jobs_settings(books: Books) -> Settings:
    """Settings with which the jobs use the sandbox of the test."""
    return settings_for(
        books.settings.home,
        books.settings.database_url,
        rail="stripe",
        stripe_api_key=SANDBOX_KEY,
        stripe_api_base=books.sandbox.url,
    )
