"""`python -m wandb_core`: the process edge.

serve   run core in the foreground (started detached by the bindings)
start   start it if it does not run      stop [--abort]   stop it
status  [--json]                         sync PATH…       upload logs
verify RUN   compare a run's log with the server, row by row
clean        delete runs that are at the server

For processes on other hosts: serve|start --listen HOST:PORT, and token
"""

import argparse
import asyncio
import faulthandler
import json
import logging
import os
import random
import signal
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from wandb_proto.build import build_id
from wandb_proto.places import Places
from wandb_proto.remote_token import ADDRESS_VARIABLE, TOKEN_VARIABLE
from wandb_proto.v1.core_service_pb2 import ListenRequest

from wandb_core import clean_command, control, sync_command, verify_command
from wandb_core.clock import SystemClock
from wandb_core.daemon import Daemon
from wandb_core.errors import CoreError, CoreRunning
from wandb_core.lifecycle import CoreLock, detach
from wandb_core.remote import Identity
from wandb_core.settings import CoreSettings
from wandb_core.status import as_table

_log = logging.getLogger("wandb_core")

THREADS_MAX = 32
"""For file work of all runs together; each log has one more of its own."""

_LISTEN = "let processes on other hosts in, until `wandb core stop`"
_IDENTITY = "file with certificate, key and secret; made if it is not there"

LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="wandb core",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="run core in the foreground")
    start = commands.add_parser("start", help="start core if it does not run")
    start.add_argument(
        "--export", action="store_true", help="print shell commands for other hosts"
    )
    for command in (serve, start):
        command.add_argument("--listen", default="", metavar="HOST:PORT", help=_LISTEN)
        command.add_argument("--log-dir", default="", help="where their logs go")
    token = commands.add_parser("token", help="the token for other hosts")
    for command in (serve, start, token):
        command.add_argument("--identity", default="", metavar="FILE", help=_IDENTITY)
    stop = commands.add_parser("stop", help="let core finish, then stop it")
    stop.add_argument("--abort", action="store_true", help="do not upload any more")
    status = commands.add_parser("status", help="what core is doing")
    status.add_argument("--json", action="store_true", help="as one JSON object")
    sync = commands.add_parser("sync", help="upload logs that are only here")
    sync_command.add_arguments(sync)
    verify = commands.add_parser("verify", help="compare a run's log with the server")
    verify_command.add_arguments(verify)
    clean = commands.add_parser("clean", help="delete runs that are at the server")
    clean_command.add_arguments(clean)
    chosen = parser.parse_args(arguments)
    places = Places.from_environment(os.environ)
    try:
        match chosen.command:
            case "serve":
                return _serve(places, _listening(chosen))
            case "start":
                _start(places, chosen)
            case "token":
                path = Path(chosen.identity or places.core_identity)
                print(Identity.load_or_make(path).token)
            case "stop":
                stopped = control.stop(places, abort=chosen.abort)
                print("core has stopped" if stopped else "core does not run")
            case "status":
                return _show_status(places, as_json=chosen.json)
            case "sync":
                if chosen.clean:
                    return clean_command.clean_synced(chosen, places, os.environ, print)
                return sync_command.sync(chosen, places, os.environ, print)
            case "clean":
                return clean_command.clean(chosen, places, os.environ, print)
            case "verify":
                return verify_command.verify_run(chosen, places, os.environ, print)
    except CoreError as error:
        print(f"wandb core: {error}", file=sys.stderr)
        return 1
    return 0


def _listening(chosen: argparse.Namespace) -> ListenRequest | None:
    """What was asked for; paths made absolute: core changes its directory."""
    if not chosen.listen:
        return None
    paths = (chosen.identity, chosen.log_dir)
    identity, log_dir = (os.path.abspath(path) if path else "" for path in paths)
    return ListenRequest(address=chosen.listen, identity_path=identity, log_dir=log_dir)


def _start(places: Places, chosen: argparse.Namespace) -> None:
    core = control.start(places, os.environ)
    if (request := _listening(chosen)) is None:
        print(f"core runs (pid {core.pid})")
        return
    address, token = control.listen(places, request)
    variables = {ADDRESS_VARIABLE: address, TOKEN_VARIABLE: token}
    if chosen.export:
        for name, value in variables.items():
            print(f"export {name}={value}")
        return
    print(f"core runs (pid {core.pid}) and listens on {request.address}")
    print("Processes on other hosts reach it with these variables; keep the token:")
    for name, value in variables.items():
        print(f"  {name}={value}")


def _show_status(places: Places, *, as_json: bool) -> int:
    snapshot = control.ask_status(places)
    if as_json:
        print(json.dumps(snapshot or {"pid": None}))
    else:
        print(as_table(snapshot) if snapshot else "core does not run")
    return 0


def _serve(places: Places, listening: ListenRequest | None) -> int:
    """Be the core; 0 also if another one is."""
    logging.basicConfig(level=logging.INFO, format=LOG_FORMAT, stream=sys.stderr)
    faulthandler.enable()
    try:
        settings = CoreSettings.from_environment(os.environ)
        lock = CoreLock.take(places)
    except CoreRunning:
        return 0
    detach()
    build_id()
    _log.info("core_starts pid=%d build=%s", os.getpid(), build_id())
    environ = {
        name: text
        for name, text in os.environ.items()
        if name not in control.HIDDEN_VARIABLES
    }
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_run_daemon(places, settings, environ, lock, listening))
    return 0


async def _run_daemon(
    places: Places,
    settings: CoreSettings,
    environ: dict[str, str],
    lock: CoreLock,
    listening: ListenRequest | None,
) -> None:
    daemon = Daemon(
        places,
        settings,
        environ,
        lock,
        clock=SystemClock(),
        chance=random.Random(),
        listening=listening,
    )
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(THREADS_MAX, "core"))
    loop.add_signal_handler(signal.SIGTERM, daemon.stop)
    await daemon.run()
    _log.info("core_gone")
    logging.shutdown()
    # Not by `return`: a thread that hangs on a dead disk would keep us, and the lock.
    os._exit(1 if daemon.failed else 0)


def _loop_factory() -> "type[asyncio.AbstractEventLoop] | None":
    try:
        import uvloop
    except ImportError:  # Windows
        return None
    return uvloop.Loop


if __name__ == "__main__":
    sys.exit(main())
