"""gunicorn configuration of the web process.

`linkledger serve` passes this file to gunicorn, so the variable names are gunicorn's. All values that depend
on the installation come from the settings object.
"""

import logging
import sys
from typing import Any

from config.database import open_databases
from config.garbage_collection import tune_gc
from config.logs import ScrubFilter, configure_logs
from config.metrics import enable_multiprocess_metrics, remove_live_gauges
from config.process import block_stop_signals, shorten_switch_interval, unblock_stop_signals
from config.schema import SchemaMismatch, require_current_schema
from config.settings import load_settings
from config.web_worker import WebWorker

tune_gc()
_settings = load_settings()
configure_logs(production=_settings.env == "production")
# gunicorn logs the client address of a malformed request.
logging.getLogger("gunicorn.error").addFilter(ScrubFilter())
enable_multiprocess_metrics(_settings.home, "web")

wsgi_app = "wsgi:app"
bind = [_settings.bind]
workers = _settings.workers
preload_app = True  # importing opens nothing and starts nothing, so workers can share its memory
worker_class = "config.web_worker.WebWorker"
# A stalled client occupies a thread until its timeout, so there are many threads; `wsgi` limits the requests
# that run at the same time.
threads = 64
# Each connection needs a file descriptor; many systems allow only 1,024 by default.
worker_connections = 500
sendfile = False  # the kernel would wait for a client without a limit
timeout = 30
graceful_timeout = 8
keepalive = 5
max_requests = 50_000
max_requests_jitter = 5_000
forwarded_allow_ips = _settings.trusted_proxies or "127.0.0.1"
limit_request_line = 16_380
limit_request_field_size = 16_380
control_socket_disable = True
# An access log would contain IP addresses and the keys of postbacks.
accesslog = None
errorlog = "-"
loglevel = "warning"


def pre_fork(_server: object, _worker: object) -> None:
    block_stop_signals()


def post_fork(_server: object, worker: WebWorker) -> None:
    shorten_switch_interval()
    worker.client_timeout_s = _settings.client_timeout_s


def post_worker_init(_worker: object) -> None:
    unblock_stop_signals()


def on_starting(_server: object) -> None:
    """Exit on a wrong schema version before any worker starts."""
    databases = open_databases(_settings)
    try:
        require_current_schema(databases)
    except SchemaMismatch as error:
        sys.exit(f"linkledger: {error}")
    finally:
        databases.close()


def child_exit(_server: object, worker: Any) -> None:
    remove_live_gauges(worker.pid)
