"""The documentation is correct: its paths and links exist, and its commands run.

SQLite alone is enough, because other tests run the commands on both databases.
"""

import ast
import csv
import json
import os
import re
import shlex
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from sqlalchemy import select

from config.database import open_databases, transact
from config.settings import Settings
from payouts.cli import main
from payouts.commissions.accrual import accrue_due
from payouts.commissions.models import Commission
from payouts.processes.supervisor import child_environment
from tests.cast.shop import RECEIVED_AT, create_shop, sale
from tests.harness import ROOT
from tests.harness.databases.snapshots import Snapshot, database_seed_for
from tests.harness.papers import (
    SHELLS,
    Block,
    Names,
    blocks,
    broken_links,
    code_spans,
    html_faults,
    run_script,
    shell_blocks,
    with_names,
    wrong_paths,
)
from tests.harness.processes.forked_cli import forked_cli
from tests.tracker.sales.payloads_read import payload, raw
from tracker.programs.models import Enrollment
from tracker.sales.orders.models import Sale
from tracker.sales.reports.customer_hashes import address_hashes

DOCS = ROOT / "docs"
TOP_PAGES = [ROOT / f"{name}.md" for name in ("README", "ARCHITECTURE", "CONTRIBUTING", "CHANGELOG")]
PAGES = [*TOP_PAGES, *sorted(DOCS.rglob("*.md"))]
COMMAND_PAGES = [page for page in sorted(DOCS.rglob("*.md")) if shell_blocks(page.read_text())]
TESTED_ALONE = {
    "docs/first-payout.md": "tests/test_first_payout.py",
    "docs/connect/anything.md": "tests/test_connect_anything.py",
}
"""Page -> the separate test that runs all of it and checks the results."""
NOT_RUN = {
    ("docs/connect/stripe.md", "stripe listen --forward-to http://127.0.0.1:8000/hooks/SOURCE"): (
        "needs Stripe's own command line and an account at Stripe"
    ),
}
"""Blocks that cannot run in a test: (page, first line) -> reason."""
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
"""The secret that commands on the pages read from standard input."""
ORDER = "2001"
WITH_PAGES = ("stripe", "shopify", "woocommerce", "lemonsqueezy")
LONGEST_MAP = 165


def prepare(settings: Settings) -> dict[str, Names]:
    """Create the data that the pages use. Returns placeholder -> id, per page; "" is for all pages."""
    databases = open_databases(settings)
    shop = create_shop(settings, databases)
    own_address = address_hashes("anna@teas.example").exact
    shop.send("sale.created", sale(order_id=ORDER, click=shop.token("anna"), customer_email_hash=own_address))
    connected = {kind: shop.connect(kind, SECRET) for kind in WITH_PAGES}
    for kind, name, topic in (
        ("shopify", "shopify_orders_paid", "orders/paid"),
        ("woocommerce", "woocommerce_order_processing", "order.updated"),
        ("lemonsqueezy", "lemonsqueezy_order_created", None),
    ):
        received = shop.send_raw(raw(payload(name)), source_id=connected[kind], topic=topic)
        assert received.state == "applied"
    transact(databases.main, lambda session: accrue_due(session, RECEIVED_AT, 10))
    with databases.main.connect() as connection:
        enrolled = select(Enrollment.program_id, Enrollment.creator_id)
        program_id, creator_id = connection.execute(
            enrolled.where(Enrollment.id == shop.enrollments["anna"])
        ).one()
        held = select(Commission.id).join(Sale).where(Sale.order_id == ORDER)
        commission_id = connection.execute(held).scalar_one()
    databases.close()
    common = {"BRAND": shop.brand_id, "PROGRAM": program_id, "CREATOR": creator_id, "SHOP": shop.source_id}
    return {
        "": common | {"COMMISSION": commission_id, "ORDER": ORDER, "SOURCE": shop.source_id},
        "docs/connect/lemonsqueezy.md": {"SOURCE": connected["lemonsqueezy"]},
        "docs/connect/stripe.md": {"SOURCE": connected["stripe"]},
        "docs/connect/shopify.md": {"SOURCE": connected["shopify"]},
        "docs/connect/woocommerce.md": {"SOURCE": connected["woocommerce"], "ORDER": "727"},
    }


database_seed = database_seed_for(database_kind=prepare)


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("bin")
    with forked_cli(folder):
        yield folder


Run = Callable[[str, str], str]


