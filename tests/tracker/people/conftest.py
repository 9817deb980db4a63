"""The whole application, a manager of a brand, and browsers."""

from collections.abc import Callable, Iterator

import pytest
import time_machine
from flask import Flask

from config.database import Databases, transact
from config.settings import Settings
from tests.cast.people import Cast
from tests.harness.databases.snapshots import NOW
from tests.tracker.people.sign_in.visitors import FAY, Visitor, new_visitor
from tracker.http.site import site
from tracker.people.accounts.memberships import add_member
from tracker.people.accounts.operations import create_user
from wsgi import create_app


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    made = create_app(settings)
    with time_machine.travel(NOW):
        yield made
    with made.app_context():
        site().databases.close()


@pytest.fixture
def fay(databases: Databases, cast: Cast) -> str:
    """A manager of the brand. Returns the id of the user."""

    user_id = transact(databases.main, lambda s: create_user(s, NOW, email=FAY, name="Fay").id)
    transact(
        databases.main, lambda s: add_member(s, NOW, brand_id=cast.brand_id, user_id=user_id, role="manager")
    )
    return user_id


@pytest.fixture
def arrive(app: Flask, settings: Settings, databases: Databases, fay: str) -> Callable[[], Visitor]:
    """Another browser."""
    return lambda: new_visitor(app, settings, databases)


@pytest.fixture
def visitor(arrive: Callable[[], Visitor]) -> Visitor:
    return arrive()
