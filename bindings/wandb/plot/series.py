"""Several lines in one chart, from lists."""

from collections.abc import Iterable
from typing import Any

from wandb.plot.custom_chart import CustomChart, plot_table


def line_series(
    xs: Iterable[Any],
    ys: Iterable[Iterable[Any]],
    keys: Iterable[str] | None = None,
    title: str = "",
    xname: str = "x",
    split_table: bool = False,
) -> CustomChart:
    """Lines with names.

    xs: positions that all lines share, or a list of them for each line. ys: the values
    of each line. keys: their names, `line_0`, `line_1`, … if none. A line ends with the
    shorter of both lists.

    Raises:
        ValueError: not as many position lists, or names, as lines.
        TypeError: xs or ys is no list.
    """
    from wandb.sdk.data_types.table import Table

    lines = [list(line) for line in ys]
    positions = list(xs)
    if positions and _is_list(positions[0]):
        each = [list(one) for one in positions]
        if len(each) != len(lines):
            raise ValueError(
                f"Number of x-series ({len(each)}) must match y-series ({len(lines)})."
            )
    else:
        each = [positions] * len(lines)
    names = [f"line_{n}" for n in range(len(lines))] if keys is None else list(keys)
    if len(names) != len(lines):
        raise ValueError(
            f"Number of keys ({len(names)}) must match y-series ({len(lines)})."
        )
    rows = [
        [x, name, y]
        for name, line, own in zip(names, lines, each, strict=True)
        for x, y in zip(own, line, strict=False)
    ]
    table = Table(columns=["step", "lineKey", "lineVal"], data=rows)
    return plot_table(
        "wandb/lineseries/v0",
        table,
        {"step": "step", "lineKey": "lineKey", "lineVal": "lineVal"},
        {"title": title, "xname": xname},
        split_table,
    )


def _is_list(value: Any) -> bool:
    return isinstance(value, Iterable) and not isinstance(value, str | bytes)
