"""`python -m wandb_server start | stop | open | status | backup | …`: by hand.

The edge of the process: reads arguments and environment, prints, and hands over.
"""

import argparse
import asyncio
import json
import logging
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wandb_proto import VERSION
from wandb_proto.places import PlaceNotPrivate, Places, make_private

from wandb_server import local
from wandb_server.allocator import bound_heaps
from wandb_server.browser import has_screen, open_in_browser
from wandb_server.data_dir import LOCK_PATIENCE_S, FileLock, Machine, hold_data_dir
from wandb_server.errors import AlreadyRunning, ServerError, StartRefused
from wandb_server.listening import allow_many_files, listen_tcp, listen_unix
from wandb_server.local import StartReport
from wandb_server.logs import set_up_log
from wandb_server.people_commands import add_people, run_errand
from wandb_server.settings import (
    HOST_DEFAULT,
    LOOPBACK_HOSTS,
    PORT_DEFAULT,
    KeptSettings,
    ServerSettings,
    Service,
    TeamStores,
    load_kept,
    save_kept,
)

if TYPE_CHECKING:
    from wandb_server.server import Started


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status."""
    options = _parser().parse_args(arguments)
    environ = dict(os.environ)
    places = Places.from_environment(environ)
    options.data_dir_given = bool(options.data_dir)
    options.data_dir = Path(options.data_dir or places.data_dir / "server").absolute()
    command: Callable[..., int] = options.command
    try:
        return command(options, places, environ)
    except (ServerError, PlaceNotPrivate) as error:
        print(f"wandb server: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="wandb server", description="The local server and its web page."
    )
    parser.add_argument("--version", action="version", version=VERSION)
    commands = parser.add_subparsers(required=True, metavar="command")
    start = commands.add_parser("start", help="start it, or say where it runs")
    _add_run_options(start)
    start.add_argument("--quiet", action="store_true", help="print errors only")
    start.add_argument(
        "--foreground", action="store_true", help="stay in this terminal, log to it"
    )
    start.set_defaults(command=_start)
    run = commands.add_parser("run")  # internal: what `start` spawns
    _add_run_options(run)
    run.add_argument("--report-to", type=int, help=argparse.SUPPRESS)
    run.set_defaults(command=_run)
    for name, command, text in (
        ("stop", _stop, "finish open requests, then end"),
        ("open", _open, "open the page in a browser, signed in; prints the address"),
        ("status", _status, "say whether it runs, and where"),
    ):
        added = commands.add_parser(name, help=text)
        added.set_defaults(command=command, data_dir=None)
        if name == "status":
            added.add_argument("--json", action="store_true", help="for programs")
        if name == "open":
            added.add_argument("path", nargs="?", default="/", help="page to open")
            added.add_argument(
                "--user", default="", help="print an address for another user"
            )
            added.add_argument(
                "--print", action="store_true", help="only print the address"
            )
    _add_maintenance(commands)
    add_people(commands, _people)
    return parser


def _add_maintenance(commands: Any) -> None:
    for name, file, text in (
        ("backup", "a new file", "write everything to one file; a server may run"),
        ("restore", "made by backup", "fill empty stores from a backup"),
        ("check", "", "read everything that is stored, report what is damaged"),
        ("gc", "", "delete bytes that nobody refers to; say how many"),
    ):
        added = commands.add_parser(name, help=text)
        added.add_argument("--data-dir", help="where everything is stored")
        added.set_defaults(command=_maintain, maintenance=name)
        if file:
            added.add_argument("file", type=Path, help=file)


def _add_run_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default=HOST_DEFAULT, help="address to listen on")
    parser.add_argument(
        "--port", type=_port, help="remembered; at first 8080; 0: any free one"
    )
    parser.add_argument("--data-dir", help="where everything is stored")
    parser.add_argument("--public-url", default="", help="what other machines call it")


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port number (0 to 65535)")
    return int(text)


def _first_port(environ: Mapping[str, str]) -> int:
    text = environ.get("WANDB_SERVER_PORT") or str(PORT_DEFAULT)
    try:
        return _port(text)
    except argparse.ArgumentTypeError as error:
        raise StartRefused(f"WANDB_SERVER_PORT: {error}") from error


# ---- commands ------------------------------------------------------------------------


def _start(
    options: argparse.Namespace, places: Places, environ: Mapping[str, str]
) -> int:
    local.check_extra()
    if (running := local.find_running(places)) is not None:
        return _already_running(options, running)
    if options.foreground:
        return _run(options, places, environ)
    chosen = ["--host", options.host, "--data-dir", str(options.data_dir)]
    if options.port is not None:
        chosen += ["--port", str(options.port)]
    if options.public_url:
        chosen += ["--public-url", options.public_url]
    report = local.spawn(places, chosen, environ, options.data_dir)
    if report.already_running and local.lives(places):
        return _already_running(options, local.wait_for_running(places))
    if report.problem:
        raise StartRefused(report.problem)
    if not options.quiet:
        print(_welcome(report, options))
    return 0


def _already_running(options: argparse.Namespace, running: local.RunningServer) -> int:
    """Fine if it is the one that was asked for."""
    moved = []
    if options.port and not running.url.endswith(f":{options.port}"):
        moved.append(f"--port {options.port}")
    if options.data_dir_given and str(options.data_dir) != running.data_dir:
        moved.append(f"--data-dir {options.data_dir}")
    if moved:
        raise AlreadyRunning(
            f"Your server already runs at {running.url} (data in {running.data_dir}). "
            f"To change that: wandb server stop, then wandb server start "
            f"{' '.join(moved)}"
        )
    if not options.quiet:
        print(f"The server already runs at {running.url} (data in {running.data_dir}).")
        print(f"  open  {running.page(local.ask_login_token(running))}")
    return 0


def _welcome(report: StartReport, options: argparse.Namespace) -> str:
    address = local.sign_in_address(report.url, report.login_token)
    return "\n".join(
        [
            f"The server runs at {report.url}",
            f"  open  {address}",
            "        (signs your browser in, once; another: wandb server open)",
            f"  data  {options.data_dir}",
            "  stop  wandb server stop",
            *report.remarks,
        ]
    )


def _stop(_: argparse.Namespace, places: Places, __: Mapping[str, str]) -> int:
    if not local.lives(places):
        print("No server is running.")
        return 0
    running = local.wait_for_running(places)
    if not local.stop(places, running):
        message = f"The server (pid {running.pid}) still has not ended; see its log."
        raise StartRefused(message)
    print(f"The server at {running.url} has stopped.")
    return 0


def _open(
    options: argparse.Namespace, places: Places, environ: Mapping[str, str]
) -> int:
    running = local.find_running(places)
    if running is None:
        raise StartRefused("No server is running. Start it with: wandb server start")
    token = local.ask_login_token(running, options.user)
    address = running.page(token, options.path)
    print(address)
    if not (options.print or options.user) and has_screen(environ):
        open_in_browser(address, places.runtime_dir)
    return 0


def _status(options: argparse.Namespace, places: Places, __: Mapping[str, str]) -> int:
    running = local.find_running(places)
    if options.json:
        shown = ("url", "pid", "data_dir", "version", "socket", "entity")
        known = {name: getattr(running, name) for name in shown} if running else {}
        print(json.dumps({"running": running is not None, **known}))
    elif running is None:
        print("No server is running. Start it with: wandb server start")
    else:
        print(
            f"Running at {running.url} (pid {running.pid}, version {running.version})"
        )
        print(f"  data  {running.data_dir}")
    return 0 if running is not None else 1


def _maintain(
    options: argparse.Namespace, places: Places, environ: Mapping[str, str]
) -> int:
    local.check_extra()
    from wandb_server.maintenance import commands

    options.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    kept = load_kept(options.data_dir, _first_port(environ)).kept
    settings = _settings(options.data_dir, kept, TeamStores.from_environment(environ))
    if options.maintenance == "backup":
        return commands.make_backup(settings, environ, options.file, print)
    if options.maintenance == "restore":
        return commands.restore_backup(settings, environ, options.file, print)
    if options.maintenance == "check":
        return commands.check_stores(settings, environ, print)
    running = local.find_running(places)
    if running is not None and running.data_dir == str(options.data_dir):
        print(commands.freed_text(local.ask_collect_garbage(running)))
        return 0
    return commands.collect_garbage(settings, environ, print)


def _people(
    options: argparse.Namespace, places: Places, environ: Mapping[str, str]
) -> int:
    local.check_extra()
    options.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    kept = load_kept(options.data_dir, _first_port(environ)).kept
    settings = _settings(options.data_dir, kept, TeamStores.from_environment(environ))
    running = local.find_running(places)
    if running is not None and running.data_dir != str(options.data_dir):
        running = None
    return run_errand(options, running, settings, environ, print)


def _settings(
    data_dir: Path, kept: KeptSettings, team: TeamStores, **more: Any
) -> ServerSettings:
    return ServerSettings(
        data_dir=data_dir,
        secret=team.secret or kept.secret,
        database_url=team.database_url,
        object_url=team.object_url,
        **more,
    )


# ---- the server process --------------------------------------------------------------


def _run(
    options: argparse.Namespace, places: Places, environ: Mapping[str, str]
) -> int:
    report_to: int | None = getattr(options, "report_to", None)
    try:
        _serve(options, places, environ, report_to)
    except (ServerError, PlaceNotPrivate) as error:
        if report_to is None:
            raise
        already = isinstance(error, AlreadyRunning)
        _report(report_to, StartReport(problem=str(error), already_running=already))
        return 1
    return 0


def _serve(
    options: argparse.Namespace,
    places: Places,
    environ: Mapping[str, str],
    report_to: int | None,
) -> None:
    bound_heaps()
    with ExitStack() as ending:
        make_private(places.runtime_dir)
        lock = FileLock.take(local.server_lock(places), patience_s=LOCK_PATIENCE_S)
        if lock is None:
            raise AlreadyRunning("Your server already runs; see: wandb server status")
        ending.callback(lock.release)
        data_dir = hold_data_dir(options.data_dir, Machine.this())
        ending.callback(data_dir.release)
        loaded = load_kept(options.data_dir, _first_port(environ))
        port = loaded.kept.port if options.port is None else options.port
        settings = _settings(
            options.data_dir,
            loaded.kept,
            TeamStores.from_environment(environ),
            host=options.host,
            port=port,
            public_url=options.public_url,
            **asdict(Service.from_environment(environ, options.host)),
        )
        tcp = listen_tcp(settings.host, settings.port)
        for listener in tcp:
            ending.callback(listener.close)
        # A port found with --port 0 is remembered: core starts the server there again.
        if (found := tcp[0].getsockname()[1]) != loaded.kept.port:
            save_kept(options.data_dir, KeptSettings(found, loaded.kept.secret))
        remarks = [loaded.remark] if loaded.remark else []
        if not options.public_url and options.host not in LOOPBACK_HOSTS:
            remarks.append(
                f"Listening on {options.host}: other machines are answered only under "
                "the address given by --public-url http://<this machine>:<port>"
            )
        as_json = environ.get("WANDB_SERVER_LOG", "") == "json"
        set_up_log(options.data_dir, to_terminal=report_to is None, as_json=as_json)
        for remark in remarks:
            logging.getLogger(__name__).warning("%s", remark)

        def started(told: "Started") -> None:
            report = StartReport(told.url, told.login_token, (*remarks, *told.remarks))
            if report_to is None:
                print(_welcome(report, options), flush=True)
            else:
                _report(report_to, report)

        allow_many_files()
        # Only now the heavy imports: whatever was wrong so far is told at once.
        import uvloop

        from wandb_server.server import Listeners, serve

        unix = listen_unix(places.server_socket)
        ending.callback(unix.close)
        listeners = Listeners(tuple(tcp), unix)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve(settings, places, listeners, environ, started))


def _report(descriptor: int, report: StartReport) -> None:
    """Tell the starter; it may have gone, which is its own business."""
    try:
        with open(descriptor, "w", encoding="utf-8") as pipe:
            pipe.write(report.to_json())
    except OSError:
        pass


if __name__ == "__main__":
    sys.exit(main())
