"""The process that `forked_servers` forks from: it has imported all of the server.

Reads one order per line, answers one line per order:

    {"do": "serve", …}   -> pid; the child serves until it is killed
    {"do": "backup", …}  -> pid; the child backs up and ends with the command's status
    {"do": "check", …}   -> pid; the child writes what it found to a file
    {"do": "reap", "pid": 4711} -> how it ended, as soon as it has
"""

import asyncio
import json
import logging
import os
import socket
import sys
import time
import traceback
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import sqlalchemy.dialects.postgresql.psycopg
import uvloop
from wandb_proto.places import Places
from wandb_server.graphql.executor import GraphqlExecutor
from wandb_server.listening import listen_unix
from wandb_server.logs import set_up_log
from wandb_server.maintenance import back_up, check, open_stores
from wandb_server.operations import ArchiveSettings
from wandb_server.server import Listeners, serve
from wandb_server.settings import Limits, ServerSettings
from wandb_server.storage.objects import object_id_of, object_key
from wandb_server.storage.removal import known_objects

GraphqlExecutor(Limits())  # what it loads once is loaded
LOADED = (duckdb, psycopg, sqlalchemy.dialects.postgresql.psycopg)
SECRET = b"s" * 32
HOLD_S = 10.0


def settings_of(order: dict[str, Any], port: int = 0) -> ServerSettings:
    """Those of a server that looks after its rows all the time."""
    return ServerSettings(
        data_dir=Path(order["data_dir"]),
        secret=SECRET,
        port=port,
        compact_interval_s=order.get("compact_interval_s", 0.05),
        drain_timeout_s=2.0,
        limits=Limits(**order.get("limits", {})),
        database_url=order["database_url"],
        object_url=order["object_url"],
    )


def serve_child(order: dict[str, Any]) -> int:
    """Serve on the socket that was inherited."""
    listener = socket.socket(fileno=os.dup(order["listener"]))
    places = Places.from_environment(order["env"])
    settings = settings_of(order, listener.getsockname()[1])
    set_up_log(settings.data_dir, to_terminal=False, as_json=False)
    listeners = Listeners((listener,), listen_unix(places.server_socket))
    archive = ArchiveSettings(**order["archive"])
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(
            serve(settings, places, listeners, order["env"], lambda _: None, archive)
        )
    return 0


def backup_child(order: dict[str, Any]) -> int:
    """What `wandb server backup` does; a killed one is forgotten sooner."""
    target = Path(order["target"])

    async def work() -> int:
        async with open_stores(settings_of(order), order["env"]) as stores:
            return (await back_up(stores, target, hold_s=HOLD_S)).missing

    target.with_suffix(".missing").write_text(str(asyncio.run(work())))
    return 0


def check_child(order: dict[str, Any]) -> int:
    """What `wandb server check` says, and objects that no table knows."""

    async def work() -> dict[str, Any]:
        async with open_stores(settings_of(order), {}) as stores:
            problems = (await check(stores)).problems
            keys = [one.key for one in await stores.objects.listed()]
            ids = [number for key in keys if (number := object_id_of(key))]
            known = await stores.database.read(lambda db: known_objects(db, ids))
            named = {object_key(*one) for one in known.items()}
            return {"problems": problems, "strays": sorted(set(keys) - named)}

    Path(order["target"]).write_text(json.dumps(asyncio.run(work())))
    return 0


DO = {"serve": serve_child, "backup": backup_child, "check": check_child}


def main() -> None:
    """Until the orders end."""
    for line in sys.stdin:
        order = json.loads(line)
        if order["do"] == "reap":
            _, status = os.waitpid(order["pid"], 0)
            print(os.waitstatus_to_exitcode(status), flush=True)
            continue
        if child := os.fork():
            print(child, flush=True)
            continue
        code = 70
        try:
            time.sleep(order.get("after_s", 0.0))
            code = DO[order["do"]](order)
        except BaseException:
            logging.getLogger().disabled = True
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)


if __name__ == "__main__":
    main()
