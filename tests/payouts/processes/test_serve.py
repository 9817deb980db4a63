"""`linkledger serve` starts all processes on one machine, and stops them together."""

import os
import signal
from datetime import datetime

import pytest

from config.database import Databases
from config.settings import Settings
from tests.cast.people import create_cast
from tests.harness.processes.children import children_of
from tests.harness.processes.edge_process import is_answering, wait_until
from tests.harness.processes.server import running_server
from tests.tracker.clicks.entry_points import make_link


@pytest.fixture(autouse=True)
def link(databases: Databases, now: datetime) -> None:
    make_link(databases, create_cast(databases, now), now)


def port_of(address: str) -> int:
    return int(address.rpartition(":")[2])


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_both_ports_redirect_links_and_only_one_serves_pages(settings: Settings) -> None:
    with running_server(settings.model_copy(update={"spool_mb": 1})) as server:
        edge_port = port_of(server.settings.edge_bind)
        assert server.settings.link_url.endswith(f":{edge_port}")
        wait_until(lambda: is_answering(edge_port))
        assert is_answering(edge_port, "/anna")
        assert server.get("/anna").status == 302
        assert server.get("/").status == 302
        assert not is_answering(edge_port, "/")


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_exit_of_the_edge_process_stops_everything(settings: Settings) -> None:
    with running_server(settings.model_copy(update={"spool_mb": 1})) as server:
        edge_port = port_of(server.settings.edge_bind)
        wait_until(lambda: is_answering(edge_port))
        edge = children_of(server.process.pid)[0]  # it is started first
        os.killpg(edge, signal.SIGKILL)
        assert server.process.wait(30) == 1
