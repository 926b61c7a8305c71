"""Distributed training with torch (gloo, CPU): rank zero logs, or all ranks do.

The scripts run in the interpreter that WANDB_TORCH_PYTHON names (`make compat` installs
one), else in ours if it has torch; without torch the tests are skipped.
"""

import subprocess

import pytest

from tests.support.stack import Stack

RANKS = 3
STEPS = 20

TRAINING = """
import os, sys
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
import wandb

STEPS = 20

def train(rank, world, log_from):
    if "MASTER_ADDR" not in os.environ:
        os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=sys.argv[2])
        os.environ.update(RANK=str(rank), WORLD_SIZE=str(world))
    torch.set_num_threads(1)
    dist.init_process_group("gloo")
    torch.manual_seed(rank)
    model = torch.nn.parallel.DistributedDataParallel(torch.nn.Linear(4, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    run = begin(rank, log_from)
    for step in range(STEPS):
        inputs = torch.randn(8, 4)
        loss = (model(inputs) - inputs.sum(1, keepdim=True)).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total = loss.detach().clone()
        dist.all_reduce(total)
        if run is not None:
            run.log({"loss": loss, "total": total / world, "rank": rank, "at": step})
    if run is not None:
        run.summary[f"weight_{rank}"] = model.module.weight.sum()
        run.finish()
    dist.barrier()
    dist.destroy_process_group()

def begin(rank, log_from):
    if log_from == "rank-zero":
        return wandb.init(project="torch", id="ddp") if rank == 0 else None
    settings = wandb.Settings(
        x_label=f"rank{rank}", x_primary=rank == 0, x_update_finish_state=rank == 0
    )
    return wandb.init(project="torch", id="ddp", mode="shared", settings=settings)

if __name__ == "__main__":
    log_from, start = sys.argv[1], sys.argv[3]
    if start == "torchrun":
        train(int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"]), log_from)
    else:
        mp.start_processes(train, (3, log_from), 3, start_method=start)
"""

ROWS = """[
    [row["rank"], row["at"], row["loss"], row["total"]]
    for row in api.run("torch/ddp").scan_history()
]""".replace("\n", " ")
ENDED = """(lambda run: [
    run.state, [run.summary.get(f"weight_{rank}") for rank in range(3)]
])(api.run("torch/ddp"))""".replace("\n", " ")


@pytest.mark.parametrize(
    ("log_from", "start"),
    [
        ("rank-zero", "spawn"),
        ("all-ranks", "spawn"),
        ("all-ranks", "fork"),
        ("rank-zero", "torchrun"),
        ("all-ranks", "torchrun"),
    ],
)
def test_every_logged_step_arrives(
    stack: Stack, torch_python: str, log_from: str, start: str
) -> None:
    script = stack.cwd / "train.py"
    script.write_text(TRAINING, encoding="utf-8")
    command = [torch_python]
    if start == "torchrun":
        launcher = "-m torch.distributed.run --standalone --nproc-per-node"
        command += [*launcher.split(), str(RANKS)]

    done = subprocess.run(
        [*command, str(script), log_from, str(free_port()), start],
        env=stack.env | {"OMP_NUM_THREADS": "1"},
        cwd=stack.cwd,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    ranks = 1 if log_from == "rank-zero" else RANKS
    rows = stack.ask(ROWS)
    for rank in range(ranks):
        assert [row[1] for row in rows if row[0] == rank] == list(range(STEPS))
    assert len(rows) == ranks * STEPS
    assert all_reduced(rows)
    state, weights = stack.ask(ENDED)
    assert state == "finished"
    assert len({weight for weight in weights if weight is not None}) == 1


def all_reduced(rows: list[list[float]]) -> bool:
    """Every rank saw the same total in the same step."""
    return len({(at, total) for _, at, _, total in rows}) == STEPS


def free_port() -> int:
    """For the ranks to meet at."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
