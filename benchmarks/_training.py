"""The training process of every benchmark, run by the interpreter of each side.

    python _training.py '{"side": "ours", "workload": "loop", …}'

Knows the standard library and the tracker of its side, nothing of this project. Prints
one line `RESULT {…}`; times in µs unless the name says else.
"""

import json
import math
import os
import random
import resource
import sys
import threading
import time
from array import array
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

BEGAN = time.perf_counter()
CLOCK = time.perf_counter_ns
FIVE = ("train/loss", "train/accuracy", "lr", "epoch", "grad_norm")
WARM_UP_CALLS = 500

Row = dict[str, Any]


class Wandb:
    """Ours and the official client: the same calls."""

    def __init__(self) -> None:
        import wandb

        self.import_ms = (time.perf_counter() - BEGAN) * 1000
        self.run: Any = wandb.init(project="bench")
        self.log: Callable[[Row], None] = self.run.log

    def finish(self) -> None:
        """Return when the tracker says that all is safe."""
        self.run.finish()


class TensorboardX:
    """One scalar per key and call, as its users do."""

    def __init__(self) -> None:
        from tensorboardX import SummaryWriter

        self.import_ms = (time.perf_counter() - BEGAN) * 1000
        self._writer = SummaryWriter(os.path.join(os.environ["HOME"], "events"))
        self._step = 0
        self._lock = threading.Lock()

    def log(self, row: Row, under: str = "") -> None:
        """One row."""
        for key, value in row.items():
            if isinstance(value, dict):
                self.log(value, f"{under}{key}/")
            else:
                self._writer.add_scalar(under + key, value, self._step)
        self._step += not under

    def finish(self) -> None:
        """Flush to the file."""
        self._writer.close()


class Trackio:
    """Into its local database."""

    def __init__(self) -> None:
        import trackio

        self.import_ms = (time.perf_counter() - BEGAN) * 1000
        run: Any = trackio.init(project="bench", name="one", embed=False)
        self.log: Callable[[Row], None] = run.log
        self._finish: Callable[[], None] = trackio.finish

    def finish(self) -> None:
        """Return when everything is in the database."""
        self._finish()


TRACKERS: dict[str, Callable[[], Any]] = {
    "ours": Wandb,
    "official": Wandb,
    "tensorboardX": TensorboardX,
    "trackio": Trackio,
}


# ---- rows --------------------------------------------------------------------------


def make_rows(kind: str, count: int) -> list[Row]:
    """Rows as a training would log them; few distinct ones, each with new values."""
    chance = random.Random(1)
    if kind == "wide":
        names = [f"layer_{number}/norm" for number in range(1000)]
        return [{name: chance.random() for name in names} for _ in range(count)]
    if kind == "nested":
        groups = {"train": 4, "validation": 3, "system": 3}
        return [
            {
                group: {f"metric_{number}": chance.random() for number in range(size)}
                for group, size in groups.items()
            }
            for _ in range(count)
        ]
    if kind == "torch":
        import torch

        return [
            {key: torch.tensor(chance.random()) for key in FIVE} for _ in range(count)
        ]
    return [{key: chance.random() for key in FIVE} for _ in range(count)]


# ---- processor time ----------------------------------------------------------------


class HelperTime:
    """Processor time of core and of all children, in seconds since `start`."""

    def start(self) -> None:
        """Count from now."""
        self._before = {pid: _cpu_s(pid) for pid in _helpers()}
        self._ended = _ended_children_s()

    def spent(self) -> float:
        """Until now; a helper that has ended is counted with the children."""
        total = _ended_children_s() - self._ended
        for pid in _helpers():
            total += _cpu_s(pid) - self._before.get(pid, 0.0)
        return max(0.0, total)


def _helpers() -> set[int]:
    me, parents = os.getpid(), {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                fields = Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2]
            except OSError:
                continue
            parents[int(entry)] = int(fields.split()[1])
    family, size = {me}, 0
    while size != len(family):
        size = len(family)
        family |= {pid for pid, parent in parents.items() if parent in family}
    address = Path(os.environ["WANDB_RUNTIME_DIR"], "core.json")
    if address.exists():
        family.add(json.loads(address.read_text())["pid"])
    return family - {me}


