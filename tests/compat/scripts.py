"""Trainings as users of each library write them: unmodified packages, tiny models.

Each is a script of its own; what it logs is known, and read back by the test.
"""

TRANSFORMERS = """
import torch, wandb
from transformers import BertConfig, BertForSequenceClassification
from transformers import Trainer, TrainingArguments

config = BertConfig(vocab_size=32, hidden_size=8, num_hidden_layers=1,
    num_attention_heads=1, intermediate_size=8, num_labels=2)
data = [{"input_ids": torch.randint(0, 32, (6,)), "labels": torch.tensor(i % 2)}
    for i in range(16)]
arguments = TrainingArguments(output_dir="out", report_to="wandb", run_name="tiny",
    num_train_epochs=2, per_device_train_batch_size=4, logging_steps=1,
    eval_strategy="epoch", save_strategy="no", use_cpu=True, disable_tqdm=True)
trainer = Trainer(model=BertForSequenceClassification(config), args=arguments,
    train_dataset=data, eval_dataset=data[:4])
trainer.train()
wandb.finish()
"""

LIGHTNING = """
import lightning, torch
from lightning.pytorch.loggers import WandbLogger

class Line(lightning.LightningModule):
    def __init__(self, width=1):
        super().__init__()
        self.save_hyperparameters()
        self.layer = torch.nn.Linear(1, width)

    def training_step(self, batch, index):
        loss = ((self.layer(batch[0]) - batch[1]) ** 2).mean()
        self.log("loss", loss)
        return loss

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.01)

x = torch.linspace(0, 1, 32)[:, None]
loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, 2 * x), 8)
logger = WandbLogger(project="compat", name="line", log_model=False)
trainer = lightning.Trainer(max_epochs=3, logger=logger, log_every_n_steps=1,
    accelerator="cpu", enable_checkpointing=False, enable_progress_bar=False,
    enable_model_summary=False)
model = Line()
logger.watch(model, log_freq=1)
trainer.fit(model, loader)
logger.log_table("samples", columns=["x"], data=[[1], [2]])
logger.experiment.finish()
"""

XGBOOST = """
import numpy, wandb, xgboost
from wandb.integration.xgboost import WandbCallback

random = numpy.random.default_rng(0)
x = random.normal(size=(200, 4)); y = (x[:, 0] + x[:, 1] > 0).astype(int)
train, valid = xgboost.DMatrix(x[:150], y[:150]), xgboost.DMatrix(x[150:], y[150:])
with wandb.init(project="compat", name="xgboost") as run:
    xgboost.train({"objective": "binary:logistic", "eval_metric": ["logloss", "auc"],
        "max_depth": 2}, train, 8, evals=[(train, "train"), (valid, "valid")],
        early_stopping_rounds=5, verbose_eval=False,
        callbacks=[WandbCallback(log_model=True)])
"""

LIGHTGBM = """
import lightgbm, numpy, wandb
from wandb.integration.lightgbm import log_summary, wandb_callback

random = numpy.random.default_rng(0)
x = random.normal(size=(200, 4)); y = (x[:, 0] > 0).astype(int)
train = lightgbm.Dataset(x[:150], y[:150]); valid = train.create_valid(x[150:], y[150:])
with wandb.init(project="compat", name="lightgbm") as run:
    model = lightgbm.train({"objective": "binary", "metric": ["binary_logloss", "auc"],
        "verbosity": -1, "num_leaves": 4}, train, 6, valid_sets=[valid],
        valid_names=["valid"], callbacks=[wandb_callback()])
    log_summary(model, save_model_checkpoint=True)
"""

CATBOOST = """
import numpy, wandb
from catboost import CatBoostClassifier
from wandb.integration.catboost import WandbCallback, log_summary

random = numpy.random.default_rng(0)
x = random.normal(size=(200, 4)); y = (x[:, 0] > 0).astype(int)
with wandb.init(project="compat", name="catboost") as run:
    model = CatBoostClassifier(iterations=6, depth=2, allow_writing_files=False)
    model.fit(x[:150], y[:150], eval_set=(x[150:], y[150:]), verbose=False,
        callbacks=[WandbCallback()])
    log_summary(model)
"""

