"""Rules for the length of files and functions, and for the names of modules."""

import ast
from collections.abc import Iterator

from tests.architecture.source import Module, SourceTree

MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 40
VAGUE_NAMES = {"util", "utils", "helper", "helpers", "manager", "managers", "service", "services"}


def long_files(tree: SourceTree) -> list[str]:
    return [
        f"{module.path}: {lines} lines, more than {MAX_FILE_LINES}: split it by subject"
        for module in tree
        if (lines := len(module.text.splitlines())) > MAX_FILE_LINES
    ]


def long_functions(tree: SourceTree) -> list[str]:
    """Functions with too many lines of code; comments, blank lines and docstrings do not count.

    Migrations may be longer, because they list tables.
    """
    return [
        module.at(
            function.lineno, f"{function.name} has {lines} lines of code, more than {MAX_FUNCTION_LINES}"
        )
        for module in tree
        if not module.is_in("migrations")
        for function in _functions(module)
        if (lines := _lines_of_code(module, function)) > MAX_FUNCTION_LINES
    ]


def vague_names(tree: SourceTree) -> list[str]:
    """Modules with names such as `utils`, which do not describe their content."""
    return [
        f"{module.path}: {part!r} does not describe its content"
        for module in tree
        for part in module.name.split(".")
        if VAGUE_NAMES & set(part.split("_"))
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
