"""A new kind of shop is a module or folder of its own and one line of the registry, with its reasons, too."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from config.settings import Settings
from tests.architecture.event_reasons import common_codes_of_one_kind
from tests.architecture.source import read_tree
from tests.cast.api import Terminal
from tests.cast.shop import Shop
from tests.harness import ROOT
from tests.tracker.sales.integrations import toyshop, toyshop_at_work

KINDS = Path("tracker/sales/integrations")
LINE = "from tracker.sales.integrations.toyshop import KIND as toyshop\n"

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])


@pytest.fixture
def product(tmp_path: Path) -> Path:
    """A copy of the product to which the toy shop was added. Nothing else is changed."""
    copy = tmp_path / "product"
    for each in ("config", "tracker", "payouts", "migrations"):
        shutil.copytree(ROOT / each, copy / each)
    shutil.copy2(ROOT / "wsgi.py", copy)
    shutil.copy2(toyshop.__file__, copy / KINDS)
    with (copy / KINDS / "registry.py").open("a") as registry:
        registry.write(LINE)
    return copy


def at_work(product: Path, settings: Settings, brand_id: str) -> dict[str, Any]:
    environment = os.environ | {
        "PYTHONPATH": f"{product}{os.pathsep}{ROOT}",
        "LINKLEDGER_HOME": str(settings.home),
        "LINKLEDGER_DATABASE_URL": settings.database_url,
        "LINKLEDGER_SECRET_KEY": settings.secret_key,
    }
    command = [sys.executable, "-m", toyshop_at_work.__name__, brand_id]
    done = subprocess.run(command, cwd=product, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    shown: dict[str, Any] = json.loads(done.stdout)
    return shown


def test_a_new_kind_brings_its_own_reasons(
    product: Path, shop: Shop, settings: Settings, terminal: Terminal
) -> None:
    shown = at_work(product, settings, shop.brand_id)
    code = {"reason_code": "gift_wrapped", "reason_parameters": {"paper": "red"}}
    in_words = {"state": "applied", "reason": "a gift was wrapped in red paper", **code}
    assert in_words.items() <= shown["response"].items()
    [event] = shown["events"]
    assert in_words.items() <= event.items()
    assert common_codes_of_one_kind(read_tree(product)) == []

    # The product without the kind does not know the code.
    assert terminal.ask("source", "events") == [{**event, "reason": "words of its time"}]
