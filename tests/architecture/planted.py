"""Files with faults that the rules must find, and correct files that they must accept."""

from collections.abc import Callable

from tests.architecture.event_reasons import common_codes_of_one_kind
from tests.architecture.imports import (
    STRIPE_HOME,
    heavy_fast_entry_points,
    hidden_imports,
    import_cycles,
    misplaced_stripe,
    wrong_directions,
)
from tests.architecture.packages import crowded_packages, package_cycles, single_part_packages
from tests.architecture.purity import floats_and_naive_times, impure_modules, operations_that_commit
from tests.architecture.sale_amounts import sale_amounts_read_from_the_row
from tests.architecture.shape import long_files, long_functions, vague_names
from tests.architecture.source import SourceTree

Rule = Callable[[SourceTree], list[str]]

LONG_FUNCTION = "def long() -> None:\n" + "    x = 1\n" * 40
LONG_METHOD = "class A:\n    def long(self) -> None:\n" + "        x = 1\n" * 40
AWARE = "from datetime import UTC, datetime\nx = datetime.now(UTC)\n"
COMMENTED_FUNCTION = (
    'def short() -> None:\n    """' + "a\n" * 50 + '"""\n' + "    # why\n" * 50 + "    x = 1\n"
)

COMMON = "class EventReason(StrEnum):\n    PAID = 'paid'\n    LATE = 'late'\n"
NOT_COMMON = COMMON + "    GIFT = 'gift'\n"

FAULTS: list[tuple[Rule, dict[str, str]]] = [
    (wrong_directions, {"tracker/a.py": "import payouts.ledger"}),
    (wrong_directions, {"tracker/a.py": "def f():\n    from payouts import ledger"}),
    (wrong_directions, {"config/a.py": "from tracker.money import Money"}),
    (wrong_directions, {"payouts/a.py": "from wsgi import create_app"}),
    (wrong_directions, {"payouts/a.py": "from tests import postgres"}),
    (wrong_directions, {"tracker/sales/a.py": "from ...payouts import ledger"}),
    (wrong_directions, {"migrations/main/0009_a.py": "from payouts.ledger.models import Posting"}),
    (hidden_imports, {"payouts/a.py": "def f():\n    import json"}),
    (hidden_imports, {"tracker/a.py": "class A:\n    async def f(self):\n        from b import c"}),
    (hidden_imports, {STRIPE_HOME: "def f():\n    import requests"}),
    (misplaced_stripe, {"payouts/a.py": "def f():\n    import stripe"}),
    (misplaced_stripe, {"tracker/a.py": "from stripe.error import StripeError"}),
    (misplaced_stripe, {STRIPE_HOME: "import stripe"}),
    (heavy_fast_entry_points, {"tracker/clicks/redirect/edge.py": "import flask"}),
    (
        heavy_fast_entry_points,
        {"tracker/edge.py": "from tracker import page", "tracker/page.py": "import flask.views"},
    ),
    (import_cycles, {"tracker/a.py": "import tracker.b", "tracker/b.py": "from tracker import a"}),
    (
        import_cycles,
        {
            "tracker/a.py": "from . import b",
            "tracker/b.py": "import tracker.c",
            "tracker/c.py": "import tracker.a",
        },
    ),
    (
        package_cycles,
        {
            "tracker/x/a.py": "from tracker.y import a",
            "tracker/y/b.py": "from tracker.x import b",
            "tracker/x/b.py": "",
            "tracker/y/a.py": "",
        },
    ),
    (
        package_cycles,
        {
            "payouts/x/a.py": "import payouts.y.a",
            "payouts/y/b.py": "import payouts.beside",
            "payouts/beside.py": "from payouts.x.b import f",
            "payouts/x/b.py": "",
            "payouts/y/a.py": "",
        },
    ),
    (
        package_cycles,
        {
            "tracker/deep/x/a.py": "def f():\n    from tracker.deep.y import a",
            "tracker/deep/y/b.py": "import tracker.deep.x.b",
            "tracker/deep/x/b.py": "",
            "tracker/deep/y/a.py": "",
        },
    ),
    (crowded_packages, {f"payouts/crowd/module_{number}.py": "" for number in range(19)}),
    (single_part_packages, {"tracker/alone/__init__.py": "", "tracker/alone/a.py": ""}),
    (single_part_packages, {"tracker/nested/deeper/a.py": "", "tracker/nested/deeper/b.py": ""}),
    (impure_modules, {"payouts/ledger/rules.py": "from sqlalchemy.orm import Session"}),
    (impure_modules, {"tracker/money.py": "import subprocess"}),
    (impure_modules, {"tracker/money.py": "from tracker import b", "tracker/b.py": "import flask"}),
    (impure_modules, {"payouts/settlement/states.py": "from datetime import *\nx = datetime.now(UTC)"}),
    (impure_modules, {"payouts/transfers/stripe/amounts.py": "import time\nx = time.time()"}),
    (impure_modules, {"tracker/signing.py": "x = open('key').read()"}),
    (operations_that_commit, {"payouts/ledger/operations.py": "def f(session):\n    session.commit()"}),
    (
        operations_that_commit,
        {"tracker/sales/inbox/apply_or_park.py": "def f(databases):\n    databases.main.begin().commit()"},
    ),
    (floats_and_naive_times, {"payouts/a.py": "x = float('1.10')"}),
    (floats_and_naive_times, {"tracker/a.py": "import datetime\nx = datetime.datetime.utcnow()"}),
    (floats_and_naive_times, {"tracker/a.py": "from datetime import datetime\nx = datetime.now()"}),
    (floats_and_naive_times, {"tracker/a.py": "from datetime import datetime\nx = datetime.now(tz=None)"}),
    (
        floats_and_naive_times,
        {"tracker/a.py": "from datetime import datetime\nx = datetime.fromtimestamp(1)"},
    ),
    (floats_and_naive_times, {"tracker/a.py": "from datetime import date\nx = date.today()"}),
    (sale_amounts_read_from_the_row, {"payouts/a.py": "def f(sale):\n    return sale.total_minor"}),
    (sale_amounts_read_from_the_row, {"tracker/sales/a.py": "def f(row):\n    return row.Sale.cost_minor"}),
    (sale_amounts_read_from_the_row, {"payouts/a.py": "q = select(Sale.tax_minor)"}),
    (
        common_codes_of_one_kind,
        {
            "tracker/sales/event_reasons.py": NOT_COMMON,
            "tracker/sales/integrations/etsy/orders.py": "x = EventReason.GIFT\n",
        },
    ),
    (long_files, {"payouts/a.py": "x = 1\n" * 301}),
    (long_files, {"tests/test_a.py": "x = 1\n" * 301}),
    (long_functions, {"payouts/a.py": LONG_FUNCTION}),
    (long_functions, {"tests/test_a.py": LONG_METHOD}),
    (vague_names, {"tracker/utils.py": ""}),
    (vague_names, {"payouts/click_helpers.py": ""}),
    (vague_names, {"payouts/services/__init__.py": ""}),
]

