"""A web worker is killed while it takes a message; the shop gets no answer, and sends it again."""

import http.client
from datetime import UTC, datetime

import pytest

from config.database import Databases
from config.settings import Settings
from tests.harness.processes.crashes import CRASH_POINTS
from tests.scenarios.crashing_app import HEADER
from tests.scenarios.fingerprint import end_states
from tests.scenarios.runner import connect_all, require_one_end
from tests.scenarios.scenarios import SECRETS, Told, standard_six
from tests.tracker.sales.api.hook_server import Server, serving
from tests.tracker.sales.shop import Shop
from tracker.sales.integrations.standard import signed_headers


def sent(server: Server, source_id: str, told: Told, dies: str = "") -> int | None:
    """The status of the answer; None when there was none."""
    headers = signed_headers(SECRETS["standard"], told.key, datetime.now(UTC), told.body)
    try:
        status, _ = server.post(f"/hooks/{source_id}", told.body, headers | ({HEADER: dies} if dies else {}))
    except (http.client.RemoteDisconnected, ConnectionResetError):
        return None
    return status


def sent_until_answered(server: Server, source_id: str, told: Told, moment: str) -> int:
    """Each try dies one such moment later than the one before. How many there were."""
    deaths = 0
    while (status := sent(server, source_id, told, f"{moment} {deaths + 1}")) is None:
        deaths += 1
    assert status == 200
    return deaths


@pytest.mark.parametrize(
    "database_kind",
    ["sqlite", pytest.param("postgresql", marks=(pytest.mark.postgresql, pytest.mark.nightly))],
    indirect=True,
)
def test_a_worker_that_is_killed_anywhere_takes_each_message_once(
    settings: Settings, shop: Shop, databases: Databases
) -> None:
    """The refunds and the dispute come before their sale."""
    messages = standard_six(shop).messages[::-1]
    [(quiet,), (disturbed,)] = connect_all(shop, [("standard",)] * 2)
    with serving(settings, "tests.scenarios.crashing_app:app()", "--preload") as server:
        for told, moment in zip(messages, (*CRASH_POINTS, "commit", "committed"), strict=True):
            assert sent(server, quiet, told) == 200
            assert sent_until_answered(server, disturbed, told, moment) > 0
    ends = end_states(databases, shop.brand_id)
    require_one_end([ends[quiet], ends[disturbed]])
