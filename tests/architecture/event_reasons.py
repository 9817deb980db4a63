"""The rule that the reason codes of a kind of shop are declared by the kind."""

import ast
from collections import defaultdict
from collections.abc import Iterator

from tests.architecture.source import Module, SourceTree

CODES, WORDS = "tracker.sales.event_reasons", "tracker.sales.event_texts"
KINDS = "tracker.sales.integrations."
REGISTRY = f"{KINDS}registry"


def common_codes_of_one_kind(tree: SourceTree) -> list[str]:
    """Codes of `EventReason` that one kind of shop alone uses: a new kind would have to add its own there."""
    kinds, users = _kinds(tree), defaultdict[str, set[str]](set)
    for module in tree.of("tracker", "payouts"):
        if module.name not in (CODES, WORDS):
            for code in _codes_used(module):
                users[code].add(_part(module.name) if module.name.startswith(KINDS) else "others")
    return [
        module.at(line, f"only {kind} uses {code}: declare it there")
        for module, code, line in _declared(tree)
        for kind in users[code] & kinds
        if len(users[code]) == 1
    ]


def _kinds(tree: SourceTree) -> set[str]:
    """The module or folder of each kind, directly below `integrations`, as the registry imports it."""
    return {_part(found.target) for found in tree.modules[REGISTRY].imports if found.target.startswith(KINDS)}


def _part(name: str) -> str:
    """The first part of a dotted name below `integrations`."""
    return name.removeprefix(KINDS).split(".")[0]


def _codes_used(module: Module) -> Iterator[str]:
    for node in ast.walk(module.syntax):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "EventReason":
            yield node.attr


def _declared(tree: SourceTree) -> Iterator[tuple[Module, str, int]]:
    """The codes of `EventReason`, with their lines."""
    module = tree.modules[CODES]
    for node in ast.walk(module.syntax):
        if isinstance(node, ast.ClassDef) and node.name == "EventReason":
            for each in node.body:
                if isinstance(each, ast.Assign):
                    yield module, ast.unparse(each.targets[0]), each.lineno
