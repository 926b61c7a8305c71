"""A small real training, to see the whole system at work: `python -m wandb.demo`.

Trains a multi-layer perceptron on scikit-learn's handwritten digits (1,797 images of
8×8 pixels, part of the package: nothing is downloaded), once per configuration, and
logs every batch. Needs the extra `demo`.
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import wandb


@dataclass(frozen=True, slots=True)
class Configuration:
    """What differs between the runs; becomes `run.config`."""

    learning_rate: float
    hidden_units: tuple[int, ...]
    optimizer: str
    batch_size: int
    epochs: int = 12


CONFIGURATIONS = (
    Configuration(0.001, (64,), "adam", 32),
    Configuration(0.003, (128,), "adam", 64),
    Configuration(0.01, (64, 32), "adam", 64),
    Configuration(0.05, (64,), "sgd", 32),
    Configuration(0.3, (32,), "sgd", 128),
)


def train(configuration: Configuration, data: Any, project: str, seed: int) -> None:
    """One run: a row per batch, validation figures once per epoch, console output."""
    import numpy
    from sklearn.neural_network import MLPClassifier

    train_images, valid_images, train_labels, valid_labels = data
    model = MLPClassifier(
        hidden_layer_sizes=configuration.hidden_units,
        learning_rate_init=configuration.learning_rate,
        solver=configuration.optimizer,
        random_state=seed,
    )
    shuffle = numpy.random.default_rng(seed)
    with wandb.init(project=project, config=asdict(configuration)) as run:
        run.define_metric("valid/accuracy", summary="max")
        for epoch in range(configuration.epochs):
            order = shuffle.permutation(len(train_labels))
            for batch in _batches(order, configuration.batch_size):
                images, labels = train_images[batch], train_labels[batch]
                model.partial_fit(images, labels, classes=range(10))
                metrics = {
                    "train/loss": model.loss_,
                    "train/accuracy": model.score(images, labels),
                    "train/weight_norm": _norm(model.coefs_),
                    "epoch": epoch,
                }
                if batch[-1] == order[-1]:  # the epoch's last: one row with both
                    figures = _validate(model, valid_images, valid_labels)
                    metrics |= figures
                run.log(metrics)
            print(  # noqa: T201 (console output is part of what is shown)
                f"epoch {epoch + 1:2d}/{configuration.epochs}"
                f"  loss {model.loss_:.4f}"
                f"  valid accuracy {figures['valid/accuracy']:.4f}"
            )


def _batches(order: Any, size: int) -> Iterator[Any]:
    for start in range(0, len(order), size):
        yield order[start : start + size]


def _norm(weights: list[Any]) -> float:
    return float(sum(float((layer**2).sum()) for layer in weights) ** 0.5)


def _validate(model: Any, images: Any, labels: Any) -> dict[str, float]:
    from sklearn.metrics import log_loss

    probabilities = model.predict_proba(images)
    return {
        "valid/accuracy": float((probabilities.argmax(axis=1) == labels).mean()),
        "valid/loss": float(log_loss(labels, probabilities, labels=range(10))),
    }


def main() -> int:
    """Train the first `--runs` configurations; 1 if scikit-learn is missing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=len(CONFIGURATIONS))
    parser.add_argument("--project", default="digits")
    arguments = parser.parse_args()
    try:
        from sklearn.datasets import load_digits
        from sklearn.model_selection import train_test_split
    except ImportError:
        wandb.termerror("The demo needs scikit-learn: pip install 'wandb[demo]'")
        return 1
    digits = load_digits()
    data = train_test_split(
        digits.data / 16.0, digits.target, test_size=0.25, random_state=0
    )
    for seed, configuration in enumerate(CONFIGURATIONS[: arguments.runs]):
        train(configuration, data, arguments.project, seed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
