"""The log as JSON lines."""

import json
import logging
import sys

from wandb_server.logs import JsonLines


def record(message: str, *values: object) -> logging.LogRecord:
    return logging.LogRecord(
        "wandb_server.x", logging.WARNING, "x.py", 1, message, values, None
    )


def test_whatever_is_said_is_one_line_of_json() -> None:
    line = JsonLines().format(record("a=%s", 'quote " newline \n ü'))

    assert "\n" not in line
    found = json.loads(line)
    assert found["message"] == 'a=quote " newline \n ü'
    assert (found["level"], found["logger"]) == ("WARNING", "wandb_server.x")
    assert found["time"].endswith("Z")


def test_an_error_comes_with_its_traceback() -> None:
    told = record("failed")
    try:
        raise ValueError("the cause")
    except ValueError:
        told.exc_info = sys.exc_info()

    assert "ValueError: the cause" in json.loads(JsonLines().format(told))["exception"]
