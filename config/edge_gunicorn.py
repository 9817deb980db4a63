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

MAX_CONNECTIONS = 10_000
RESERVED_FILES = 128

_settings = prepare_process("edge")

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
worker_class = "config.edge.worker.EdgeWorker"
worker_connections = min(MAX_CONNECTIONS, max(_files - RESERVED_FILES, 64))
backlog = 2048
max_requests = 0  # no restarts: memory does not grow with requests
forwarded_allow_ips = _settings.trusted_proxies or "127.0.0.1"


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


def post_worker_init(worker: Any) -> None:
    """Freeze loaded objects: a redirect creates no reference cycles, and collection took 10 % of its time."""
    gc.freeze()
    shorten_switch_interval()
    worker.loop.call_soon(unblock_stop_signals)  # the loop ignores signals that arrive before it runs