def _cpu_s(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _ended_children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def percentiles(spent_ns: Iterable[int]) -> dict[str, float]:
    """In µs; nothing of nothing."""
    ordered = sorted(spent_ns)
    count = len(ordered)
    if not count:
        return {}
    return {
        "p50": ordered[count // 2] / 1000,
        "p99": ordered[count * 99 // 100] / 1000,
        "p999": ordered[count * 999 // 1000] / 1000,
        "max": ordered[-1] / 1000,
    }


# ---- workloads ---------------------------------------------------------------------


def loop(order: Row) -> Row:
    """Tight loop of `calls`, then finish. Times of calls only if they are `timed`."""
    calls = order["calls"]
    rows = make_rows(
        order.get("rows", "five"), min(calls, order.get("distinct", 20_000))
    )
    tracker = TRACKERS[order["side"]]()
    log, clock, helpers = tracker.log, CLOCK, HelperTime()
    for row in rows[: order.get("warm_up", WARM_UP_CALLS)]:
        log(row)
    time.sleep(0.5)
    helpers.start()
    spent = array("q")
    cpu_began, began = time.process_time(), clock()
    done = 0
    while done < calls:
        if order.get("timed", True):
            for row in rows:
                before = clock()
                log(row)
                spent.append(clock() - before)
        else:
            for row in rows:
                log(row)
        done += len(rows)
    stream = getattr(getattr(tracker, "run", None), "_stream", None)
    if hasattr(stream, "flush"):  # ours: until the log has everything
        stream.flush(600)
    logged = clock() - began
    finish_began = clock()
    tracker.finish()
    return percentiles(spent) | {
        "logged_per_s": done / (logged / 1e9),
        "cpu": (time.process_time() - cpu_began) / done * 1e6,
        "helper_cpu": helpers.spent() / done * 1e6,
        "finish_ms": (clock() - finish_began) / 1e6,
        "per_s": done / ((clock() - began) / 1e9),
    }


def paced(order: Row) -> Row:
    """`calls` at `per_s`; processor time above the same loop without a tracker.

    With `gate`, waits for that file before it begins.
    """
    calls, pause = order["calls"], 1 / order["per_s"]
    rows = make_rows("five", 1000)
    if "gate" not in order:
        empty = _paced_loop(lambda row: None, rows, calls, pause)
    tracker = TRACKERS[order["side"]]()
    helpers = HelperTime()
    if "gate" in order:
        Path(f"{order['gate']}.{os.getpid()}").touch()
        while not os.path.exists(order["gate"]):
            time.sleep(0.02)
        empty = {"cpu": 0.0}
    else:
        for row in rows[:100]:
            tracker.log(row)
        time.sleep(1.0)
        helpers.start()
    spent: list[int] = []
    logged = _paced_loop(tracker.log, rows, calls, pause, spent)
    helper_cpu = 0.0 if "gate" in order else helpers.spent() / calls * 1e6
    stream = getattr(getattr(tracker, "run", None), "_stream", None)
    counts = getattr(stream, "counts", None)
    tracker.finish()
    return percentiles(spent) | {
        "cpu": (logged["cpu"] - empty["cpu"]) / calls * 1e6,
        "helper_cpu": helper_cpu,
        "wait_count": getattr(counts, "wait_count", 0),
        "log_path": _log_path(tracker),
    }


def _paced_loop(
    log: Callable[[Row], None],
    rows: list[Row],
    calls: int,
    pause: float,
    spent: list[int] | None = None,
) -> Row:
    spent = [] if spent is None else spent
    cpu = time.process_time()
    due = time.perf_counter()
    for number in range(calls):
        row = rows[number % len(rows)]
        before = CLOCK()
        log(row)
        spent.append(CLOCK() - before)
        due += pause
        wait = due - time.perf_counter()
        if wait > 0:
            time.sleep(wait)
    return {"cpu": time.process_time() - cpu}


def steps(order: Row) -> Row:
    """Blocks of 1 ms steps of computing, with and without log(), in pairs."""
    rows = make_rows("five", 1000)
    rounds = _rounds_of(0.001)
    tracker = TRACKERS[order["side"]]()
    for row in rows[:100]:
        tracker.log(row)
    time.sleep(1.0)
    slower, slower_awake = [], []
    began_at, side_cpu = CLOCK(), _side_threads_s()
    for pair in range(order["pairs"]):
        took, awake = {}, {}
        for is_logging in (pair % 2 == 0, pair % 2 == 1):
            log = tracker.log if is_logging else None
            waited, began = _queued_ns(), CLOCK()
            for number in range(order["block"]):
                _compute(rounds)
                if log is not None:
                    log(rows[number % 1000])
            took[is_logging] = CLOCK() - began
            awake[is_logging] = took[is_logging] - (_queued_ns() - waited)
        slower.append((took[True] / took[False] - 1) * 100)
        slower_awake.append((awake[True] / awake[False] - 1) * 100)
    side_share = (_side_threads_s() - side_cpu) / ((CLOCK() - began_at) / 1e9) * 100
    tracker.finish()
    return {"slower": slower, "slower_awake": slower_awake, "side_share": side_share}


def _side_threads_s() -> float:
    """Processor time of all threads but this one."""
    return time.process_time() - time.thread_time()


def _queued_ns() -> int:
    """How long this thread has waited for a processor that others had."""
    try:
        return int(Path("/proc/thread-self/schedstat").read_text().split()[1])
    except (OSError, IndexError):
        return 0


def _compute(rounds: int) -> float:
    value = 0.5
    for _ in range(rounds):
        value = value * 1.0000001 + 0.25 * (value - 0.3)
        if value > 10:
            value = math.sqrt(value)
    return value


def _rounds_of(seconds: float) -> int:
    best = min(_timed(10_000) for _ in range(20))
    return max(1, round(10_000 * seconds / best))


def _timed(rounds: int) -> float:
    began = time.perf_counter()
    _compute(rounds)
    return time.perf_counter() - began


def beside(order: Row) -> Row:
    """log() after 0.2 ms of computing each; another thread computes all the time."""
    rows = make_rows("five", 1000)
    rounds = _rounds_of(0.0002)
    tracker = TRACKERS[order["side"]]()
    is_over = threading.Event()

    def spin() -> None:
        while not is_over.is_set():
            _compute(1000)

    thread = threading.Thread(target=spin)
    thread.start()
    spent = []
    for number in range(order["calls"]):
        _compute(rounds)
        before = CLOCK()
        tracker.log(rows[number % 1000])
        spent.append(CLOCK() - before)
    is_over.set()
    thread.join()
    tracker.finish()
    return percentiles(spent)


def threads(order: Row) -> Row:
    """`threads` threads log `calls` rows each, at once, numbered."""
    tracker = TRACKERS[order["side"]]()
    spent: list[list[int]] = [[] for _ in range(order["threads"])]
    barrier = threading.Barrier(order["threads"])

    def work(me: int) -> None:
        mine, log = spent[me], tracker.log
        barrier.wait()
        for number in range(order["calls"]):
            row = {"thread": me, "number": number, "loss": number * 0.5}
            before = CLOCK()
            log(row)
            mine.append(CLOCK() - before)

    workers = [
        threading.Thread(target=work, args=(me,)) for me in range(order["threads"])
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    tracker.finish()
    return percentiles([one for mine in spent for one in mine]) | {
        "log_path": _log_path(tracker)
    }


def begin(order: Row) -> Row:
    """Import, init, `calls` rows, and finish; memory before it ends.

    With `hold`, waits for a line on stdin before finish.
    """
    tracker = TRACKERS[order["side"]]()
    init_ms = (time.perf_counter() - BEGAN) * 1000 - tracker.import_ms
    rows = make_rows("five", 1000)
    pause = 100 / order["per_s"] if "per_s" in order else 0.0
    for number in range(order["calls"]):
        if pause and number % 100 == 0:
            time.sleep(pause)
        tracker.log(rows[number % 1000])
    if "hold" in order:
        time.sleep(1.5)
        Path(order["hold"]).touch()
        sys.stdin.readline()
    finish_began = CLOCK()
    tracker.finish()
    return {
        "import_ms": tracker.import_ms,
        "init_ms": init_ms,
        "finish_ms": (CLOCK() - finish_began) / 1e6,
    }


def bare(order: Row) -> Row:
    """Python with the modules of this file and no tracker; waits as `begin` does."""
    make_rows("five", 1000)
    Path(order["hold"]).touch()
    sys.stdin.readline()
    return {}


def _log_path(tracker: Any) -> str:
    settings = getattr(getattr(tracker, "run", None), "_settings", None)
    return str(getattr(settings, "sync_file", "") or "")


WORKLOADS = {
    "loop": loop,
    "paced": paced,
    "steps": steps,
    "beside": beside,
    "threads": threads,
    "begin": begin,
    "bare": bare,
}


def main() -> None:
    """Do as ordered."""
    order = json.loads(sys.argv[1])
    print("\nRESULT " + json.dumps(WORKLOADS[order["workload"]](order)), flush=True)


if __name__ == "__main__":
    main()
