"""How long files and functions may be, and what modules must not be called."""

import ast
from collections.abc import Iterator

from tests.architecture.source import Module, SourceTree

LONGEST_FILE = 300
LONGEST_FUNCTION = 40
NAMES_THAT_SAY_NOTHING = {"util", "utils", "helper", "helpers", "manager", "managers", "service", "services"}


def long_files(tree: SourceTree) -> list[str]:
    return [
        f"{module.path}: {lines} lines, more than {LONGEST_FILE}: split it by subject"
        for module in tree
        if (lines := len(module.text.splitlines())) > LONGEST_FILE
    ]


def long_functions(tree: SourceTree) -> list[str]:
    """Lines of code: comments, blank lines and the docstring are free. Migrations list tables as they are."""
    return [
        module.at(function.lineno, f"{function.name} has {lines} lines of code, more than {LONGEST_FUNCTION}")
        for module in tree
        if not module.is_in("migrations")
        for function in _functions(module)
        if (lines := _lines_of_code(module, function)) > LONGEST_FUNCTION
    ]


def empty_names(tree: SourceTree) -> list[str]:
    """Names under which anything could be put."""
    return [
        f"{module.path}: {part!r} says nothing about what is in it"
        for module in tree
        for part in module.name.split(".")
        if NAMES_THAT_SAY_NOTHING & set(part.split("_"))
    ]


def _functions(module: Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(module.syntax):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _lines_of_code(module: Module, function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    docstring: set[int] = set()
    if ast.get_docstring(function) is not None:
        docstring = set(range(function.body[0].lineno, (function.body[0].end_lineno or 0) + 1))
    lines = module.text.splitlines()
    own = range(function.lineno, (function.end_lineno or function.lineno) + 1)
    texts = (lines[number - 1].strip() for number in own if number not in docstring)
    return sum(1 for text in texts if text and not text.startswith("#"))
