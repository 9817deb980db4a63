"""The rules of ARCHITECTURE.md hold in this tree, and every rule finds a planted fault."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import CheckConstraint, Column, Integer, MetaData, Table, UniqueConstraint

from config.settings import load_settings
from payouts.tables import CLICK_TABLES, MAIN_TABLES, MODULES
from tests.architecture.event_reasons import common_codes_of_one_kind
from tests.architecture.imports import (
    FAST_ENTRY_POINTS,
    STRIPE_HOME,
    heavy_fast_entry_points,
    hidden_imports,
    import_cycles,
    misplaced_stripe,
    wrong_directions,
)
from tests.architecture.packages import crowded_packages, package_cycles, single_part_packages
from tests.architecture.planted import CORRECT_FILES, FAULTS, Rule
from tests.architecture.purity import (
    floats_and_naive_times,
    impure_modules,
    operations_that_commit,
    pure_modules,
)
from tests.architecture.running import access_of, unguarded_routes, unlocked_routes, unnamed_constraints
from tests.architecture.sale_amounts import sale_amounts_read_from_the_row
from tests.architecture.shape import long_files, long_functions, vague_names
from tests.architecture.source import PACKAGES, SourceTree, read_tree
from tests.harness import ROOT
from tracker.http.access import Access, public
from tracker.people.access.guards import keyed
from wsgi import create_app

RULES: list[Rule] = [
    wrong_directions,
    hidden_imports,
    misplaced_stripe,
    heavy_fast_entry_points,
    import_cycles,
    package_cycles,
    crowded_packages,
    single_part_packages,
    impure_modules,
    operations_that_commit,
    floats_and_naive_times,
    sale_amounts_read_from_the_row,
    common_codes_of_one_kind,
    long_files,
    long_functions,
    vague_names,
]


def write_tree(root: Path, files: dict[str, str]) -> SourceTree:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return read_tree(root)


@pytest.fixture(scope="module")
def tree() -> SourceTree:
    return read_tree(ROOT)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_rule_holds_in_this_tree(tree: SourceTree, rule: Rule) -> None:
    faults = rule(tree)
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize(("rule", "files"), FAULTS, ids=lambda value: getattr(value, "__name__", ""))
def test_the_rule_finds_a_planted_fault(tmp_path: Path, rule: Rule, files: dict[str, str]) -> None:
    faults = rule(write_tree(tmp_path, CORRECT_FILES | files))
    assert faults
    assert any(path in fault or path[:-3].replace("/", ".") in fault for fault in faults for path in files)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_rule_accepts_correct_files(tmp_path: Path, rule: Rule) -> None:
    assert rule(write_tree(tmp_path, CORRECT_FILES)) == []


def test_every_rule_has_a_planted_fault() -> None:
    assert {rule for rule, _ in FAULTS} == set(RULES)


def test_the_tree_is_not_empty(tree: SourceTree) -> None:
    assert all(any(tree.of(top_package)) for top_package in (*PACKAGES, "wsgi"))
    assert {module.name for module in tree} >= {"wsgi", "payouts.cli", "config.database", __name__}
    assert len(list(pure_modules(tree))) >= 6
    assert STRIPE_HOME in {module.path for module in tree}
    models = {module.name for module in tree.product() if module.path.endswith("models.py")}
    assert models == {module.__name__ for module in MODULES}


def test_importing_the_product_starts_no_thread_and_loads_no_heavy_module() -> None:
    """A web process loads none of these modules, except payouts.demo in demo mode."""
    heavy = (
        "{'stripe', 'psycopg', 'alembic', 'argon2', 'webauthn', "
        "'payouts.demo', 'payouts.processes.job_table'}"
    )
    code = f"import sys, threading, wsgi; print({heavy} & set(sys.modules), threading.active_count())"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["set()", "1"]


def test_the_edge_process_loads_neither_flask_nor_stripe(tree: SourceTree) -> None:
    heavy = "{'flask', 'stripe', 'wsgi', 'sqlalchemy.dialects.postgresql'}"
    for entry_point in (module.name for module in tree.product() if module.matches(FAST_ENTRY_POINTS)):
        code = f"import sys, {entry_point}; print(sorted({heavy} & set(sys.modules)))"
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        assert done.stdout.strip() == "[]"


def test_every_route_declares_its_access(tmp_path: Path) -> None:
    app = create_app(load_settings(home=tmp_path, demo=True))
    assert len(list(app.url_map.iter_rules())) > 5
    assert unguarded_routes(app) == []


def test_a_route_without_declared_access_is_found() -> None:
    app = Flask(__name__)
    app.add_url_rule("/open", "open", public("shows no personal data")(lambda: "open"))
    assert unguarded_routes(app) == []
    app.add_url_rule("/forgotten", "forgotten", lambda: "secrets", methods=["GET", "POST"])
    assert [fault.split(" (")[0] for fault in unguarded_routes(app)] == ["GET /forgotten", "POST /forgotten"]


def test_every_keyed_route_requires_a_key(tmp_path: Path) -> None:
    app = create_app(load_settings(home=tmp_path))
    found = [access_of(app, endpoint) for endpoint in app.view_functions]
    assert sum(access is not None and access.kind == "keyed" for access in found) > 4
    assert unlocked_routes(app) == []


def test_a_keyed_route_without_a_check_is_found(tmp_path: Path) -> None:
    app = create_app(load_settings(home=tmp_path))
    checked = keyed("sales:read", "shows sales")(lambda _caller: "sales")
    app.add_url_rule("/checked", "checked", checked)
    unchecked: Any = lambda: "sales"  # noqa: E731
    unchecked.__access__ = Access("keyed", "shows sales", "sales")
    app.add_url_rule("/unchecked", "unchecked", unchecked)
    app.add_url_rule("/api/v1/open", "open", public("a mistake")(lambda: "sales"), methods=["DELETE"])
    faults = unlocked_routes(app)
    assert [fault.split(" (")[0] for fault in faults] == ["GET /unchecked"] * 2 + ["DELETE /api/v1/open"]


def test_every_constraint_has_a_name() -> None:
    assert len(MAIN_TABLES.tables) > 10
    assert CLICK_TABLES.tables
    assert unnamed_constraints(MAIN_TABLES, CLICK_TABLES) == []


def test_a_constraint_without_a_name_is_found() -> None:
    metadata = MetaData()
    Table("sale", metadata, Column("total", Integer), CheckConstraint("total > 0"))
    Table("refund", metadata, Column("id", Integer), UniqueConstraint("id", name="r" * 64))
    faults = unnamed_constraints(metadata)
    assert any(fault.startswith("sale: a CheckConstraint has no name") for fault in faults)
    assert any("more than 63 characters" in fault for fault in faults)
