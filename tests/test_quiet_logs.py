"""The logs of a running installation contain no personal data and no secrets."""

import os
import signal
import socket
from pathlib import Path

from sqlalchemy import text

from config.database import Databases
from config.settings import Settings
from tests.cast.api import Terminal
from tests.harness.commands import EVERY_COMMAND
from tests.harness.processes.serve_process import STOPS_WITHIN_S, linux_only, serving, wait_until_both_run
from tests.harness.processes.server import Server
from tests.test_walkthrough import (
    FORGED,
    follow_the_link,
    make_brand_and_creator,
    refund,
    report,
    sale,
)

MAIL, ADDRESS = "canary@birds.example", "198.51.100.77"


@linux_only
def test_no_personal_data_is_logged(settings: Settings, databases: Databases, tmp_path: Path) -> None:
    terminal = Terminal(settings, EVERY_COMMAND)
    key = settings.secret_key
    with serving(settings, tmp_path, env="production", trusted_proxies="127.0.0.1") as served:
        wait_until_both_run(served, databases)
        web = Server(served.url, served.process, settings)  # type: ignore[arg-type]
        cast = make_brand_and_creator(terminal)
        token = follow_the_link(web)
        first = sale("1001", token) | {"customer": MAIL}
        assert report(web, cast["source"], "m-1", "sale.created", first).json["state"] == "applied"
        report(web, cast["source"], "m-2", "sale.created", first | {"total": -1})
        report(web, cast["source"] | {"secret": FORGED}, "m-3", "sale.created", first)
        for path in (f"/{MAIL}", f"/nothing?ll={token}&mail={MAIL}", "/app/nothing"):
            web.get(path, **{"X-Forwarded-For": ADDRESS, "Referer": f"https://mail.example/{MAIL}"})
        network = postbacks_of_a_network(terminal, web, cast["brand"])
        send_malformed_requests(served.port, token, network)
        with databases.main.begin() as connection:
            connection.execute(text("alter table refund rename to refund_gone"))
        report(web, cast["source"], "m-4", "refund.created", refund("1001") | {"reason": MAIL})
        web.get(f"/postback?key={network}&event=refund&order_id=9&refund_id=r&amount=1&currency=EUR")
        os.kill(served.process.pid, signal.SIGTERM)
        served.process.wait(STOPS_WITHIN_S)
        written = served.text()
    assert '"level": "error"' in written
    secrets = (
        MAIL,
        "birds.example",
        token,
        token[:80],
        ADDRESS,
        key,
        cast["source"]["secret"],
        FORGED,
        network[-43:],
    )
    for secret in (*secrets, "anna@example.com", str(settings.database_url) or "postgresql"):
        assert secret not in written


def postbacks_of_a_network(terminal: Terminal, web: Server, brand_id: str) -> str:
    """Send postbacks with personal data. Returns the API key in their URLs."""
    made = ("key", "create", "--brand", brand_id, "--name", "network", "--scope", "postback")
    key: str = terminal.ask(*made)["key"]
    postback = f"/postback?key={key}&order_id=9&total=1&currency=EUR"
    assert web.get(f"{postback}&mail={MAIL}").status == 201
    assert web.get(f"{postback}&customer={MAIL}").status == 422
    assert web.get(f"/postback?key={key[:-1]}&mail={MAIL}").status == 401
    return key


def send_malformed_requests(port: int, token: str, network: str) -> None:
    for nonsense in (
        f"GET /postback?key={network}&customer={MAIL} HTTP/9.9",
        f"NONSENSE {MAIL} {ADDRESS}",
        f"GET /?ll={token} HTTP/9.9",
        f"GET / HTTP/1.1\r\n{MAIL}",
    ):
        send_raw_line(port, nonsense)


def send_raw_line(port: int, line: str) -> None:
    """Send a line that is not valid HTTP, and read the response to its end."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(f"{line}\r\n\r\n".encode())
        while connection.recv(4096):
            pass
