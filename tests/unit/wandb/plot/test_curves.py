"""Curves and matrices, with scikit-learn as a second opinion."""

import numpy as np
import pytest
from sklearn import metrics
from wandb.plot import confusion_matrix, pr_curve, roc_curve

SEEDS = range(25)


def samples(seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    classes = 2 + seed % 3
    y_true = np.concatenate([np.arange(classes), random.integers(0, classes, 20)])
    scores = random.random((len(y_true), classes))
    return y_true, np.round(scores, 1) if seed % 2 else scores


def of_class(rows: list[list[object]], label: object) -> list[list[float]]:
    return [row[1:] for row in rows if row[0] == label]  # type: ignore[misc]


@pytest.mark.parametrize("seed", SEEDS)
def test_roc_has_the_points_that_scikit_learn_finds(seed: int) -> None:
    y_true, scores = samples(seed)

    rows = roc_curve(y_true, scores).table.data

    for label in np.unique(y_true):
        fpr, tpr, _ = metrics.roc_curve(y_true == label, scores[:, label])
        expected = np.stack([fpr, tpr], 1)
        np.testing.assert_allclose(of_class(rows, label), expected, atol=5e-4)


@pytest.mark.parametrize("seed", SEEDS)
def test_precision_is_the_best_one_with_at_least_that_recall(seed: int) -> None:
    y_true, scores = samples(seed)

    rows = pr_curve(y_true, scores, interp_size=7).table.data

    for label in np.unique(y_true):
        precision, recall, _ = metrics.precision_recall_curve(
            y_true == label, scores[:, label]
        )
        grid = np.linspace(0, 1, 7)[::-1]
        expected = [[max(precision[recall >= at]), at] for at in grid]
        np.testing.assert_allclose(of_class(rows, label), expected, atol=5e-4)


@pytest.mark.parametrize("seed", SEEDS)
def test_confusion_matrix_counts_as_scikit_learn_does(seed: int) -> None:
    y_true, scores = samples(seed)
    names = [f"n{place}" for place in range(scores.shape[1])]

    chart = confusion_matrix(probs=scores, y_true=y_true, class_names=names)

    expected = metrics.confusion_matrix(y_true, scores.argmax(1))
    counts = np.array([row[2] for row in chart.table.data]).reshape(expected.shape)
    np.testing.assert_array_equal(counts, expected)
    assert [row[:2] for row in chart.table.data[:2]] == [["n0", "n0"], ["n0", "n1"]]


def test_labels_name_classes_and_a_part_can_be_chosen() -> None:
    y_true, scores = samples(0)

    rows = pr_curve(y_true, scores, labels=["cat", "dog"], classes_to_plot=[1])

    assert {row[0] for row in rows.table.data} == {"dog"}


def test_roc_of_many_samples_is_thinned_and_keeps_its_ends() -> None:
    random = np.random.default_rng(0)

    rows = roc_curve(random.integers(0, 2, 30_000), random.random((30_000, 2)))

    assert len(rows.table.data) == 10_000
    assert rows.table.data[0] == [0, 0.0, 0.0]
    assert rows.table.data[-1] == [1, 1.0, 1.0]


def test_labels_of_any_kind_are_ordered() -> None:
    chart = confusion_matrix(y_true=["dog", "cat"], preds=["dog", "dog"])

    assert chart.table.data == [
        ["Class_1", "Class_1", 0.0],
        ["Class_1", "Class_2", 1.0],
        ["Class_2", "Class_1", 0.0],
        ["Class_2", "Class_2", 1.0],
    ]


def test_texts_that_are_class_names_keep_their_name() -> None:
    chart = confusion_matrix(
        y_true=["b", "a"], preds=["b", "b"], class_names=["b", "a"]
    )

    assert chart.table.data[0] == ["b", "b", 1.0]
    assert chart.table.data[2] == ["a", "b", 1.0]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"y_true": [0], "preds": [0, 1]}, "must be equal"),
        ({"y_true": [0], "preds": [0], "probs": [[1]]}, "not both"),
        ({"y_true": [0]}, "needs `probs` or `preds`"),
        ({"y_true": [0, 1], "preds": [0, 1], "class_names": ["a"]}, "exceeds"),
    ],
)
def test_a_matrix_of_what_does_not_fit_says_what(
    arguments: dict[str, object], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        confusion_matrix(**arguments)  # type: ignore[arg-type]


def test_scores_of_one_dimension_are_refused_with_their_shape() -> None:
    with pytest.raises(ValueError, match=r"\(2,\), \(2,\)"):
        pr_curve([0, 1], [0.1, 0.9])
