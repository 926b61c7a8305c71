"""The PyTorch tutorials as printed, but for the data set and the vision models.

`torchvision` is replaced by a small module of ours: digits drawn locally, and models of
two layers under the names that the tutorials use. Everything else (torch, the training
loops, every call of wandb) is the text of the tutorials. The scripts run in the
interpreter that WANDB_TORCH_PYTHON names (`make compat`); without torch: skipped.
"""

from pathlib import Path
from typing import Any

import pytest

from tests.support.seed_pytorch import ALERT, TRACK_EXPERIMENTS, TRAIN_MODEL
from tests.support.stack import Stack

HEAD = "import wandb\nimport random\nimport math\nrandom.seed(3)\n"

TORCHVISION = {
    "__init__.py": "from . import datasets, models, transforms",
    "transforms.py": """
class ToTensor:
    def __call__(self, image):
        return image
""",
    "datasets.py": """
import torch

class MNIST(torch.utils.data.Dataset):
    mirrors = ["http://yann.lecun.com/", "https://example.org/"]

    def __init__(self, root, train, transform, download):
        count = 2000 if train else 300
        random = torch.Generator().manual_seed(int(train))
        self.labels = torch.arange(count) % 10
        digits = torch.rand(10, 1, 28, 28, generator=torch.Generator().manual_seed(9))
        noise = torch.rand(count, 1, 28, 28, generator=random)
        self.images = (digits[self.labels] * 0.7 + noise * 0.3)
        self.transform = transform

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, place):
        return self.transform(self.images[place]), int(self.labels[place])
""",
    "models.py": """
import torch.nn as nn

class _Net(nn.Module):
    def __init__(self, head):
        super().__init__()
        layers = nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(2)
        self.features = nn.Sequential(*layers)
        setattr(self, *head)

    def forward(self, x):
        x = self.features(x).flatten(1)
        return self.fc(x) if hasattr(self, "fc") else self.classifier(x)

def resnet18(pretrained=False):
    return _Net(("fc", nn.Linear(16, 1000)))

resnet34 = resnet18

def vgg16(pretrained=False):
    layers = [nn.Linear(16, 16), nn.ReLU(), nn.Dropout()] * 2 + [nn.Linear(16, 1000)]
    return _Net(("classifier", nn.Sequential(*layers)))
""",
}

LOADERS = """
import torch
import torch.nn as nn
import torch.optim as optim
from torchvision import models
from tqdm import tqdm
import wandb

def loader(count):
    random = torch.Generator().manual_seed(count)
    images = torch.rand(count, 3, 8, 8, generator=random)
    labels = torch.randint(0, 10, (count,), generator=random)
    pairs = torch.utils.data.TensorDataset(images, labels)
    return torch.utils.data.DataLoader(pairs, batch_size=8)

dataloaders_dict = {"train": loader(4000), "val": loader(80)}
"""


@pytest.fixture
def seed_python(stack: Stack, torch_python: str) -> str:
    """An interpreter with torch and tqdm that finds our `torchvision`, or skip."""
    if stack.call(torch_python, "-c", "import torch, tqdm", check=False).returncode:
        pytest.skip("tqdm is not installed beside torch: run `make compat`")
    place = stack.cwd / "torchvision"
    place.mkdir()
    for name, text in TORCHVISION.items():
        (place / name).write_text(text, encoding="utf-8")
    return torch_python


def run(stack: Stack, python: str, code: str) -> str:
    script: Path = stack.cwd / "tutorial.py"
    script.write_text(code, encoding="utf-8")
    done = stack.call(python, str(script), OMP_NUM_THREADS="1")
    return done.stdout


RUNS = """[
    {
        "state": run.state,
        "config": dict(run.config),
        "summary": {k: run.summary.get(k) for k in (
            "test_accuracy", "val/val_accuracy", "val/val_loss", "predictions_table"
        )},
        "rows": [
            [r["_step"], r.get("train/train_loss"), r.get("val/val_loss")]
            for r in run.scan_history()
        ],
        "artifacts": sorted(
            [a.type, a.name, sorted(a.aliases)] for a in run.logged_artifacts()
        ),
    }
    for run in api.runs("pytorch-intro")
]""".replace("\n", " ")

