"""Jobs that pay with the sandbox of the test."""

import pytest

from config.settings import Settings
from tests.cast.books import Books
from tests.conftest import settings_for


@pytest.fixture
def jobs_settings(books: Books) -> Settings:
    """Settings with which the jobs use the sandbox of the test."""
    return settings_for(
        books.settings.home,
        books.settings.database_url,
        stripe_api_base=books.sandbox.url,
    )
