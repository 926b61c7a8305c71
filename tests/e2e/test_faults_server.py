"""What a user sees of a server that is down, slow, refuses or talks nonsense."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator

import pytest
from wandb_proto.credentials import write_key

from tests.support.desk import Desk, desk
from tests.support.fake_server import API_KEY, FakeServer, Fault
from tests.support.waiting import wait_until_async

ROWS = 200
SLOW_S = 60.0
QUICK = {
    "WANDB_CORE_RETRY_DELAY_S_MIN": "0.05",
    "WANDB_CORE_RETRY_DELAY_S_MAX": "0.3",
    "WANDB_CORE_REQUEST_TIMEOUT_S": "1",
    "WANDB_CORE_LIVE_INTERVAL_S": "0.1",
}

TRAIN = f"""
import sys, time, wandb
began = time.monotonic()
run = wandb.init(project="p", id=sys.argv[1])
init_s = time.monotonic() - began
for number in range({ROWS}):
    run.log({{"n": number}})
logged_s = time.monotonic() - began - init_s
waited_s = run._stream.counts.waited_s
print(f"{{init_s:.2f}} {{logged_s:.2f}} {{waited_s:.2f}}", flush=True)
sys.stdin.readline()
run.finish()
"""

PASSING = {
    "slow": Fault.slow(SLOW_S),
    "reset": Fault.connection_reset(),
    "busy": Fault(status=429, headers={"Retry-After": "0.1"}),
    "broken": Fault(status=500, body="oops"),
    "garbage": Fault.garbage(),
    "down": None,
}

REFUSALS = {
    "unauthorized": (Fault(status=401), "does not accept the API key"),
    "missing": (Fault(status=404, body="no such place"), "refuses the run"),
}


@pytest.fixture(scope="module")
def user() -> Iterator[Desk]:
    with desk(**QUICK, WANDB_FINISH_TIMEOUT="20") as made:
        yield made


class Training:
    """A script that has logged its rows and ends when it is told to."""

    def __init__(
        self, user: Desk, run_id: str, server: FakeServer, *, with_key: bool = True
    ) -> None:
        if with_key:
            write_key(user.env, server.base_url, API_KEY)
        else:  # a port may come again: forget all keys
            user.path("NETRC").write_text("")
        script = user.cwd / f"{run_id}.py"
        script.write_text(TRAIN, encoding="utf-8")
        self.run_id = run_id
        self.server = server
        self.directory = user.cwd / "wandb"
        self._told = user.cwd / f"{run_id}.told"
        with self._told.open("w") as stderr:
            self._process = subprocess.Popen(
                [sys.executable, str(script), run_id],
                env=user.env | {"WANDB_BASE_URL": server.base_url},
                cwd=user.cwd,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
            )

    @property
    def told(self) -> str:
        """What it has said on stderr so far."""
        return self._told.read_text()

    def end(self) -> list[float]:
        """Let it finish; how many seconds init and all log calls took, and how many of
        them they waited for room.
        """
        out, _ = self._process.communicate("\n", timeout=60)
        assert self._process.returncode == 0, self.told
        return [float(seconds) for seconds in out.split()]

    def kill(self) -> None:
        """For sure; a script that has ended is left alone."""
        self._process.kill()
        self._process.communicate()

    def arrived(self) -> list[int]:
        """The numbers that the server has, in order."""
        return [row["n"] for row in self.server.run(self.run_id).history]


async def test_data_arrive_after_any_passing_trouble_which_is_told_once(
    user: Desk,
) -> None:
    """All kinds of trouble at the same time, each with its own server."""
    async with asyncio.TaskGroup() as tasks:
        for name, fault in PASSING.items():
            tasks.create_task(_outlive(user, name, fault))


async def _outlive(user: Desk, name: str, fault: Fault | None) -> None:
    async with FakeServer() as server:
        if fault is None:
            await server.down()
        else:
            server.fail("*", fault, times=None)
        training = Training(user, name, server)
        try:
            await wait_until_async(lambda: "Network problem" in training.told, 30)
            if fault is None:
                await server.up()
            server.heal()
            await wait_until_async(lambda: "answers again" in training.told, 20)
            init_s, logged_s, waited_s = await asyncio.to_thread(training.end)
        finally:
            training.kill()

        told = training.told
        assert init_s < SLOW_S / 2, name
        assert logged_s < SLOW_S / 2, name
        assert waited_s == 0, name
        assert told.count("Network problem") == 1, told
        assert told.count("answers again") == 1, told
        assert f"/run-{name}.wandb" in told
        assert "Nothing is lost" in told
        assert "Traceback" not in told
        assert "ERROR" not in told
        assert API_KEY not in told
        run = server.run(name)
        assert (training.arrived(), run.conflicts) == (list(range(ROWS)), []), name
        assert (run.complete, run.exit_code) == (True, 0)


@pytest.mark.parametrize("name", REFUSALS)
async def test_refused_run_goes_on_and_is_synced_by_hand(user: Desk, name: str) -> None:
    fault, words = REFUSALS[name]
    async with FakeServer() as server:
        server.fail("*", fault, times=None)
        training = Training(user, name, server)
        try:
            await asyncio.to_thread(training.end)
        finally:
            training.kill()
        told = training.told
        (directory,) = training.directory.glob(f"run-*-{name}")

        assert words in told
        assert told.count(f"retry with: wandb sync {directory}") == 1, told
        assert "not answered yet" not in told
        assert "Traceback" not in told
        assert API_KEY not in told

        server.heal()
        synced = await asyncio.to_thread(
            user.call, sys.executable, "-m", "wandb", "sync", str(directory),
            WANDB_BASE_URL=server.base_url,
        )  # fmt: skip
        assert name in server.runs, synced
        assert training.arrived() == list(range(ROWS))


async def test_without_a_key_nobody_waits_and_the_login_is_asked_for_once(
    user: Desk,
) -> None:
    async with FakeServer() as server:
        training = Training(user, "keyless", server, with_key=False)
        try:
            await wait_until_async(lambda: "run: wandb login" in training.told, 20)
            await asyncio.to_thread(training.end)
        finally:
            training.kill()

        assert training.told.count("No API key for") == 1, training.told
        assert "is not uploaded yet" in training.told
        assert "not answered yet" not in training.told
