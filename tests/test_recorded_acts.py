"""Each command and each route of a key that writes is recorded in the audit, or stands here with the reason.

A new command fails these tests until it is in one of the tables.
"""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from config.settings import load_settings
from payouts.command_table import COMMANDS
from tests.architecture.running import IGNORED_METHODS, access_of
from tests.harness import ROOT
from wsgi import create_app

SHOWS = "it only shows"
MESSAGE = "the report is stored as it came, with its source; the first one records the new source"

NOT_RECORDED = {
    "audit list": SHOWS,
    "audit verify": SHOWS,
    "brand list": SHOWS,
    "brand policy": SHOWS,
    "brand show": SHOWS,
    "check": "it stores only how far it looked",
    "click count": SHOWS,
    "click follow": "it is a visit, and clicks are rows",
    "click totals": SHOWS,
    "commission decisions": SHOWS,
    "commission held": SHOWS,
    "creator list": SHOWS,
    "credit show": SHOWS,
    "doctor": "it only looks; a test message is a row of the outbox",
    "domain list": SHOWS,
    "explain": SHOWS,
    "jobs": SHOWS,
    "key list": SHOWS,
    "ledger accounts": SHOWS,
    "ledger balances": SHOWS,
    "ledger kinds": SHOWS,
    "link list": SHOWS,
    "member list": SHOWS,
    "mail list": SHOWS,
    "mail resend": "the row of the message says when it is sent again",
    "mail show": SHOWS,
    "payee status": "it stores what the payment provider answers",
    "payout list": SHOWS,
    "payout preview": SHOWS,
    "payout returned list": SHOWS,
    "payout show": SHOWS,
    "program list": SHOWS,
    "program terms": SHOWS,
    "replay": "it computes again and compares",
    "sale list": SHOWS,
    "sale show": SHOWS,
    "setup-link": "nobody is there yet; the set-up records what it makes",
    "sandbox fund": "it is play money, outside the books",
    "sandbox onboard": "it plays a creator at the payment provider",
    "scheduler": "it runs jobs, which have their own rows",
    "serve": "it starts processes",
    "source events": SHOWS,
    "source health": SHOWS,
    "source list": SHOWS,
    "source send": "it is a message of a shop, which is stored as it came",
    "statement decisions": SHOWS,
    "statement export": SHOWS,
    "statement list": SHOWS,
    "statement show": SHOWS,
    "statement verify": SHOWS,
    "suspicion show": SHOWS,
    "user list": SHOWS,
    "work": "it runs jobs, which have their own rows",
}
"""The commands that write no entry, and why."""

ROUTES_NOT_RECORDED = {
    ("POST", "/api/v1/sales"): MESSAGE,
    ("POST", "/api/v1/refunds"): MESSAGE,
    ("POST", "/api/v1/cancellations"): MESSAGE,
    ("POST", "/api/v1/disputes"): MESSAGE,
    ("GET", "/api/v1/sales/<path:order_id>"): SHOWS,
    ("GET", "/postback"): MESSAGE,
    ("POST", "/postback"): MESSAGE,
}


COMPOSED = {"statement bonus", "statement deduction"}
"""Commands whose entry point is composed of the kind of a decision."""


@cache
def entry_points() -> set[str]:
    """The commands that name themselves as the entry point of an actor."""
    paths = [path for top in ("tracker", "payouts") for path in (ROOT / top).rglob("*.py")]
    return {name for path in paths for name in named_in(path)} | COMPOSED


def named_in(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("command_line", "_set_state"):
            yield from (str(each.value) for each in node.args if isinstance(each, ast.Constant))


def test_every_command_is_recorded_or_listed_with_the_reason() -> None:
    unknown = set(COMMANDS) - entry_points() - NOT_RECORDED.keys()
    assert unknown == set(), "record what they do, or say here why not"
    assert NOT_RECORDED.keys() - set(COMMANDS) == set()
    assert entry_points() & NOT_RECORDED.keys() == set(), "they are recorded"


def test_every_route_of_a_key_that_writes_is_recorded_or_listed_with_the_reason(tmp_path: Path) -> None:
    app = create_app(load_settings(home=tmp_path))
    keyed = set()
    for rule in app.url_map.iter_rules():
        access = access_of(app, rule.endpoint)
        if access is not None and access.kind == "keyed":
            keyed |= {(method, rule.rule) for method in (rule.methods or set()) - IGNORED_METHODS}
    assert keyed == ROUTES_NOT_RECORDED.keys(), "record what they do, or say here why not"
