"""A web worker is killed while it processes a message; the shop gets no response and sends it again."""

import http.client
from datetime import UTC, datetime

import pytest

from config.database import Databases
from config.settings import Settings
from tests.cast.shop import Shop
from tests.harness.processes.crashes import CRASH_POINTS
from tests.scenarios.crashing_app import HEADER
from tests.scenarios.fingerprint import brand_fingerprints
from tests.scenarios.runner import connect_all, require_same_fingerprint
from tests.scenarios.scenarios import SECRETS, Message, standard_six
from tests.tracker.sales.api.hook_server import Server, serving
from tracker.sales.integrations.standard import signed_headers


def send(server: Server, source_id: str, message: Message, crash_at: str = "") -> int | None:
    """The status of the response; None when there was none."""
    headers = signed_headers(SECRETS["standard"], message.key, datetime.now(UTC), message.body)
    try:
        status, _ = server.post(
            f"/hooks/{source_id}", message.body, headers | ({HEADER: crash_at} if crash_at else {})
        )
    except (http.client.RemoteDisconnected, ConnectionResetError):
        return None
    return status


def send_until_answered(server: Server, source_id: str, message: Message, point: str) -> int:
    """Send until there is a response, each time with a later crash. Returns the number of crashes."""
    crashes = 0
    while (status := send(server, source_id, message, f"{point} {crashes + 1}")) is None:
        crashes += 1
    assert status == 200
    return crashes


@pytest.mark.parametrize(
    "database_kind",
    ["sqlite", pytest.param("postgresql", marks=(pytest.mark.postgresql, pytest.mark.nightly))],
    indirect=True,
)
def test_a_worker_killed_at_any_point_processes_each_message_once(
    settings: Settings, shop: Shop, databases: Databases
) -> None:
    """The refunds and the dispute come before their sale."""
    messages = standard_six(shop).messages[::-1]
    [(undisturbed,), (crashed,)] = connect_all(shop, [("standard",)] * 2)
    with serving(settings, "tests.scenarios.crashing_app:app()", "--preload") as server:
        for message, point in zip(messages, (*CRASH_POINTS, "commit", "committed"), strict=True):
            assert send(server, undisturbed, message) == 200
            assert send_until_answered(server, crashed, message, point) > 0
    found = brand_fingerprints(databases, shop.brand_id)
    require_same_fingerprint([found[undisturbed], found[crashed]])
