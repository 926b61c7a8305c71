"""A user's directory, without a server: for tests of what users meet when things fail.

```python
with desk(WANDB_MODE="offline") as user:
    done = user.run("import wandb; wandb.init(id='r').log({'a': 1})")
    assert logged_rows(user.log_of("r")) == [{"a": 1}]
```
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wandb_core.transaction_log import read_all
from wandb_proto import json_codec

from tests.conftest import isolated_environment
from tests.support.core_process import stop_any_core
from tests.support.stack import Stack
from tests.support.waiting import wait_until


@dataclass(frozen=True)
class Desk(Stack):
    """`Stack` without a server of its own."""

    def log_of(self, run_id: str) -> Path:
        """The transaction log of a run; that of one killed early is begun by core."""
        pattern = f"wandb/*run-*/run-{run_id}.wandb"
        wait_until(lambda: any(self.cwd.glob(pattern)))
        (path,) = self.cwd.glob(pattern)
        return path

    def rows(self, run_id: str) -> list[dict[str, Any]]:
        """The logged rows of a run in this directory."""
        return logged_rows(self.log_of(run_id))

    def path(self, variable: str) -> Path:
        """A directory of this user, by the variable that chooses it."""
        return Path(self.env[variable])


@contextmanager
def desk(**more_env: str) -> Iterator[Desk]:
    """New directories in a short place; core is killed, all is removed at the end."""
    root = Path(tempfile.mkdtemp(prefix="wb-", dir="/tmp"))
    try:
        env = isolated_environment(root) | more_env
        cwd = Path(env["HOME"]) / "work"
        cwd.mkdir()
        yield Desk(env, cwd, "")
        stop_any_core(env)
    finally:
        shutil.rmtree(root, ignore_errors=True)


def logged_rows(path: Path) -> list[dict[str, Any]]:
    """The history rows of a log, without what every row has."""
    return [
        {
            ".".join(item.nested_key): json_codec.loads(item.value_json)
            for item in logged.record.history.item
            if not item.nested_key[0].startswith("_")
        }
        for logged in read_all(path)
        if logged.record.WhichOneof("record_type") == "history"
    ]
