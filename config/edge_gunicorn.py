"""gunicorn configuration of the edge process, which only answers redirects.

`linkledger serve` passes this file to gunicorn, so the variable names are gunicorn's. All values that depend
on the installation come from the settings object.
"""

import gc
import logging
import resource
import sys
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from config.database import open_databases
from config.garbage_collection import tune_gc
from config.logs import ScrubFilter, configure_logs
from config.metrics import enable_multiprocess_metrics, remove_live_gauges
from config.process import block_stop_signals, shorten_switch_interval, unblock_stop_signals
from config.schema import SchemaMismatch, require_current_schema
from config.settings import load_settings

MAX_CONNECTIONS = 10_000
RESERVED_FILES = 128

tune_gc()
_settings = load_settings()
configure_logs(production=_settings.env == "production")
# gunicorn logs the client address of a malformed request.
logging.getLogger("gunicorn.error").addFilter(ScrubFilter())
enable_multiprocess_metrics(_settings.home, "edge")

# Every open connection needs a file descriptor; many systems allow only 1,024 by default.
_soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
_files = MAX_CONNECTIONS + RESERVED_FILES
if _hard != resource.RLIM_INFINITY:
    _files = min(_files, _hard)
if _soft != resource.RLIM_INFINITY and _soft < _files:
    resource.setrlimit(resource.RLIMIT_NOFILE, (_files, _hard))

wsgi_app = "tracker.clicks.redirect.edge:edge"
bind = [_settings.edge_bind]
workers = _settings.workers
preload_app = True  # importing opens nothing and starts nothing, so workers can share its memory
worker_class = "config.edge_worker.EdgeWorker"
worker_connections = min(MAX_CONNECTIONS, max(_files - RESERVED_FILES, 64))
backlog = 2048
timeout = 30
graceful_timeout = 8
keepalive = 5
max_requests = 0  # no restarts: memory does not grow with requests
forwarded_allow_ips = _settings.trusted_proxies or "127.0.0.1"
limit_request_line = 16_380
limit_request_field_size = 16_380
control_socket_disable = True
# An access log would contain IP addresses.
accesslog = None
errorlog = "-"
loglevel = "warning"


def on_starting(_server: object) -> None:
    """Exit on a wrong schema version before any worker starts; a database that is down is only logged."""
    databases = open_databases(_settings)
    try:
        require_current_schema(databases)
    except SchemaMismatch as error:
        sys.exit(f"linkledger: {error}")
    except SQLAlchemyError as error:
        logging.getLogger(__name__).warning("the database does not answer yet: %s", type(error).__name__)
    finally:
        databases.close()


def pre_fork(_server: object, _worker: object) -> None:
    block_stop_signals()


def post_worker_init(worker: Any) -> None:
    """Freeze loaded objects: a redirect creates no reference cycles, and collection took 10 % of its time."""
    gc.freeze()
    shorten_switch_interval()
    worker.loop.call_soon(unblock_stop_signals)  # the loop ignores signals that arrive before it runs


def child_exit(_server: object, worker: Any) -> None:
    remove_live_gauges(worker.pid)
