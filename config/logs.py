"""Logs: one line per event, JSON in production, readable text otherwise; without secrets and addresses."""

import logging
import re
import sys
from collections.abc import MutableMapping
from ipaddress import ip_address
from typing import Any

import structlog

_ADDRESS = re.compile(r"[^\s@<>\"'()\[\]=,;]{1,254}(?:@|%40)[^\s@<>\"'()\[\],;]*\w")
_SECRET = re.compile(
    r"(?<![A-Za-z0-9])(?:sk|rk)_(?:test|live)_\w+|(?<![A-Za-z0-9])(?:rk|whsec|llk)_[A-Za-z0-9+/=_-]+"
)
_IPV4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.]*\w)")
_IPV6_CANDIDATE = re.compile(
    r"(?<![\w:.])[0-9A-Fa-f]*:[0-9A-Fa-f]*:[0-9A-Fa-f:]*(?:(?:\d{1,3}\.){3}\d{1,3})?(?!\w)"
)
_TOKEN = re.compile(r"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{80,99}(?![A-Za-z0-9_-])")
_UNSPECIFIED = ip_address("0.0.0.0")


def scrub(text: str) -> str:
    """`text` with e-mail and IP addresses, secrets and click tokens replaced. Loopback addresses stay."""
    text = _ADDRESS.sub("[e-mail]", text)
    text = _SECRET.sub("[secret]", text)
    text = _TOKEN.sub("[token]", text)
    text = _IPV6_CANDIDATE.sub(_redact_address, text)
    return _IPV4.sub(_redact_address, text)


def _redact_address(match: re.Match[str]) -> str:
    """Keep matches that are not IP addresses, such as times. A single colon at the end is punctuation."""
    found = match[0].rstrip(":") if not match[0].endswith("::") else match[0]
    try:
        address = ip_address(found)
    except ValueError:
        return match[0]
    is_local = address.is_loopback or address == _UNSPECIFIED
    return match[0] if is_local else "[ip]" + match[0].removeprefix(found)


def configure_logs(*, production: bool) -> None:
    """Configure logging; call it once, when the process starts. Logs go to stderr: stdout is for results."""
    renderer: Any = structlog.processors.JSONRenderer() if production else _console_renderer()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _ScrubbingRenderer(renderer),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(ScrubFormatter("%(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)


class ScrubFormatter(logging.Formatter):
    """Scrubs messages and tracebacks of libraries that use the standard logging module."""

    def format(self, record: logging.LogRecord) -> str:
        return scrub(super().format(record))


class ScrubFilter(logging.Filter):
    """Scrubs messages and tracebacks of a library that uses its own formatters."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = scrub(record.getMessage()), ()
        if record.exc_info:
            record.exc_text = scrub(logging.Formatter().formatException(record.exc_info))
        return True


class _ScrubbingRenderer:
    """The last processor: renders the event first and scrubs the whole line, so nested values are covered."""

    def __init__(self, renderer: Any) -> None:
        self._renderer = renderer

    def __call__(self, logger: Any, name: str, event: MutableMapping[str, Any]) -> str:
        return scrub(str(self._renderer(logger, name, event)))


def _console_renderer() -> Any:
    return structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), sort_keys=False)
