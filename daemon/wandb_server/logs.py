"""Where the server says what changes: `<data_dir>/server.log`, and a terminal.

With WANDB_SERVER_LOG=json every line is one object:

    {"time": "2026-11-20T17:48:41.123Z", "level": "INFO",
     "logger": "wandb_server.server", "message": "serving url=… pid=4711"}

`exception` is there where an error was caught. Keys, tokens and values never are.
"""

import json
import logging
import logging.handlers
import os
from datetime import UTC, datetime
from pathlib import Path

LOG_BYTES_MAX = 5 * 1024 * 1024
LOG_FILES_KEPT = 3
LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"


REPEATED_AFTER_S = 60.0
TEXTS_KEPT = 200


class Repeats(logging.Filter):
    """Lets a warning or error through once a minute, then with how often it came.

    A full disk refuses every request of every client: one line says so. Records with
    the same `trouble` (given as `extra`) are the same, else those with the same text.
    """

    def __init__(self) -> None:
        super().__init__()
        self._told: dict[str, tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is written; the same for every output."""
        if record.levelno < logging.WARNING:
            return True
        if "is_new" not in record.__dict__:
            record.__dict__["is_new"] = self._is_new(record)
        return bool(record.__dict__["is_new"])

    def _is_new(self, record: logging.LogRecord) -> bool:
        said = record.getMessage()
        place = getattr(record, "trouble", said)
        told_at, count = self._told.pop(place, (record.created, 0))
        if count and record.created - told_at < REPEATED_AFTER_S:
            self._told[place] = (told_at, count + 1)
            return False
        self._told[place] = (record.created, 1)
        if len(self._told) > TEXTS_KEPT:
            del self._told[next(iter(self._told))]
        if count > 1:
            record.msg, record.args = f"{said} ({count} times in a minute)", ()
        return True


class JsonLines(logging.Formatter):
    """One JSON object per record, whatever is in the message."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its newline."""
        moment = datetime.fromtimestamp(record.created, UTC)
        fields = {
            "time": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        return json.dumps(fields)


def set_up_log(data_dir: Path, *, to_terminal: bool, as_json: bool) -> None:
    """Log to the file, and to the terminal if somebody looks at it."""
    path = data_dir / "server.log"
    kept: logging.Handler = logging.handlers.RotatingFileHandler(
        path, maxBytes=LOG_BYTES_MAX, backupCount=LOG_FILES_KEPT
    )
    outputs = [kept, logging.StreamHandler()] if to_terminal else [kept]
    written = JsonLines() if as_json else logging.Formatter(LOG_FORMAT)
    repeats = Repeats()
    for output in outputs:
        output.setFormatter(written)
        output.addFilter(repeats)
    logging.basicConfig(level=logging.INFO, handlers=outputs)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    os.chmod(path, 0o600)
