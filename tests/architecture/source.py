"""Parses a source tree without running it."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

PACKAGES = ("config", "tracker", "payouts", "migrations", "tests", "bench")


@dataclass(frozen=True)
class Import:
    """One imported module. For `from a import b` it is `a.b` if that is a module of the tree, else `a`."""

    target: str
    line: int
    in_function: bool


@dataclass(frozen=True)
class Module:
    """One Python file. `path` is relative to the root of the tree, with slashes."""

    path: str
    name: str
    text: str
    syntax: ast.Module
    imports: tuple[Import, ...]

    @property
    def package(self) -> str:
        """The top-level package."""
        return self.name.split(".")[0]

    def is_in(self, *packages: str) -> bool:
        return self.package in packages

    def matches(self, globs: Iterable[str]) -> bool:
        return any(fnmatch(self.path, glob) for glob in globs)

    def at(self, line: int, fault: str) -> str:
        return f"{self.path}:{line}: {fault}"


@dataclass(frozen=True)
class SourceTree:
    """Every Python file of the product and its tests: dotted name -> module."""

    modules: dict[str, Module]

    def __iter__(self) -> Iterator[Module]:
        return iter(self.modules.values())

    def product(self) -> Iterator[Module]:
        return (module for module in self if not module.is_in("tests", "bench"))

    def of(self, *packages: str) -> Iterator[Module]:
        return (module for module in self if module.is_in(*packages))


def read_tree(root: Path) -> SourceTree:
    paths = [root / "wsgi.py"] if (root / "wsgi.py").exists() else []
    for top_package in PACKAGES:
        paths += sorted((root / top_package).rglob("*.py"))
    names = {_dotted(path.relative_to(root)): path for path in paths}
    return SourceTree({name: _read(root, path, name, set(names)) for name, path in names.items()})


def _dotted(relative: Path) -> str:
    parts = relative.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _read(root: Path, path: Path, name: str, known: set[str]) -> Module:
    text = path.read_text(encoding="utf-8")
    syntax = ast.parse(text, filename=str(path))
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    imports = tuple(_imports(syntax, package, known, in_function=False))
    return Module(path.relative_to(root).as_posix(), name, text, syntax, imports)


def _imports(node: ast.AST, package: str, known: set[str], in_function: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            for alias in child.names:
                yield Import(alias.name, child.lineno, in_function)
        elif isinstance(child, ast.ImportFrom):
            base = _absolute(child, package)
            for alias in child.names:
                inner = f"{base}.{alias.name}"
                yield Import(inner if inner in known else base, child.lineno, in_function)
        else:
            inside = in_function or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from _imports(child, package, known, inside)


def _absolute(node: ast.ImportFrom, package: str) -> str:
    if node.level == 0:
        return node.module or ""
    parts = package.split(".")
    base = parts[: len(parts) - node.level + 1]
    return ".".join([*base, node.module] if node.module else base)


def is_below(target: str, package: str) -> bool:
    """Whether `target` is the package or a module in it: "a.b" is below "a", "ab" is not."""
    return target == package or target.startswith(f"{package}.")
