"""Charts of clusterings."""

from collections.abc import Sequence
from typing import Any

import wandb
from wandb.integration.sklearn.charts import log_chart, names_of, table


def plot_clusterer(
    model: Any, X_train: Any, cluster_labels: Any,
    labels: Sequence[Any] | None = None, model_name: str = "Clusterer",
) -> None:  # fmt: skip
    """All charts of a clustering."""
    if hasattr(model, "n_clusters"):
        plot_elbow_curve(model, X_train)
    plot_silhouette(model, X_train, cluster_labels, labels)


def plot_elbow_curve(
    clusterer: Any = None, X: Any = None, cluster_ranges: Sequence[int] | None = None,
    n_jobs: int = 1, show_cluster_time: bool = True,
) -> None:  # fmt: skip
    """`elbow_curve`: score over the number of clusters; fits a copy for each."""
    from sklearn.base import clone

    rows = []
    for count in cluster_ranges or range(2, 11):
        fitted = clone(clusterer).set_params(n_clusters=count).fit(X)
        rows.append((count, abs(float(fitted.score(X)))))
    curve = table(["clusters", "error"], rows)
    log_chart(
        "elbow_curve", wandb.plot.line(curve, "clusters", "error", title="Elbow curve")
    )


def plot_silhouette(
    clusterer: Any = None, X: Any = None, cluster_labels: Any = None,
    labels: Sequence[Any] | None = None, metric: str = "euclidean",
    kmeans: bool = True,
) -> None:  # fmt: skip
    """`silhouette_plot`: how well each row fits its cluster, from -1 to 1."""
    import numpy
    from sklearn.metrics import silhouette_samples

    found = clusterer.predict(X) if cluster_labels is None else cluster_labels
    found = numpy.asarray(found)
    values = silhouette_samples(X, found, metric=metric)
    classes = numpy.unique(found)
    names = names_of(labels, classes)
    rows: list[tuple[int, float, str]] = []
    for name, one in zip(names, classes, strict=True):
        for value in sorted(values[found == one], reverse=True):
            rows.append((len(rows), value, name))
    curve = table(["row", "silhouette", "cluster"], rows)
    log_chart(
        "silhouette_plot",
        wandb.plot.line(
            curve, "row", "silhouette", stroke="cluster", title="Silhouette"
        ),
    )
