"""`logs/debug.log` of a run: what the bindings did, for bug reports.

Never holds values of metrics, config or keys.
"""

import logging
from datetime import UTC, datetime

from wandb.sdk.wandb_settings import Settings


class _UtcFormatter(logging.Formatter):
    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:
        moment = datetime.fromtimestamp(record.created, UTC)
        return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class _RunLog(logging.FileHandler):
    def handleError(self, record: logging.LogRecord) -> None:
        """A full disk is no reason to print a traceback into a training."""


_FORMAT = "%(asctime)s %(levelname)s %(process)d %(name)s %(message)s"


def open_log(settings: Settings) -> logging.Handler | None:
    """Let the package's loggers write to the run's debug.log; None if they cannot."""
    if not settings.log_user:
        return None
    try:
        log = _RunLog(settings.log_user, encoding="utf-8", delay=True)
    except OSError:
        return None
    level = logging.DEBUG if settings.debug else logging.INFO
    log.setLevel(level)
    log.setFormatter(_UtcFormatter(_FORMAT))
    logger = logging.getLogger("wandb")
    logger.addHandler(log)
    logger.setLevel(min(level, logger.level or level))
    logger.propagate = False
    logger.info("run started id=%s mode=%s", settings.run_id, settings.mode)
    return log


def close_log(log: logging.Handler | None) -> None:
    """Stop writing to it. Idempotent."""
    if log is not None:
        logging.getLogger("wandb").removeHandler(log)
        log.close()
