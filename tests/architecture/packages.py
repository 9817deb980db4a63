"""Rules for packages: no import cycles at any level, and a size at which a file is easy to find."""

from collections import defaultdict
from collections.abc import Iterator

from tests.architecture.source import SourceTree

PACKAGES = ("config", "tracker", "payouts")
MAX_MODULES = 18
MIN_PARTS = 2


def package_cycles(tree: SourceTree) -> list[str]:
    """Import cycles between the parts of a package, direct or indirect; one cycle per line.

    The parts of a package are its sub-packages and its modules.
    """
    faults = []
    for package, graph in sorted(_graphs(tree).items()):
        for cycle in _cycles(graph):
            steps = [graph[one][other] for one, other in zip(cycle, cycle[1:], strict=False)]
            faults.append(f"{package or 'the top level'}: {' -> '.join(cycle)}, by {'; '.join(steps)}")
    return faults


def crowded_packages(tree: SourceTree) -> list[str]:
    """Packages with too many modules: split them by subject."""
    return [
        f"{package}: {modules} modules, {first} and others, more than {MAX_MODULES}: split it by subject"
        for package, first, modules, _ in _sizes(tree)
        if modules > MAX_MODULES
    ]


def single_part_packages(tree: SourceTree) -> list[str]:
    """Packages with a single module or a single sub-package: move it to the parent package."""
    return [
        f"{package}: has only one part, with {first}: move it to the parent package"
        for package, first, _, parts in _sizes(tree)
        if parts < MIN_PARTS
    ]


def _sizes(tree: SourceTree) -> Iterator[tuple[str, str, int, int]]:
    """For each package: name, one of its modules, number of modules, number of modules and sub-packages."""
    children: dict[str, set[str]] = defaultdict(set)
    packages: dict[str, str] = {}
    for module in tree.of(*PACKAGES):
        is_package = module.path.endswith("__init__.py")
        parents = module.name.split(".") if is_package else module.name.split(".")[:-1]
        for depth in range(1, len(parents) + 1):
            packages.setdefault(".".join(parents[:depth]), module.path)
        if not is_package:
            children[".".join(parents)].add(module.name)
    for package in sorted(packages):
        parent = package.rpartition(".")[0]
        if parent:
            children[parent].add(package)
    for package in sorted(packages):
        inside = children[package]
        yield package, packages[package], len(inside - packages.keys()), len(inside)


def _graphs(tree: SourceTree) -> dict[str, dict[str, dict[str, str]]]:
    """For each package: part -> imported part -> an example of such an import (path and line)."""
    graphs: dict[str, dict[str, dict[str, str]]] = defaultdict(lambda: defaultdict(dict))
    for module in tree.of(*PACKAGES):
        own = module.name.split(".")
        for found in module.imports:
            if found.target not in tree.modules:
                continue
            other = found.target.split(".")
            depth = next((i for i, (a, b) in enumerate(zip(own, other, strict=False)) if a != b), None)
            if depth is not None:
                example = f"{module.path}:{found.line}"
                graphs[".".join(own[:depth])][own[depth]].setdefault(other[depth], example)
    return graphs


def _cycles(graph: dict[str, dict[str, str]]) -> Iterator[list[str]]:
    """A shortest cycle through each part that is in one, each cycle once."""
    seen: set[frozenset[str]] = set()
    for start in sorted(graph):
        cycle = _path_back(graph, start)
        if cycle and frozenset(cycle) not in seen:
            seen.add(frozenset(cycle))
            yield cycle


def _path_back(graph: dict[str, dict[str, str]], start: str) -> list[str] | None:
    """A shortest path from `start` back to `start`, by breadth-first search."""
    paths, known = [[start]], {start}
    while paths:
        path = paths.pop(0)
        for following in sorted(graph.get(path[-1], {})):
            if following == start:
                return [*path, start]
            if following not in known:
                known.add(following)
                paths.append([*path, following])
    return None
