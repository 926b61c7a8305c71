"""Scores of any estimator."""

from typing import Any

import wandb
from wandb.integration.sklearn.charts import log_chart, table


def plot_summary_metrics(
    model: Any = None, X: Any = None, y: Any = None, X_test: Any = None,
    y_test: Any = None,
) -> None:  # fmt: skip
    """`summary_metrics`: what is usual for the kind of model, on the test data."""
    from sklearn import base, metrics

    model.fit(X, y)
    found = model.predict(X_test)
    if base.is_regressor(model):
        scores = {
            "mae": metrics.mean_absolute_error(y_test, found),
            "mse": metrics.mean_squared_error(y_test, found),
            "r2_score": metrics.r2_score(y_test, found),
        }
    else:
        average = {"average": "weighted", "zero_division": 0}
        scores = {
            "accuracy_score": metrics.accuracy_score(y_test, found),
            "precision": metrics.precision_score(y_test, found, **average),
            "recall": metrics.recall_score(y_test, found, **average),
            "f1_score": metrics.f1_score(y_test, found, **average),
        }
    rows = table(["metric", "value"], scores.items())
    log_chart(
        "summary_metrics",
        wandb.plot.bar(rows, "metric", "value", title="Summary metrics"),
    )


def plot_learning_curve(
    model: Any = None, X: Any = None, y: Any = None, cv: Any = None,
    shuffle: bool = False, random_state: Any = None, train_sizes: Any = None,
    n_jobs: int = 1, scoring: Any = None,
) -> None:  # fmt: skip
    """`learning_curve`: score over the number of rows that it is trained on,
    cross-validated; trains the model many times.
    """
    from sklearn.model_selection import learning_curve

    more = {} if train_sizes is None else {"train_sizes": train_sizes}
    sizes, trained, tested = learning_curve(
        model, X, y, cv=cv, n_jobs=n_jobs, scoring=scoring, shuffle=shuffle,
        random_state=random_state, **more,
    )  # fmt: skip
    rows = [
        (name, size, scores.mean())
        for name, found in (("train", trained), ("test", tested))
        for size, scores in zip(sizes, found, strict=True)
    ]
    curve = table(["dataset", "train_size", "score"], rows)
    log_chart(
        "learning_curve",
        wandb.plot.line(
            curve, "train_size", "score", stroke="dataset", title="Learning curve"
        ),
    )
