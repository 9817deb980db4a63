"""Logs: one line for each event, JSON in production, readable on a terminal; never a secret or an address."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

_ADDRESS = re.compile(r"[^\s@<>\"']+@[^\s@<>\"']+\.\w+")
_SECRET = re.compile(r"\b(?:sk|rk|whsec)_[A-Za-z0-9+/=_-]+")
_IPV4 = re.compile(r"\b(?:\d{1,3}\.){3}\d{1,3}\b")
_IPV6 = re.compile(r"(?<![\w:.])(?:[0-9a-fA-F]{0,4}:){3,7}[0-9a-fA-F]{0,4}(?![\w:.])")
_TOKEN = re.compile(r"\b[A-Za-z0-9_-]{80,99}\b")
_OWN_ADDRESSES = {"127.0.0.1", "0.0.0.0"}


def scrub(text: str) -> str:
    """`text` without e-mail and IP addresses, secrets and click tokens. Loopback may stay."""
    text = _ADDRESS.sub("[e-mail]", text)
    text = _SECRET.sub("[secret]", text)
    text = _TOKEN.sub("[token]", text)
    text = _IPV4.sub(lambda match: match[0] if match[0] in _OWN_ADDRESSES else "[ip]", text)
    return _IPV6.sub("[ip]", text)


def configure_logs(*, production: bool) -> None:
    """For this process, once, at start. Everything goes to stderr: stdout belongs to answers."""
    last: Any = structlog.processors.JSONRenderer() if production else _plain_renderer()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _scrubbed,
            last,
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(ScrubFilter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)


class ScrubFilter(logging.Filter):
    """The same care for libraries that log by the standard module."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = scrub(record.getMessage()), ()
        return True


def _scrubbed(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {key: scrub(value) if isinstance(value, str) else value for key, value in event.items()}


def _plain_renderer() -> Any:
    return structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), sort_keys=False)
