"""gunicorn configuration of the web process.

`linkledger serve` passes this file to gunicorn, so the variable names are gunicorn's. All values that depend
on the installation come from the settings object.
"""

import sys

from config.database import open_databases
from config.gunicorn_base import (  # noqa: F401 - gunicorn reads these names
    accesslog,
    child_exit,
    control_socket_disable,
    errorlog,
    graceful_timeout,
    keepalive,
    limit_request_field_size,
    limit_request_line,
    loglevel,
    pre_fork,
    preload_app,
    prepare_process,
    timeout,
)
from config.process import shorten_switch_interval, unblock_stop_signals
from config.schema import SchemaMismatch, require_current_schema
from config.web_worker import WebWorker

_settings = prepare_process("web")

wsgi_app = "wsgi:app"
bind = [_settings.bind]
workers = _settings.workers
worker_class = "config.web_worker.WebWorker"
# A stalled client occupies a thread until its timeout, so there are many threads; `wsgi` limits the requests
# that run at the same time.
threads = 64
# Each connection needs a file descriptor; many systems allow only 1,024 by default.
worker_connections = 500
sendfile = False  # the kernel would wait for a client without a limit
max_requests = 50_000
max_requests_jitter = 5_000
forwarded_allow_ips = _settings.trusted_proxies or "127.0.0.1"


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