CORRECT_FILES = {
    "wsgi.py": "import payouts.a\nimport tracker.a\n",
    "config/a.py": "import os\nimport sqlalchemy\n",
    "tracker/a.py": "import flask\nfrom config import a\n" + AWARE,
    "tracker/money.py": "from decimal import Decimal\nimport tracker.errors\n",
    "tracker/errors.py": "",
    "tracker/clicks/redirect/edge.py": "from tracker import money\n",
    "tracker/clicks/redirect/pages.py": "",
    "tracker/clicks/token.py": "",
    "config/b.py": "",
    "payouts/transfers/rail.py": "",
    "payouts/transfers/stripe/shapes.py": "",
    "payouts/a.py": COMMENTED_FUNCTION + "x = 1\n" * 100,
    "payouts/ledger/rules.py": "from tracker.money import Money\nfrom datetime import datetime\n",
    "payouts/ledger/operations.py": "from payouts.ledger import rules\ndef f(s):\n    s.flush()\n",
    STRIPE_HOME: "def f():\n    import stripe\n",
    "tracker/sales/orders/amounts.py": "def f(sale):\n    return sale.total_minor\n",
    "tracker/sales/orders/models.py": "",
    "tracker/sales/booking/a.py": "def f(sale):\n    return sale.total_minor\n",
    "tracker/sales/booking/b.py": "",
    "tracker/sales/event_reasons.py": COMMON,
    "tracker/sales/event_texts.py": "x = {EventReason.GIFT: ''}\n",
    "tracker/sales/booking/c.py": "x = EventReason.LATE\n",
    "tracker/sales/integrations/registry.py": (
        "from tracker.sales.integrations.etsy.kind import KIND as etsy\n"
        "from tracker.sales.integrations.ebay import KIND as ebay\n"
    ),
    "tracker/sales/integrations/etsy/kind.py": "KIND = 1\n",
    "tracker/sales/integrations/etsy/orders.py": "x = EventReason.PAID\n",
    "tracker/sales/integrations/ebay.py": "KIND = 2\nx = EventReason.PAID\n",
    "migrations/main/0001_a.py": LONG_FUNCTION,
    "tests/test_a.py": "from wsgi import create_app\n",
}
