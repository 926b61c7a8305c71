"""Precision-recall and ROC curves, one per class against the others.

Only numpy is needed. Shares are rounded to three digits, as the charts show them.
"""

from collections.abc import Sequence
from typing import Any

from wandb._terminal import termwarn
from wandb.plot.custom_chart import CustomChart, plot_table

ROWS_MAX = 10_000
DIGITS = 3


def pr_curve(
    y_true: Any = None,
    y_probas: Any = None,
    labels: Sequence[str] | None = None,
    classes_to_plot: Sequence[Any] | None = None,
    interp_size: int = 21,
    title: str = "Precision-Recall Curve",
    split_table: bool = False,
) -> CustomChart:
    """Precision over recall at `interp_size` points per class.

    y_true: classes, [n]. y_probas: a score per sample and class, [n, classes], classes
    in sorted order. labels: names of the classes.

    Raises:
        ValueError: shapes that do not belong together.
        wandb.Error: numpy is missing.
    """
    import numpy as np

    grid = np.linspace(0, 1, interp_size)[::-1]
    rows = []
    for label, is_class, scores in _each_class(
        y_true, y_probas, labels, classes_to_plot
    ):
        false, true = _counts(is_class, scores)
        precision = np.append((true / (true + false))[::-1], 1.0)
        recall = np.append((true / max(true[-1], 1))[::-1], 0.0)
        # Interpolated: the best precision of all points with at least that recall.
        best = np.maximum.accumulate(precision)[::-1]
        shares = best[np.searchsorted(recall[::-1], grid, side="left")]
        rows += [
            [label, round(float(p), DIGITS), round(float(r), DIGITS)]
            for p, r in zip(shares, grid, strict=True)
        ]
    return _chart(
        ["class", "precision", "recall"],
        rows,
        {"x": "recall", "y": "precision", "class": "class"},
        {"title": title, "x-axis-title": "Recall", "y-axis-title": "Precision"},
        split_table,
    )


def roc_curve(
    y_true: Any,
    y_probas: Any = None,
    labels: Sequence[str] | None = None,
    classes_to_plot: Sequence[Any] | None = None,
    title: str = "ROC Curve",
    split_table: bool = False,
) -> CustomChart:
    """True over false positive rate, at each threshold where the curve bends.

    Arguments as for `pr_curve`. At most 10,000 points in all.

    Raises:
        ValueError: shapes that do not belong together.
        wandb.Error: numpy is missing.
    """
    import numpy as np

    rows = []
    for label, is_class, scores in _each_class(
        y_true, y_probas, labels, classes_to_plot
    ):
        false, true = _counts(is_class, scores)
        if len(true) > 2:
            bends = np.diff(false, 2).astype(bool) | np.diff(true, 2).astype(bool)
            kept = np.concatenate([[True], bends, [True]])
            false, true = false[kept], true[kept]
        false, true = np.insert(false, 0, 0), np.insert(true, 0, 0)
        rates = zip(false / max(false[-1], 1), true / max(true[-1], 1), strict=True)
        rows += [
            [label, round(float(f), DIGITS), round(float(t), DIGITS)] for f, t in rates
        ]
    return _chart(
        ["class", "fpr", "tpr"],
        rows,
        {"x": "fpr", "y": "tpr", "class": "class"},
        {
            "title": title,
            "x-axis-title": "False positive rate",
            "y-axis-title": "True positive rate",
        },
        split_table,
    )


def _each_class(
    y_true: Any,
    y_probas: Any,
    labels: Sequence[str] | None,
    classes_to_plot: Sequence[Any] | None,
) -> list[tuple[Any, Any, Any]]:
    """(name, whether each sample is of it, its scores) of the classes to draw."""
    import numpy as np

    if y_true is None or y_probas is None:
        raise ValueError("The curve needs y_true and y_probas.")
    actual, scores = _array(y_true), _array(y_probas)
    if actual.ndim != 1 or scores.ndim != 2 or len(actual) != len(scores):
        raise ValueError(
            "y_true must have one class per sample and y_probas one row per sample "
            f"with a score per class; their shapes are {actual.shape}, {scores.shape}"
        )
    classes = np.unique(actual)
    if len(classes) > scores.shape[1]:
        raise ValueError(
            f"y_true has {len(classes)} classes, y_probas scores of {scores.shape[1]}"
        )
    wanted = classes if classes_to_plot is None else np.asarray(classes_to_plot)
    found = []
    for place, each in enumerate(classes):
        if each in wanted:
            number = each.item() if hasattr(each, "item") else each
            name = labels[_place(number, place, len(labels))] if labels else number
            found.append((name, actual == each, scores[:, place]))
    return found


def _place(number: Any, place: int, count: int) -> int:
    """Of a class's name: classes that are numbers are places among the names."""
    return number if isinstance(number, int) and 0 <= number < count else place


def _array(values: Any) -> Any:
    from wandb.sdk.data_types.foreign_values import as_array

    return as_array(values)


def _counts(is_class: Any, scores: Any) -> tuple[Any, Any]:
    """False and true positives at each distinct score, from the highest down."""
    import numpy as np

    order = np.argsort(-scores, kind="stable")
    hits, ordered = is_class[order], scores[order]
    last_of_equal = np.append(np.nonzero(np.diff(ordered))[0], len(ordered) - 1)
    true = np.cumsum(hits)[last_of_equal]
    return 1 + last_of_equal - true, true


def _chart(
    columns: list[str],
    rows: list[list[Any]],
    fields: dict[str, Any],
    texts: dict[str, Any],
    split_table: bool,
) -> CustomChart:
    from wandb.sdk.data_types.table import Table

    table = Table(columns=columns, data=_thinned(rows))
    return plot_table("wandb/area-under-curve/v0", table, fields, texts, split_table)


def _thinned(rows: list[list[Any]]) -> list[list[Any]]:
    """At most ROWS_MAX rows, evenly taken; the first and the last stay."""
    if len(rows) <= ROWS_MAX:
        return rows
    termwarn(f"wandb uses only {ROWS_MAX} data points to create the plots.")
    step = (len(rows) - 1) / (ROWS_MAX - 1)
    return [rows[round(number * step)] for number in range(ROWS_MAX)]
