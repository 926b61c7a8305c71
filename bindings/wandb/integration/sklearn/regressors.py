"""Charts of regressors."""

from typing import Any

import wandb
from wandb.integration.sklearn.charts import log_chart, table
from wandb.integration.sklearn.scores import plot_summary_metrics


def plot_regressor(
    model: Any, X_train: Any, X_test: Any, y_train: Any, y_test: Any,
    model_name: str = "Regressor",
) -> None:  # fmt: skip
    """All charts of a regressor; trains it again."""
    plot_summary_metrics(model, X_train, y_train, X_test, y_test)
    plot_outlier_candidates(model, X_train, y_train)
    plot_residuals(model, X_train, y_train)


def plot_residuals(regressor: Any = None, X: Any = None, y: Any = None) -> None:
    """`residuals`: truth minus prediction over prediction, of a fifth held back."""
    from sklearn.model_selection import train_test_split

    train_x, test_x, train_y, test_y = train_test_split(
        X, y, test_size=0.2, random_state=0
    )
    regressor.fit(train_x, train_y)
    found = regressor.predict(test_x)
    rows = [(p, truth - p) for p, truth in zip(found, test_y, strict=True)]
    points = table(["predicted", "residual"], rows)
    log_chart(
        "residuals",
        wandb.plot.scatter(points, "predicted", "residual", title="Residuals"),
    )


def plot_outlier_candidates(
    regressor: Any = None, X: Any = None, y: Any = None
) -> None:
    """`outlier_candidates`: Cook's distance of each row, the largest first."""
    import numpy

    inputs = numpy.asarray(X, dtype=float)
    truth = numpy.asarray(y, dtype=float)
    regressor.fit(inputs, truth)
    residuals = truth - regressor.predict(inputs)
    # Leverage: the diagonal of X (XᵀX)⁻¹ Xᵀ, with a column of ones for the intercept.
    design = numpy.column_stack([numpy.ones(len(inputs)), inputs])
    basis, _ = numpy.linalg.qr(design)
    leverage = numpy.clip((basis**2).sum(axis=1), 0.0, 1 - 1e-9)
    count = design.shape[1]
    variance = max(float((residuals**2).sum()) / max(1, len(inputs) - count), 1e-300)
    distances = residuals**2 / (count * variance) * leverage / (1 - leverage) ** 2
    order = numpy.argsort(-distances)[:50]
    rows = table(["row", "distance"], [(f"{i}", distances[i]) for i in order])
    log_chart(
        "outlier_candidates",
        wandb.plot.bar(rows, "row", "distance", title="Cook's distance"),
    )