@pytest.fixture
def run(settings: Settings, snapshot: Snapshot, console: Path, tmp_path: Path) -> Run:
    """Runs all commands of a page, given by name and text, in one bash. Returns their output."""
    shutil.copy(DOCS / "samples" / "sales.csv", tmp_path)
    own = {"PATH": f"{console}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}

    def run_page(name: str, markdown: str) -> str:
        names = snapshot.known[""] | snapshot.known.get(name, {})
        runnable = [b.text for b in shell_blocks(markdown) if (name, b.first_line) not in NOT_RUN]
        script = with_names("".join(runnable), names)
        return run_script(script, tmp_path, child_environment(settings) | own, stdin=SECRET + "\n")

    return run_page


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def block_fault(block: Block) -> str:
    """Why a block is not valid in its language; "" when it is valid. Commands are not checked here."""
    try:
        if block.language == "json":
            json.loads(block.text)
        elif block.language == "python":
            ast.parse(block.text)
        elif block.language == "html":
            return ", ".join(html_faults(block.text))
        elif block.language == "csv":
            widths = {len(row) for row in csv.reader(block.text.splitlines())}
            return "" if len(widths) == 1 else "its lines have different numbers of cells"
        elif block.language not in (*SHELLS, "js", "php", "text"):
            return f"{block.language!r} is not a known language"
    except (ValueError, SyntaxError) as error:
        return str(error)
    return ""


def unknown_commands(markdown: str) -> list[str]:
    """Commands in the prose that do not exist or have unknown options."""
    spans = [span for span in code_spans(markdown) if span.startswith("linkledger ")]
    return [span for span in spans if not all(_is_known(words) for words in _alternatives(span))]


def _alternatives(span: str) -> Iterator[list[str]]:
    """`a b|c [--d E]` means `a b --d E` and `a c --d E`."""
    words = shlex.split(span.replace("[", "").replace("]", ""))[1:]
    several = next((word for word in words if "|" in word), None)
    for choice in several.split("|") if several else [""]:
        yield [choice if word == several else word for word in words]


def _is_known(words: list[str]) -> bool:
    command: click.Command = main
    for word in words:
        if word == "…":
            return True
        if word.startswith("--"):
            if not any(word in parameter.opts for parameter in command.params):
                return False
        elif isinstance(command, click.Group):
            found = command.get_command(click.Context(command), word)
            if found is None:
                return False
            command = found
    return True


def test_every_path_and_link_exists() -> None:
    assert len(PAGES) > len(TOP_PAGES) + len(COMMAND_PAGES)
    faults = [fault for page in PAGES for fault in wrong_paths(ROOT, page) + broken_links(ROOT, page)]
    assert not faults, "\n".join(faults)


def test_a_wrong_path_and_a_wrong_link_are_found(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "migrations").mkdir()
    (tmp_path / "migrations" / "0001_sales.py").touch()
    page = tmp_path / "docs" / "page.md"
    page.write_text(
        "# A page\n\n`tracker/lost.py`, `python -m pytest tests/lost*.py`, `docs/page.md`, `docs/*.md`,\n"
        "`migrations/NNNN_what.py`, [a](#a-page), [b](#b-page), [lost](lost.md), [up](page.md#a-page)\n"
        "```sh\ncat tracker/example.py\n```\n"
    )
    assert wrong_paths(tmp_path, page) == [
        "docs/page.md: tests/lost*.py does not exist",
        "docs/page.md: tracker/lost.py does not exist",
    ]
    assert [fault.split()[1] for fault in broken_links(tmp_path, page)] == ["#b-page", "lost.md"]


@pytest.mark.parametrize("database_kind", ["sqlite"])
@pytest.mark.parametrize(
    "page", [each for each in COMMAND_PAGES if name_of(each) not in TESTED_ALONE], ids=name_of
)
def test_the_commands_on_the_page_run(page: Path, run: Run) -> None:
    run(name_of(page), page.read_text())


@pytest.mark.parametrize("database_kind", ["sqlite"])
@pytest.mark.parametrize(
    ("right", "wrong"),
    [("--kind shopify", "--sort shopify"), ('"#1001"', '"#1002"'), ("source events", "source messages")],
)
def test_a_wrong_command_on_a_page_is_found(run: Run, right: str, wrong: str) -> None:
    page = DOCS / "connect" / "shopify.md"
    assert right in page.read_text()
    with pytest.raises(AssertionError, match="failed: linkledger"):
        run(name_of(page), page.read_text().replace(right, wrong))


def test_every_page_with_commands_is_run_somewhere() -> None:
    assert len(COMMAND_PAGES) > len(TESTED_ALONE) + 3
    for page, test in TESTED_ALONE.items():
        assert ROOT / page in COMMAND_PAGES
        assert Path(page).name in (ROOT / test).read_text()


def test_blocks_that_are_not_run_are_on_their_pages() -> None:
    for (page, first_line), reason in NOT_RUN.items():
        found = [block for block in shell_blocks((ROOT / page).read_text()) if block.first_line == first_line]
        assert len(found) == 1, f"{page}: no block begins with {first_line}"
        assert reason
        assert "linkledger" not in found[0].text


def test_every_command_in_the_prose_is_known() -> None:
    faults = [f"{name_of(page)}: {each}" for page in PAGES for each in unknown_commands(page.read_text())]
    assert not faults, "\n".join(faults)


def test_an_unknown_command_in_the_prose_is_found() -> None:
    known = ("brand\nlist", "…", "replay [--brand ID] [--order ORDER]", "statement show|approve --brand ID")
    unknown = ("brand lost", "statement show|lost", "replay [--lost ID]", "lost")
    text = " ".join(f"`linkledger {each}`" for each in (*known, *unknown))
    assert unknown_commands(text) == [f"linkledger {each}" for each in unknown]


def test_every_block_is_valid() -> None:
    found = [(name_of(page), block) for page in PAGES for block in blocks(page.read_text())]
    faults = [
        f"{page}: {block.first_line}: {fault}" for page, block in found if (fault := block_fault(block))
    ]
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize(
    "wrong", ['json\n{"a": 1,}\n', "python\nif True\n", "html\n<p>a</b>\n", "csv\na,b\n1\n", "ruby\n1\n"]
)
def test_an_invalid_block_is_found(wrong: str) -> None:
    [block] = blocks(f"```{wrong}```\n")
    assert block_fault(block)


def test_the_map_names_every_package_and_stays_short() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text()
    packages = [
        f"{path.parent.relative_to(ROOT).as_posix()}/"
        for top in ("config", "tracker", "payouts", "bench", "migrations")
        for path in (ROOT / top).rglob("__init__.py")
    ]
    assert len(packages) > 30
    assert [package for package in packages if f"`{package}`" not in text] == []
    assert len(text.splitlines()) <= LONGEST_MAP


def test_the_settings_page_names_every_setting() -> None:
    named = set(re.findall(r"^\| `LINKLEDGER_(\w+)`", (DOCS / "settings.md").read_text(), re.MULTILINE))
    assert named == {name.upper() for name in Settings.model_fields}
