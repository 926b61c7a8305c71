"""The log as JSON lines."""

import json
import logging
import sys

from wandb_server.logs import JsonLines, Repeats


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


def test_what_is_said_again_and_again_is_said_once_a_minute_with_its_count() -> None:
    repeats, said = Repeats(), []
    for second in range(0, 130, 10):
        told = record("storage refused error=%s", "disk full")
        told.created = 1_000.0 + second
        outputs = [repeats.filter(told) for _ in range(2)]
        said += [(second, told.getMessage()) for shown in outputs if shown]

    text = "storage refused error=disk full"
    again = f"{text} (6 times in a minute)"
    expected = [(0, text), (60, again), (120, again)]
    assert said == [line for line in expected for _ in range(2)]


def test_different_lines_and_news_are_all_said() -> None:
    repeats = Repeats()
    lines = [record(f"run {number}") for number in range(500)]

    assert all(repeats.filter(line) for line in lines)
    news = [logging.makeLogRecord({"levelno": logging.INFO, "msg": "a"})] * 3
    assert all(repeats.filter(line) for line in news)