KERAS = """
import os
os.environ["KERAS_BACKEND"] = "torch"
import keras, numpy, wandb
from wandb.integration.keras import (
    WandbEvalCallback, WandbMetricsLogger, WandbModelCheckpoint)

class Predictions(WandbEvalCallback):
    def add_ground_truth(self, logs=None):
        for number in range(3):
            self.data_table.add_data(number, float(y[number, 0]))

    def add_model_predictions(self, epoch, logs=None):
        found = self.model.predict(x[:3], verbose=0)
        for number in self.get_data_table_indices():
            row = self.data_table_ref.data[number]
            self.pred_table.add_data(epoch, row[0], row[1], float(found[number, 0]))

x = numpy.linspace(0, 1, 32, dtype="float32")[:, None]; y = 2 * x
with wandb.init(project="compat", name="keras") as run:
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(optimizer=keras.optimizers.SGD(0.05), loss="mse", metrics=["mae"])
    model.fit(x, y, epochs=3, batch_size=8, validation_split=0.25, verbose=0,
        callbacks=[WandbMetricsLogger(log_freq=2),
            WandbModelCheckpoint("model-{epoch:02d}.keras"),
            Predictions(["number", "truth"], ["epoch", "number", "truth", "found"])])
"""

ACCELERATE = """
import torch
from accelerate import Accelerator

accelerator = Accelerator(log_with="wandb", cpu=True)
accelerator.init_trackers("compat", config={"lr": 0.1},
    init_kwargs={"wandb": {"name": "accelerate"}})
model = torch.nn.Linear(1, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
model, optimizer = accelerator.prepare(model, optimizer)
for step in range(5):
    loss = ((model(torch.ones(4, 1)) - 2) ** 2).mean()
    accelerator.backward(loss)
    optimizer.step(); optimizer.zero_grad()
    accelerator.log({"loss": loss.item()}, step=step)
accelerator.end_training()
"""

OPTUNA = """
import optuna
from optuna_integration.wandb import WeightsAndBiasesCallback

callback = WeightsAndBiasesCallback(metric_name="distance",
    wandb_kwargs={"project": "compat", "name": "optuna"})
study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
study.optimize(lambda trial: trial.suggest_float("x", -1, 1) ** 2, n_trials=6,
    callbacks=[callback])
import wandb
wandb.finish()
"""

TENSORBOARD = """
import numpy, torch, wandb
from torch.utils.tensorboard import SummaryWriter

with wandb.init(project="compat", name="tensorboard", sync_tensorboard=True) as run:
    writer = SummaryWriter("events")
    for step in range(0, 50, 10):
        writer.add_scalar("loss", 1 / (step + 1), step)
        writer.add_scalar("new", step, step, new_style=True)
        writer.add_scalars("both", {"a": step, "b": -step}, step)
    writer.add_histogram("weights", numpy.arange(10.0), 50)
    writer.add_image("picture", torch.rand(3, 4, 4), 50)
    writer.add_text("words", "hello", 50)
    writer.close()
assert wandb.patched["tensorboard"] == []
"""

SB3 = """
import wandb
from stable_baselines3 import A2C
from wandb.integration.sb3 import WandbCallback

with wandb.init(project="compat", name="sb3", sync_tensorboard=True) as run:
    model = A2C("MlpPolicy", "CartPole-v1", tensorboard_log="sb3_events", device="cpu")
    model.learn(1500, log_interval=50,
        callback=WandbCallback(model_save_path="sb3_model", gradient_save_freq=20))
"""

SKLEARN = """
import wandb
from sklearn import cluster, datasets, ensemble, linear_model, model_selection

with wandb.init(project="compat", name="sklearn") as run:
    x, y = datasets.make_classification(120, 4, random_state=0)
    parts = model_selection.train_test_split(x, y, random_state=0)
    model = ensemble.RandomForestClassifier(5, random_state=0).fit(parts[0], parts[2])
    wandb.sklearn.plot_classifier(model, *parts, model.predict(parts[1]),
        model.predict_proba(parts[1]), ["no", "yes"], is_binary=True,
        feature_names=list("abcd"), log_learning_curve=True)
    x, y = datasets.make_regression(80, 3, noise=1.0, random_state=0)
    parts = model_selection.train_test_split(x, y, random_state=0)
    wandb.sklearn.plot_regressor(linear_model.LinearRegression(), *parts)
    x, _ = datasets.make_blobs(90, random_state=0)
    model = cluster.KMeans(3, n_init=1, random_state=0).fit(x)
    wandb.sklearn.plot_clusterer(model, x, model.labels_)
"""