TABLE = """(lambda table: [table.columns, len(table.data), table.data[0][1:3],
    [table.data[0][0]._width, table.data[0][0]._height]])(
    next(
        a for a in api.runs("pytorch-intro")[0].logged_artifacts()
        if a.type == "run_table"
    ).get("predictions_table")
)""".replace("\n", " ")


def test_experiments_with_tables_and_models(stack: Stack, seed_python: str) -> None:
    """Tutorial 002: three runs, a table of predictions each, a model per epoch."""
    run(stack, seed_python, HEAD + TRACK_EXPERIMENTS)

    runs: list[dict[str, Any]] = stack.ask(RUNS)

    assert [found["state"] for found in runs] == ["finished"] * 3
    for found in runs:
        assert found["config"]["epochs"] == 5
        assert found["summary"]["test_accuracy"] == 0.8
        assert found["summary"]["val/val_accuracy"] > 0.5
        table = found["summary"]["predictions_table"]
        assert (table["_type"], table["ncols"], table["nrows"]) == (
            "table-file",
            13,
            60,
        )
        # 4 batches an epoch; the last one is logged together with the validation.
        assert [row[0] for row in found["rows"]] == list(range(20))
        assert all(isinstance(row[1], float) for row in found["rows"])
        validated = [row[0] for row in found["rows"] if row[2] is not None]
        assert validated == [3, 7, 11, 15, 19]
        models = [one for one in found["artifacts"] if one[0] == "model"]
        dropout = round(found["config"]["dropout"], 4)
        marks = {alias for _, _, aliases in models for alias in aliases}
        assert {f"epoch-{epoch}_dropout-{dropout}" for epoch in range(1, 6)} <= marks
        assert len(models) == 5
        assert {name.partition(":")[0] for _, name, _ in models} == {"my_mnist_model"}


def test_the_table_of_predictions_is_read_back(stack: Stack, seed_python: str) -> None:
    once = TRACK_EXPERIMENTS.replace("range(3)", "range(1)")
    run(stack, seed_python, HEAD + once)

    columns, row_count, labels, size = stack.ask(TABLE)

    assert columns == ["image", "pred", "target", *(f"score_{i}" for i in range(10))]
    assert row_count == 60
    assert labels[1] == 0
    assert all(isinstance(label, int) for label in labels)
    assert size == [28, 28]


def test_the_alert_is_kept(stack: Stack, seed_python: str) -> None:
    printed = run(stack, seed_python, HEAD + ALERT)

    assert "알림 트리거됨" in printed
    [found] = stack.ask(
        "[[r.state, r.summary['Accuracy']] for r in api.runs('pytorch-intro')]"
    )
    assert found[0] == "finished"
    assert found[1] <= 0.3


WATCHED = """[
    [run.config["model_name"], run.state, run.summary["train_epoch_acc"],
     [r["_step"] for r in run.scan_history() if "gradients/features.0.weight" in r],
     len([1 for r in run.scan_history() if "train_loss" in r]),
     len([1 for r in run.scan_history() if "val_epoch_loss" in r]),
     run.config["criterion"]]
    for run in sorted(api.runs("first-wandb-project"), key=lambda r: r.created_at)
]""".replace("\n", " ")


def test_watched_training_with_a_progress_bar(stack: Stack, seed_python: str) -> None:
    """Tutorial 003: three models, watched with the default frequency of 1000."""
    run(stack, seed_python, LOADERS + TRAIN_MODEL)

    runs = stack.ask(WATCHED)

    assert [found[:2] for found in runs] == [
        ["resnet18", "finished"],
        ["resnet34", "finished"],
        ["vgg16(pretrained)", "finished"],
    ]
    for _, _, accuracy, watched, batches, epochs, criterion in runs:
        assert 0 <= accuracy <= 1
        # Epoch 0 only validates; then 500 batches an epoch, a row each, and one more
        # row for each phase: batch 1000 is behind 999 of batches and 3 of phases.
        assert watched == [1002]
        assert batches == 1500
        assert epochs == 4
        assert "CrossEntropyLoss" in str(criterion)
