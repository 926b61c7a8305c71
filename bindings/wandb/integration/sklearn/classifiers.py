"""Charts of classifiers."""

from collections.abc import Sequence
from typing import Any

import wandb
from wandb._terminal import termwarn
from wandb.integration.sklearn.charts import log_chart, names_of, table
from wandb.integration.sklearn.scores import plot_learning_curve, plot_summary_metrics


def plot_classifier(
    model: Any, X_train: Any, X_test: Any, y_train: Any, y_test: Any, y_pred: Any,
    y_probas: Any, labels: Sequence[Any] | None, is_binary: bool = False,
    model_name: str = "Classifier", feature_names: Sequence[str] | None = None,
    log_learning_curve: bool = False,
) -> None:  # fmt: skip
    """All charts below that fit, for one model; trains it again for some."""
    plot_feature_importances(model, feature_names)
    if log_learning_curve:
        plot_learning_curve(model, X_train, y_train)
    plot_confusion_matrix(y_test, y_pred, labels)
    plot_summary_metrics(model, X_train, y_train, X_test, y_test)
    plot_class_proportions(y_train, y_test, labels)
    if is_binary:
        plot_calibration_curve(model, X_train, y_train, model_name)
    plot_roc(y_test, y_probas, labels)
    plot_precision_recall(y_test, y_probas, labels)


def plot_roc(
    y_true: Any = None, y_probas: Any = None, labels: Sequence[Any] | None = None,
    plot_micro: bool = True, plot_macro: bool = True,
    classes_to_plot: Sequence[Any] | None = None,
) -> None:  # fmt: skip
    """`roc`: true over false positives, a line per class."""
    log_chart("roc", wandb.plot.roc_curve(y_true, y_probas, labels, classes_to_plot))


def plot_precision_recall(
    y_true: Any = None, y_probas: Any = None, labels: Sequence[Any] | None = None,
    plot_micro: bool = True, classes_to_plot: Sequence[Any] | None = None,
) -> None:  # fmt: skip
    """`precision_recall`: precision over recall, a line per class."""
    chart = wandb.plot.pr_curve(y_true, y_probas, labels, classes_to_plot)
    log_chart("precision_recall", chart)


def plot_confusion_matrix(
    y_true: Any = None, y_pred: Any = None, labels: Sequence[Any] | None = None,
    true_labels: Sequence[Any] | None = None, pred_labels: Sequence[Any] | None = None,
    normalize: bool = False,
) -> None:  # fmt: skip
    """`confusion_matrix`: how often each class was taken for each other."""
    import numpy

    truth, found = numpy.asarray(y_true), numpy.asarray(y_pred)
    classes = numpy.unique(numpy.concatenate([truth, found]))
    chart = wandb.plot.confusion_matrix(
        y_true=numpy.searchsorted(classes, truth).tolist(),
        preds=numpy.searchsorted(classes, found).tolist(),
        class_names=names_of(labels, classes),
    )
    log_chart("confusion_matrix", chart)


def plot_feature_importances(
    model: Any = None,
    feature_names: Sequence[str] | None = None,
    title: str = "Feature Importance",
    max_num_features: int = 50,
) -> None:
    """`feature_importances`: the highest first. A model without any: a warning."""
    import numpy

    found = getattr(model, "feature_importances_", None)
    if found is None:
        found = getattr(model, "coef_", None)
    if found is None:
        termwarn(f"{type(model).__name__} has no importances to plot.", repeat=False)
        return
    values = numpy.atleast_2d(numpy.asarray(found))
    strength = values[0] if len(values) == 1 else numpy.abs(values).mean(axis=0)
    names = names_of(feature_names, range(len(strength)))
    rows = sorted(zip(names, strength, strict=True), key=lambda row: -row[1])
    bars = table(["feature", "importance"], rows[:max_num_features])
    log_chart(
        "feature_importances",
        wandb.plot.bar(bars, "feature", "importance", title=title),
    )


def plot_class_proportions(
    y_train: Any = None, y_test: Any = None, labels: Sequence[Any] | None = None
) -> None:
    """`class_proportions`: how many rows of each class there are."""
    import numpy

    classes = numpy.unique(numpy.concatenate([y_train, y_test]))
    names = names_of(labels, classes)
    rows = [
        (f"{name} ({part})", int((numpy.asarray(data) == one).sum()))
        for part, data in (("train", y_train), ("test", y_test))
        for name, one in zip(names, classes, strict=True)
    ]
    bars = table(["class", "count"], rows)
    log_chart(
        "class_proportions",
        wandb.plot.bar(bars, "class", "count", title="Class proportions"),
    )


def plot_calibration_curve(
    clf: Any = None, X: Any = None, y: Any = None, clf_name: str = "Classifier"
) -> None:
    """`calibration_curve`: how often it is so over how sure the model is."""
    from sklearn.calibration import calibration_curve
    from sklearn.model_selection import train_test_split

    train_x, test_x, train_y, test_y = train_test_split(X, y, random_state=0)
    clf.fit(train_x, train_y)
    shares, means = calibration_curve(test_y, clf.predict_proba(test_x)[:, 1])
    rows = [(clf_name, mean, share) for mean, share in zip(means, shares, strict=True)]
    rows += [("perfect", value, value) for value in (0.0, 1.0)]
    curve = table(["model", "mean_predicted", "share_positive"], rows)
    log_chart(
        "calibration_curve",
        wandb.plot.line(
            curve, "mean_predicted", "share_positive", stroke="model",
            title="Calibration",
        ),
    )  # fmt: skip
