"""Values that JSON does not know, as the table in `_values` says."""

import datetime
import decimal
import enum
import json
import math
import pathlib
import time
import uuid
from collections import namedtuple
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from wandb._encode import DataEncoder, encode_log_data
from wandb._values import RichValue

Point = namedtuple("Point", "x y")


class Colour(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


@dataclass
class Thing:
    size: int = 1


class Unprintable:
    def __str__(self) -> str:
        raise RuntimeError("no")

    __repr__ = __str__


def stored(value: Any) -> Any:
    """The value as a reader of the log sees it, alone and beside a NaN."""
    quick = json.loads(encode_log_data({"v": value}))["v"]
    return quick


def stored_slowly(value: Any) -> Any:
    return json.loads(encode_log_data({"v": value, "nan": math.nan}))["v"]


VALUES = [
    (np.float32(0.1), 0.10000000149011612),
    (np.float64(0.1), 0.1),
    (np.float16(0.5), 0.5),
    (np.int64(7), 7),
    (np.bool_(True), True),
    (np.str_("s"), "s"),
    (np.array(3.5), 3.5),
    (np.array([1, 2, 3]), [1, 2, 3]),
    (np.array([[1.5, 2.5]], dtype=np.float32), [[1.5, 2.5]]),
    (np.array(["a", "b"]), ["a", "b"]),
    (np.arange(32), list(range(32))),
    (np.datetime64("2026-01-02T03:04:05"), "2026-01-02T03:04:05"),
    ((1, (2, 3)), [1, [2, 3]]),
    (Point(1, 2), [1, 2]),
    ({1}, [1]),
    (frozenset([2]), [2]),
    (b"caf\xc3\xa9", "café"),
    (bytearray(b"x"), "x"),
    (b"\xff", "\ufffd"),
    (1 + 2j, "1+2j"),
    (datetime.datetime(2026, 1, 2, 3, 4, 5), "2026-01-02T03:04:05"),  # noqa: DTZ001
    (datetime.date(2026, 1, 2), "2026-01-02"),
    (datetime.timedelta(days=1), "P1D"),
    (datetime.timedelta(hours=1, minutes=30, seconds=2.5), "PT1H30M2.5S"),
    (datetime.timedelta(0), "PT0S"),
    (datetime.timedelta(days=-1), "-P1D"),
    (pathlib.PurePosixPath("/a/b"), "/a/b"),
    (decimal.Decimal("1.10"), "1.10"),
    (uuid.UUID(int=0), "00000000-0000-0000-0000-000000000000"),
    (Colour.RED, "red"),
    (Level.HIGH, 3),
    (len, "builtins.len"),
    (dict, "builtins.dict"),
    (2**63, float(2**63)),
    (-(2**70), float(-(2**70))),
    (10**400, math.inf),
    ([np.float32(0.5), {2}], [0.5, [2]]),
    ({"deep": {"er": np.int8(1)}}, {"deep": {"er": 1}}),
]


@pytest.mark.parametrize(("value", "expected"), VALUES, ids=lambda v: repr(v)[:30])
def test_each_type_is_stored_as_the_table_says(value: Any, expected: Any) -> None:
    if isinstance(value, int) and value == 2**63:
        assert stored(value) == expected  # orjson writes it as it is; core converts it
    else:
        result = stored(value)
        assert result == expected
        assert type(result) is type(expected)
    assert stored_slowly(value) == expected


def test_an_array_of_more_than_32_elements_is_a_histogram() -> None:
    array = np.linspace(0, 1, 33)

    result = stored(array)

    counts, edges = np.histogram(array, bins=32)
    assert result == {
        "_type": "histogram", "values": counts.tolist(), "bins": edges.tolist(),
    }  # fmt: skip


@pytest.mark.parametrize(
    "array",
    [
        np.arange(100).reshape(10, 10),
        np.ones(40, dtype=bool),
        np.linspace(0, 1, 50, dtype=np.float16),
        np.array([math.nan, math.inf, *range(40)]),
        np.zeros(1000),
    ],
)
def test_histograms_count_every_finite_element(array: Any) -> None:
    result = stored(array)

    finite = np.isfinite(array.astype(float)).sum()
    assert sum(result["values"]) == finite
    assert (len(result["values"]), len(result["bins"])) == (32, 33)


def test_a_long_array_without_a_finite_element_is_refused() -> None:
    with pytest.raises(ValueError, match="no finite element"):
        encode_log_data({"a": np.full(33, math.nan)})


def test_a_short_array_keeps_its_nan() -> None:
    assert encode_log_data({"a": np.array([1.0, math.nan])}) == b'{"a":[1.0,NaN]}'


def test_a_generator_is_stored_whole_although_it_can_be_read_once() -> None:
    assert stored(n * n for n in range(4)) == [0, 1, 4, 9]
    assert stored_slowly(iter((1, 2))) == [1, 2]
    assert encode_log_data({"g": (x for x in (1.0, math.nan))}) == b'{"g":[1.0,NaN]}'


def fake_tensor(array: Any, *, bfloat16: bool = False) -> Any:
    """What `_values` may rely on of torch.Tensor, under its name."""

    class Tensor:
        shape = property(lambda self: array.shape)

        def item(self) -> Any:
            return array.item()

        def tolist(self) -> Any:
            return array.tolist()

        def detach(self) -> Any:
            return self

        cpu = detach

        def float(self) -> Any:
            return fake_tensor(array.astype(np.float32))

        def numpy(self) -> Any:
            if bfloat16:
                raise TypeError("Got unsupported ScalarType BFloat16")
            return array

    Tensor.__module__ = "torch"
    return Tensor()


def test_tensors_are_stored_like_arrays() -> None:
    assert stored(fake_tensor(np.array(0.25))) == 0.25
    assert stored(fake_tensor(np.array([1, 2]))) == [1, 2]
    assert len(stored(fake_tensor(np.arange(40.0)))["values"]) == 32
    assert len(stored(fake_tensor(np.arange(40.0), bfloat16=True))["values"]) == 32
    assert encode_log_data({"l": fake_tensor(np.array(math.nan))}) == b'{"l":NaN}'


@pytest.mark.parametrize("value", [Thing(), object(), range(10_000_000), Unprintable()])
def test_anything_else_is_bounded_text_with_one_warning(value: Any) -> None:
    warnings: list[str] = []
    encoder = DataEncoder(warnings.append)
    began_s = time.thread_time()

    for _ in range(3):
        text = json.loads(encoder.encode({"v": value}))["v"]
        assert isinstance(text, str)
        assert len(text) <= 4096
    assert time.thread_time() - began_s < 1.0
    assert len(warnings) == 1
    assert type(value).__qualname__ in warnings[0]


def test_the_text_of_an_object_is_cut() -> None:
    class Long:
        def __str__(self) -> str:
            return "x" * 10_000

    assert stored(Long()) == "x" * 4096


def test_an_endless_nesting_ends() -> None:
    endless: list[Any] = []
    endless.append(endless)

    assert encode_log_data({"v": endless, "w": 1}).endswith(b'"w":1}')


class Picture:
    _wandb_value = True


def test_a_value_that_may_be_media_ends_the_ordinary_way() -> None:
    encoder = DataEncoder(refuses_rich=True)

    for data in ({"a": Picture()}, {"n": {"b": Picture()}}, {"l": [1, [Picture()]]}):
        with pytest.raises(RichValue):
            encoder.encode(data)
    assert json.loads(encoder.encode({"o": Thing(), "t": np.float32(1)}))["t"] == 1
