"""Rules for pure modules and operations, and against floats and naive times."""

import ast
from collections.abc import Iterator

from tests.architecture.imports import reachable_imports
from tests.architecture.source import Module, SourceTree, is_below

PURE = (
    "tracker/money.py",
    "tracker/base64url.py",
    "tracker/signing.py",
    "tracker/clicks/token.py",
    "tracker/clicks/counting/verdict.py",
    "tracker/sales/attribution/customer_binding.py",
    "tracker/sales/attribution/inputs.py",
    "tracker/sales/attribution/stored_decision.py",
    "tracker/sales/reports/*.py",
    "tracker/sales/integrations/*.py",
    "tracker/sales/imports/columns.py",
    "tracker/sales/event_reasons.py",
    "tracker/sales/event_texts.py",
    "tracker/sales/health/numbering.py",
    "tracker/stripe_amounts.py",
    "tracker/people/accounts/brand_rules.py",
    "tracker/people/accounts/days.py",
    "tracker/people/accounts/minimums.py",
    "payouts/ledger/calendar.py",
    "payouts/backup/row_encoding.py",
    "payouts/transfers/stripe/outcome.py",
    "payouts/transfers/stripe/amounts.py",
    "*/rules.py",
    "*/reasons.py",
    "tracker/people/keys/rules.py",
    "*/states.py",
    "*/reasons.py",
)
IMPURE_IMPORTS = (
    "flask",
    "sqlalchemy",
    "stripe",
    "alembic",
    "apscheduler",
    "gunicorn",
    "psycopg",
    "sqlite3",
    "os",
    "socket",
    "subprocess",
    "requests",
    "urllib.request",
    "urllib3",
    "http.client",
    "http.server",
    "smtplib",
    "threading",
    "shutil",
    "tempfile",
)
READS_A_CLOCK = {"datetime.now", "datetime.today", "date.today", "time.time", "time.monotonic"}

OPERATIONS = ("tracker/*.py", "payouts/*.py")
COMMITS_ITSELF: tuple[str, ...] = (
    "payouts/transfers/sandbox/*",  # simulates a provider, with its own database
    "tracker/clicks/recording/recorder.py",  # group commit of clicks before their redirects are sent
)
MEASURES_SECONDS = ("payouts/transfers/sandbox/faults.py",)
"""Modules that may use floats, for durations."""


def impure_modules(tree: SourceTree) -> list[str]:
    """A pure module uses no framework, no I/O and no clock, directly or through its imports."""
    faults = []
    for module in pure_modules(tree):
        for importer, target in reachable_imports(tree, module):
            if any(is_below(target, impure) for impure in IMPURE_IMPORTS):
                faults.append(f"{module.path}: is pure and imports {target} through {importer.path}")
        for call, name in _calls(module):
            if name in READS_A_CLOCK or name.removeprefix("datetime.") in READS_A_CLOCK or name == "open":
                faults.append(module.at(call.lineno, f"is pure and calls {name}()"))
    return list(dict.fromkeys(faults))


def pure_modules(tree: SourceTree) -> Iterator[Module]:
    return (module for module in tree.of("tracker", "payouts") if module.matches(PURE))


def operations_that_commit(tree: SourceTree) -> list[str]:
    """Entry points open transactions with `transact`, which commits; operations never commit."""
    return [
        module.at(call.lineno, "commits: leave that to the entry point that opened the transaction")
        for module in tree.of("tracker", "payouts")
        if module.matches(OPERATIONS) and not module.matches(COMMITS_ITSELF)
        for call, _ in _calls(module)
        if isinstance(call.func, ast.Attribute) and call.func.attr == "commit"
    ]


def floats_and_naive_times(tree: SourceTree) -> list[str]:
    """Money is never a float, and a time always has a zone."""
    faults = []
    for module in tree.of("tracker", "payouts"):
        for call, name in _calls(module):
            if name == "float" and not module.matches(MEASURES_SECONDS):
                faults.append(module.at(call.lineno, "creates a float: use int minor units, or Decimal"))
            elif _is_naive(call, name):
                faults.append(module.at(call.lineno, f"{name}() creates a time without a zone"))
    return faults


def _is_naive(call: ast.Call, name: str) -> bool:
    method = ".".join(name.split(".")[-2:])
    zones = [keyword.value for keyword in call.keywords if keyword.arg in ("tz", None)]
    if method in ("datetime.utcnow", "datetime.utcfromtimestamp", "datetime.today", "date.today"):
        return True
    if method == "datetime.now":
        return _names_no_zone(call.args + zones)
    return method == "datetime.fromtimestamp" and _names_no_zone(call.args[1:] + zones)


def _names_no_zone(zones: list[ast.expr]) -> bool:
    return not zones or (isinstance(zones[0], ast.Constant) and zones[0].value is None)


def _calls(module: Module) -> Iterator[tuple[ast.Call, str]]:
    """Every call, with the dotted name of the callee ("" when it has none)."""
    for node in ast.walk(module.syntax):
        if isinstance(node, ast.Call):
            yield node, _dotted_name(node.func)


def _dotted_name(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        owner = _dotted_name(node.value)
        return f"{owner}.{node.attr}" if owner else ""
    return ""
