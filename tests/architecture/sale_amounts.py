"""The rule that a sale is read through `amounts_of`, behind which versions of an order can stand later."""

import ast

from tests.architecture.purity import pure_modules
from tests.architecture.source import Module, SourceTree

AMOUNTS = {"total_minor", "tax_minor", "shipping_minor", "discount_minor", "cost_minor", "net_minor"}
READERS = ("tracker/sales/orders/amounts.py", "tracker/sales/booking/*.py")
"""`amounts_of`, and the package that compares a repeated report with the row."""

OTHER_OWNERS = {
    ("tracker/sales/serializers.py", "refund"),
    ("payouts/commissions/worth/causes.py", "row"),  # a refund
    ("payouts/backoffice/home/month.py", "credited"),  # figures of a month
    ("payouts/demo/seed.py", "cart"),
    ("payouts/demo/shop.py", "cart"),
    ("payouts/demo/shop.py", "self"),
    ("payouts/portal/next_payday.py", "selection"),
    ("payouts/rollups/queries.py", "SaleMonth"),
    ("payouts/statements/document/document.py", "opening"),
    ("payouts/statements/document/document.py", "closing"),
    ("payouts/transfers/planning/minimum.py", "selection"),
    ("payouts/transfers/planning/selection.py", "self"),
    ("payouts/transfers/serializers.py", "selection"),
}
"""What is no sale and has amounts with such names: the module, and the last name before the attribute."""


def sale_amounts_read_from_the_row(tree: SourceTree) -> list[str]:
    """Pure modules are left out: they cannot have a row."""
    pure = {module.path for module in pure_modules(tree)}
    return [
        module.at(node.lineno, f"reads {owner}.{node.attr}: a sale's amounts are read by `amounts_of`")
        for module in tree.of("tracker", "payouts")
        if module.path not in pure and not module.matches(READERS)
        for node, owner in _amounts_read(module)
        if (module.path, owner) not in OTHER_OWNERS
    ]


def _amounts_read(module: Module) -> list[tuple[ast.Attribute, str]]:
    """Every attribute with the name of an amount, with the last name of its owner."""
    return [
        (node, _last_name(node.value))
        for node in ast.walk(module.syntax)
        if isinstance(node, ast.Attribute) and node.attr in AMOUNTS
    ]


def _last_name(owner: ast.expr) -> str:
    if isinstance(owner, ast.Attribute):
        return owner.attr
    return owner.id if isinstance(owner, ast.Name) else ""
