"""A web worker is killed while it takes a message; the shop gets no answer, and sends it again."""

import http.client
from datetime import UTC, datetime

import pytest

from config.database import Databases
from config.settings import Settings
from tests.harness.processes.crashes import CRASH_POINTS
from tests.scenarios.crashing_app import HEADER
from tests.scenarios.fingerprint import fingerprints
from tests.scenarios.runner import connect_all, require_same_fingerprint
from tests.scenarios.scenarios import SECRETS, Message, standard_six
from tests.tracker.sales.api.hook_server import Server, serving
from tests.tracker.sales.shop import Shop
from tracker.sales.integrations.standard import signed_headers


def sent(server: Server, source_id: str, told: Message, crash_at: str = "") -> int | None:
    """The status of the answer; None when there was none."""
    headers = signed_headers(SECRETS["standard"], told.key, datetime.now(UTC), told.body)
    try:
        status, _ = server.post(
            f"/hooks/{source_id}", told.body, headers | ({HEADER: crash_at} if crash_at else {})
        )
    except (http.client.RemoteDisconnected, ConnectionResetError):
        return None
    return status


def sent_until_answered(server: Server, source_id: str, told: Message, moment: str) -> int:
    """Each try dies one such moment later than the one before. How many there were."""
    crashes = 0
    while (status := sent(server, source_id, told, f"{moment} {crashes + 1}")) is None:
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
        for told, moment in zip(messages, (*CRASH_POINTS, "commit", "committed"), strict=True):
            assert sent(server, undisturbed, told) == 200
            assert sent_until_answered(server, crashed, told, moment) > 0
    found_fingerprints = fingerprints(databases, shop.brand_id)
    require_same_fingerprint([found_fingerprints[undisturbed], found_fingerprints[crashed]])
