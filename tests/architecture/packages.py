"""Packages: no circles between them at any level, and a size in which a newcomer finds a file by its name."""

from collections import defaultdict
from collections.abc import Iterator

from tests.architecture.source import SourceTree

PACKAGES = ("config", "tracker", "payouts")
MOST_MODULES = 18
FEWEST_PARTS = 2


def package_circles(tree: SourceTree) -> list[str]:
    """Parts of one package that import each other, directly or by way of others; one circle a line.

    The parts of a package are its sub-packages and the modules beside them: a module is a node, too.
    """
    faults = []
    for package, graph in sorted(_graphs(tree).items()):
        for circle in _circles(graph):
            steps = [graph[one][other] for one, other in zip(circle, circle[1:], strict=False)]
            faults.append(f"{package or 'the top level'}: {' -> '.join(circle)}, by {'; '.join(steps)}")
    return faults


def crowded_packages(tree: SourceTree) -> list[str]:
    """Packages in which nobody finds anything: split them by subject."""
    return [
        f"{package}: {modules} modules, {first} and others, more than {MOST_MODULES}: split it by subject"
        for package, first, modules, _ in _sizes(tree)
        if modules > MOST_MODULES
    ]


def lonely_modules(tree: SourceTree) -> list[str]:
    """Folders around a single module or a single folder: fold them back."""
    return [
        f"{package}: holds one part only, with {first}: fold it back into the folder above"
        for package, first, _, parts in _sizes(tree)
        if parts < FEWEST_PARTS
    ]


def _sizes(tree: SourceTree) -> Iterator[tuple[str, str, int, int]]:
    """Each package: a module in it, how many modules it has, and how many modules and sub-packages."""
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
    """By package: which of its parts imports which other, each with one import that shows it."""
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


def _circles(graph: dict[str, dict[str, str]]) -> Iterator[list[str]]:
    """A shortest circle through each part that is in one, each circle once."""
    seen: set[frozenset[str]] = set()
    for start in sorted(graph):
        circle = _way_back(graph, start)
        if circle and frozenset(circle) not in seen:
            seen.add(frozenset(circle))
            yield circle


def _way_back(graph: dict[str, dict[str, str]], start: str) -> list[str] | None:
    ways, known = [[start]], {start}
    while ways:
        way = ways.pop(0)
        for following in sorted(graph.get(way[-1], {})):
            if following == start:
                return [*way, start]
            if following not in known:
                known.add(following)
                ways.append([*way, following])
    return None
