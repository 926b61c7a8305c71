"""The confusion matrix: how often each class was taken for which."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from wandb.plot.custom_chart import CustomChart, plot_table

COLUMNS = ("Actual", "Predicted", "nPredictions")


def confusion_matrix(
    probs: Any = None,
    y_true: Sequence[Any] | None = None,
    preds: Sequence[Any] | None = None,
    class_names: Sequence[str] | None = None,
    title: str = "Confusion Matrix Curve",
    split_table: bool = False,
) -> CustomChart:
    """Counts of (actual, predicted) for all pairs of classes.

    probs: a row per sample and a column per class; the largest counts as the
    prediction. preds: the predictions instead. y_true and preds are numbers, places in
    class_names, or any labels; then class_names renames the sorted ones.

    Raises:
        ValueError: neither or both of probs and preds, different lengths, or more
            classes than names.
        TypeError: y_true is missing.
    """
    if probs is not None and preds is not None:
        raise ValueError("Only one of `probs` or `preds` should be provided, not both.")
    if probs is None and preds is None:
        raise ValueError("confusion_matrix() needs `probs` or `preds`.")
    if y_true is None:
        raise TypeError("confusion_matrix() needs `y_true`, the actual classes.")
    predicted = _labels(preds) if probs is None else _best(probs)
    actual = _labels(y_true)
    if len(predicted) != len(actual):
        raise ValueError("The number of predictions and true labels must be equal.")
    places, names = _classes(actual, predicted, class_names)
    counts = Counter(zip(actual, predicted, strict=True))
    by_place = Counter[tuple[int, int]]()
    for (first, second), count in counts.items():
        by_place[places[first], places[second]] += count
    rows = [
        [names[first], names[second], float(by_place[first, second])]
        for first in range(len(names))
        for second in range(len(names))
    ]
    return _chart(rows, title, split_table)


def _chart(rows: list[list[Any]], title: str, split_table: bool) -> CustomChart:
    from wandb.sdk.data_types.table import Table

    fields = {column: column for column in COLUMNS}
    table = Table(columns=list(COLUMNS), data=rows)
    name = "wandb/confusion_matrix/v1"
    return plot_table(name, table, fields, {"title": title}, split_table)


def _labels(values: Any) -> list[Any]:
    values = values.tolist() if hasattr(values, "tolist") else list(values)
    return [value.item() if hasattr(value, "item") else value for value in values]


def _best(probs: Any) -> list[int]:
    rows = probs.tolist() if hasattr(probs, "tolist") else probs
    return [max(range(len(row)), key=list(row).__getitem__) for row in rows]


def _classes(
    actual: list[Any], predicted: list[Any], names: Sequence[str] | None
) -> tuple[dict[Any, int], list[str]]:
    """Label -> place, and the name at each place."""
    found = sorted({*actual, *predicted}, key=_order)
    if names is None:
        places = {label: place for place, label in enumerate(found)}
        return places, [f"Class_{place + 1}" for place in range(len(found))]
    if len(found) > len(names):
        raise ValueError(
            "The number of unique predicted classes exceeds the number of class names."
        )
    are_places = all(
        isinstance(label, int) and 0 <= label < len(names) for label in found
    )
    if are_places:
        return {label: label for label in found}, list(names)
    if all(label in names for label in found):
        return {label: list(names).index(label) for label in found}, list(names)
    return {label: place for place, label in enumerate(found)}, list(names)


def _order(label: Any) -> tuple[str, Any]:
    """Numbers in order, then texts."""
    is_number = isinstance(label, int | float)
    return ("", label) if is_number else ("text", str(label))
