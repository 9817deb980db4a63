"""What the gunicorn configurations of the edge and of the web process have in common.

Both import the names below; gunicorn reads them from their own module.
"""

import logging
from typing import Any

from config.garbage_collection import tune_gc
from config.logs import ScrubFilter, configure_logs
from config.metrics import enable_multiprocess_metrics, remove_live_gauges
from config.process import block_stop_signals
from config.settings import Settings, load_settings

preload_app = True  # importing opens nothing and starts nothing, so workers can share its memory
timeout = 30
graceful_timeout = 8
keepalive = 5
limit_request_line = 16_380
limit_request_field_size = 16_380
control_socket_disable = True
# An access log would contain IP addresses and the keys of postbacks.
accesslog = None
errorlog = "-"
loglevel = "warning"


def prepare_process(name: str) -> Settings:
    """Set up logs and metrics of a process before gunicorn loads the application; return the settings."""
    tune_gc()
    settings = load_settings()
    configure_logs(production=settings.env == "production")
    # gunicorn logs the client address of a malformed request.
    logging.getLogger("gunicorn.error").addFilter(ScrubFilter())
    enable_multiprocess_metrics(settings.home, name)
    return settings


def pre_fork(_server: object, _worker: object) -> None:
    block_stop_signals()


def child_exit(_server: object, worker: Any) -> None:
    remove_live_gauges(worker.pid)
