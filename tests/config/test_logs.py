"""Logs contain no personal data, no addresses and no secrets."""

import io
import json
import logging
import subprocess
import sys
from uuid import UUID

import pytest

from config.logs import ScrubFilter, ScrubFormatter, scrub
from tests.harness import ROOT
from tracker.clicks.token import make_token

KEY = "a signing key for tests that is long enough"
TOKENS = [
    make_token([KEY], UUID(int=(7 << 76) + (2 << 62) + number), UUID(int=number), earns=True, confirmed=True)
    for number in range(200)
]

SECRETS = [
    "anna@example.com",
    "anna.b+shop@mail.example.co.uk",
    "ünï@exämple.de",
    "root@localhost",
    "anna%40example.com",
    "sk_test_4eC39HqLyjWDarjtT1zdp7dc",
    "sk_live_4eC39HqLyjWDarjtT1zdp7dc",
    "rk_live_51H8",
    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "whsec_MfKQ9r8+KYqr/TwjUPD8ILPZIo2LaLa==",
    "192.0.2.17",
    "203.0.113.255",
    "2001:db8::1",
    "2001:db8:1:2:3:4:5:6",
    "2001:0DB8:0001:0002:0003:0004:0005:0006",
    "fe80::1",
    "2a02::1",
    "fd00::5",
    "::ffff:192.0.2.17",
    "2001:db8::192.0.2.17",
    "postgresql://ledger:hunter2hunter2@localhost/ledger",
    "postgresql://ledger:hunter2hunter2@db:5432/ledger",
    "smtp://mailer:hunter2hunter2@mail.example.com:587",
    *TOKENS[:3],
]
TEMPLATES = [
    "{}",
    "from {} it came",
    "<{}>",
    "({})",
    "key={}",
    '"{}"',
    "{}.",
    "{},",
    "[{}]:443",
    "it was {}: no",
]


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("secret", SECRETS)
def test_secrets_and_addresses_are_redacted(secret: str, template: str) -> None:
    text = scrub(template.format(secret))
    assert secret not in text
    for part in ("anna", "hunter2", "4eC39", "MfKQ9r8", "192.0.2.17", "db8", "2a02", "fd00", "fe80"):
        assert part not in text


def test_every_click_token_is_redacted() -> None:
    for token in TOKENS:
        assert token[10:70] not in scrub(f"landing at /tea?ll={token}&size=2")


HARMLESS = [
    "2026-11-01T10:00:02.123456Z",
    "10:00:02",
    "http://127.0.0.1:8000/readyz",
    "bound to [::1]:8000 and 0.0.0.0:80",
    "com_01a05cd72a007022a27f093c105fcd8a is held",
    "payout-01a05cd72a007022a27f093c105fcd8a-1",
    "brd_01a05cd72a007022a27f093c105fcd8a:brand:funding:EUR",
    "module::function",
    "12.34 EUR",
    "version 27.0.1",
    "e9c0f8b575cbfcb42ab3b78ecc87efa3b011d9a5d10b09fa4e96f240bf6a82f5",
    "task_force_1 made risk_free_offers",
]


@pytest.mark.parametrize("text", HARMLESS)
def test_harmless_text_is_unchanged(text: str) -> None:
    assert scrub(text) == text


def logged(work: str, *, production: bool) -> str:
    """The stderr of a new process that runs `work`; its stdout must be empty."""
    code = (
        "import logging, structlog\n"
        "from config.logs import configure_logs\n"
        f"configure_logs(production={production})\n"
        f"log = structlog.get_logger('test')\n{work}"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout == ""
    return done.stderr


LOGGING_CODE = """
mail = 'anna@example.com'
log.error('hello ' + mail, who=mail, error=ValueError(mail), many=[mail, {'deep': mail}], number=5)
try:
    raise ValueError('for ' + mail)
except ValueError as error:
    log.exception('it broke')
    logging.getLogger('library').exception('hello %s', mail)
    logging.getLogger('library').warning(error)
logging.getLogger('library').warning('hello %s', mail, stack_info=True)
"""


@pytest.mark.parametrize("production", [True, False])
def test_structlog_and_logging_both_redact_addresses(production: bool) -> None:
    written = logged(LOGGING_CODE, production=production)
    assert "anna" not in written.replace("mail = 'anna", "")
    assert written.count("[e-mail]") >= 8
    assert "Traceback" in written


def test_in_production_each_line_is_one_json_object() -> None:
    written = logged(
        "log.warning('run lost', job='pay', lines='a\\nb', error='anna@example.com')", production=True
    )
    (line,) = written.splitlines()
    event = json.loads(line)
    assert (event["event"], event["job"], event["level"]) == ("run lost", "pay", "warning")
    assert event["error"] == "[e-mail]"
    assert event["timestamp"].endswith("Z")


def test_scrub_filter_redacts_for_a_library_with_its_own_handlers() -> None:
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(ScrubFormatter("%(message)s"))
    logger = logging.getLogger("tests.a-library-of-its-own")
    logger.propagate = False
    logger.addFilter(ScrubFilter())
    logger.addHandler(handler)
    logger.warning("Invalid request from ip=%s: %s", "192.0.2.17", "GET /?m=anna@example.com")
    assert written.getvalue() == "Invalid request from ip=[ip]: GET /?m=[e-mail]\n"
