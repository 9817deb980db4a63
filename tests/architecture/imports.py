"""Rules for imports."""

from tests.architecture.source import Module, SourceTree, is_below

MAY_IMPORT = {
    "config": {"config"},
    "tracker": {"tracker", "config"},
    "payouts": {"payouts", "tracker", "config"},
    "migrations": {"migrations"},
    "wsgi": {"payouts", "tracker", "config"},
}
"""The packages that each package may import. None may import `wsgi`, `tests` or `bench`.

Migrations import nothing of the product, so that they never change their effect.
"""

STRIPE_HOME = "payouts/transfers/stripe/client.py"
FAST_ENTRY_POINTS = ("*/edge.py", "*/edge/*.py")
"""The modules of the edge process, which must start fast and stay small."""
NOT_IN_FAST_ENTRY_POINTS = ("flask", "stripe", "wsgi")


def wrong_directions(tree: SourceTree) -> list[str]:
    """payouts -> tracker -> config, never back."""
    faults = []
    for module in tree.product():
        for found in module.imports:
            package = found.target.split(".")[0]
            if package in {*MAY_IMPORT, "tests", "bench"} and package not in MAY_IMPORT[module.package]:
                faults.append(module.at(found.line, f"{module.package} must not import {package}"))
    return faults


def hidden_imports(tree: SourceTree) -> list[str]:
    """Imports are at the top of the file, where cycles are visible. Only stripe is deferred: it is slow."""
    faults = []
    for module in tree.product():
        for found in module.imports:
            allowed = module.path == STRIPE_HOME and is_below(found.target, "stripe")
            if found.in_function and not allowed:
                faults.append(module.at(found.line, f"import of {found.target} is hidden in a function"))
    return faults


def misplaced_stripe(tree: SourceTree) -> list[str]:
    """One file imports stripe, inside its functions."""
    faults = []
    for module in tree.product():
        for found in module.imports:
            if not is_below(found.target, "stripe"):
                continue
            if module.path != STRIPE_HOME:
                faults.append(module.at(found.line, f"only {STRIPE_HOME} imports stripe"))
            elif not found.in_function:
                faults.append(module.at(found.line, "stripe is imported inside a function, not at the top"))
    return faults


def heavy_fast_entry_points(tree: SourceTree) -> list[str]:
    """The edge process imports neither Flask nor Stripe, directly or indirectly."""
    faults = []
    for entry_point in tree.product():
        if entry_point.matches(FAST_ENTRY_POINTS):
            for module, found in reachable_imports(tree, entry_point):
                if any(is_below(found, heavy) for heavy in NOT_IN_FAST_ENTRY_POINTS):
                    faults.append(f"{entry_point.path}: imports {found} through {module.path}")
    return faults


def import_cycles(tree: SourceTree) -> list[str]:
    """Import cycles between modules, by imports at the top of the files; one cycle per line."""
    graph = {
        module.name: sorted({i.target for i in module.imports if not i.in_function} & tree.modules.keys())
        for module in tree
    }
    done: set[str] = set()
    faults: list[str] = []
    for name in sorted(graph):
        _walk(name, graph, [], done, faults)
    return faults


def _walk(name: str, graph: dict[str, list[str]], path: list[str], done: set[str], faults: list[str]) -> None:
    if name in path:
        faults.append(" -> ".join([*path[path.index(name) :], name]))
        return
    if name in done:
        return
    for target in graph[name]:
        if target != name:
            _walk(target, graph, [*path, name], done, faults)
    done.add(name)


def reachable_imports(tree: SourceTree, start: Module) -> list[tuple[Module, str]]:
    """All imports that importing `start` executes, without those in functions: (importing module, target)."""
    seen, waiting, found = {start.name}, [start], []
    while waiting:
        module = waiting.pop()
        for item in module.imports:
            if item.in_function:
                continue
            found.append((module, item.target))
            if item.target in tree.modules and item.target not in seen:
                seen.add(item.target)
                waiting.append(tree.modules[item.target])
    return found
