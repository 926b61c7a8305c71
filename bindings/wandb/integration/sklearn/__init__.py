"""`wandb.sklearn.plot_…`: charts of scikit-learn models, logged to the active run.

Each function takes a fitted model, or what it predicted, and logs one chart under the
key that its docstring names.
"""

from wandb.integration.sklearn.classifiers import (
    plot_calibration_curve,
    plot_class_proportions,
    plot_classifier,
    plot_confusion_matrix,
    plot_feature_importances,
    plot_precision_recall,
    plot_roc,
)
from wandb.integration.sklearn.clusterers import (
    plot_clusterer,
    plot_elbow_curve,
    plot_silhouette,
)
from wandb.integration.sklearn.regressors import (
    plot_outlier_candidates,
    plot_regressor,
    plot_residuals,
)
from wandb.integration.sklearn.scores import plot_learning_curve, plot_summary_metrics

__all__ = [
    "plot_calibration_curve",
    "plot_class_proportions",
    "plot_classifier",
    "plot_clusterer",
    "plot_confusion_matrix",
    "plot_elbow_curve",
    "plot_feature_importances",
    "plot_learning_curve",
    "plot_outlier_candidates",
    "plot_precision_recall",
    "plot_regressor",
    "plot_residuals",
    "plot_roc",
    "plot_silhouette",
    "plot_summary_metrics",
]
