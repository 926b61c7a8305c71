"""`wandb server user | team | service-account | project`: users, teams, keys, access.

Beside a running server it is asked, as its owner; without one the same is done over the
stores, which are PostgreSQL's where WANDB_SERVER_DATABASE_URL says so.
"""

import argparse
import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from typing import Any
from urllib.parse import quote

from wandb_server import local
from wandb_server.settings import ServerSettings

Say = Callable[[str], None]
Fields = Mapping[str, Any]
PATH_FIELDS = ("user", "team", "key", "entity", "project")


def add_people(commands: Any, command: Callable[..., int]) -> None:
    """Add the parsers; `command` is what each of them runs."""
    user = _group(commands, "user", "who may use this server")
    add = _leaf(user, "add", command, "user add", "a new user, with a key")
    add.add_argument("name")
    add.add_argument("--admin", action="store_true", help="may do everything")
    add.add_argument("--email", default="")
    add.add_argument(
        "--api-key", dest="apiKey", default="", help="a key of your choice"
    )
    add.add_argument("--restore", action="store_true", help="one that was removed")
    _leaf(user, "list", command, "user list", "all users")
    text = "keep scripts of their runs without being asked"
    code = _leaf(user, "code-saving", command, "user code-saving", text)
    code.add_argument("user", metavar="name")
    code.add_argument("codeSaving", metavar="on|off", type=_switch)
    remove = _leaf(user, "remove", command, "user remove", "take every way in away")
    remove.add_argument("user", metavar="name")
    _add_keys(user, command)
    team = _group(commands, "team", "users who share projects")
    add = _leaf(team, "add", command, "team add", "a new team")
    add.add_argument("name")
    add.add_argument("--member", action="extend", nargs="+", dest="members", default=[])
    add.add_argument("--leader", action="extend", nargs="+", dest="admins", default=[])
    add.add_argument("--restore", action="store_true", help="one that was removed")
    _leaf(team, "list", command, "team list", "all teams and who is in them")
    remove = _leaf(team, "remove", command, "team remove", "nobody is in it any more")
    remove.add_argument("team", metavar="name")
    member = _group(team, "member", "who is in a team")
    for word in ("add", "remove"):
        text = "into the team" if word == "add" else "out of the team"
        leaf = _leaf(member, word, command, f"team member {word}", text)
        leaf.add_argument("team")
        leaf.add_argument("user")
        if word == "add":
            leaf.add_argument("--admin", action="store_true", help="leads the team")
    account = _group(commands, "service-account", "programs that speak for a team")
    add = _leaf(account, "add", command, "service-account add", "a new one, with a key")
    add.add_argument("team")
    add.add_argument("name")
    add.add_argument(
        "--api-key", dest="apiKey", default="", help="a key of your choice"
    )
    project = _group(commands, "project", "who may come to a project")
    access = _leaf(project, "access", command, "project access", "say who may come")
    access.add_argument("place", metavar="ENTITY/PROJECT")
    access.add_argument("access", choices=("private", "team", "public"))


def _add_keys(user: Any, command: Callable[..., int]) -> None:
    key = _group(user, "key", "API keys of a user")
    add = _leaf(key, "add", command, "user key add", "one more key")
    add.add_argument("user")
    add.add_argument("--label", default="", help="what it is for")
    add.add_argument(
        "--api-key", dest="apiKey", default="", help="a key of your choice"
    )
    listed = _leaf(key, "list", command, "user key list", "what is known of the keys")
    listed.add_argument("user")
    revoke = _leaf(key, "revoke", command, "user key revoke", "let it in no more")
    revoke.add_argument("user")
    revoke.add_argument("key", metavar="id")


def _switch(text: str) -> bool:
    if text not in ("on", "off"):
        raise argparse.ArgumentTypeError(f"{text!r} is neither on nor off")
    return text == "on"


def _group(commands: Any, name: str, text: str) -> Any:
    parser = commands.add_parser(name, help=text)
    return parser.add_subparsers(required=True, metavar="command")


def _leaf(
    commands: Any, name: str, command: Callable[..., int], errand: str, text: str
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=text)
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument("--data-dir", help="where everything is stored")
    parser.set_defaults(command=command, errand=errand)
    return parser


def run_errand(
    options: argparse.Namespace,
    running: local.RunningServer | None,
    settings: ServerSettings,
    environ: Mapping[str, str],
    say: Say,
) -> int:
    """Do what was asked, beside the running server or over its stores; tell it."""
    fields = _fields(options)
    if running is not None:
        answer = _ask(running, options.errand, fields)
    else:
        answer = asyncio.run(_act(settings, environ, options.errand, fields))
    if options.json:
        say(json.dumps(answer))
    else:
        for line in told(options.errand, answer):
            say(line)
    return 0


def _fields(options: argparse.Namespace) -> dict[str, Any]:
    own = {"command", "errand", "json", "data_dir", "data_dir_given"}
    fields = {name: value for name, value in vars(options).items() if name not in own}
    if (place := fields.pop("place", None)) is not None:
        fields["entity"], _, fields["project"] = place.partition("/")
    return {name: value for name, value in fields.items() if value not in ("", [])}


def _ask(running: local.RunningServer, name: str, fields: Fields) -> Fields:
    from wandb_server.administration import ERRANDS

    errand = ERRANDS[name]
    parts = {part: quote(str(fields.get(part, "")), safe="") for part in PATH_FIELDS}
    body = {} if errand.method in ("GET", "DELETE") else fields
    return local.ask(running, errand.method, errand.path.format(**parts), body)


async def _act(
    settings: ServerSettings, environ: Mapping[str, str], name: str, fields: Fields
) -> Fields:
    from wandb_server.administration import ERRANDS, Asked
    from wandb_server.local_user import local_user, login_name
    from wandb_server.maintenance.commands import alone
    from wandb_server.operations import open_archive

    with ExitStack() as ending:
        ending.enter_context(alone(settings))
        archive = await open_archive(
            settings.database_url,
            settings.object_url,
            data_dir=settings.data_dir,
            environ=environ,
        )
        try:
            # The first user is who starts the server, whoever else is added before.
            asker = await local_user(archive, login_name())
            return await ERRANDS[name].act(Asked(archive, asker, fields))
        finally:
            await archive.close()


def told(errand: str, answer: Fields) -> Sequence[str]:
    """The answer in words, line by line."""
    if "apiKey" in answer:
        who = answer["user"]["name"] if "user" in answer else answer["key"]["label"]
        begin = f"{who}: " if who else ""
        return (f"{begin}the API key, shown only now:", f"  {answer['apiKey']}")
    if "user" in answer:
        return (_user_line(answer["user"]),)
    if "users" in answer:
        return [_user_line(user) for user in answer["users"]]
    if "keys" in answer:
        return [
            f"{key['id']}  {key['hint']}…  {key['label']}" for key in answer["keys"]
        ]
    if "teams" in answer:
        return [_team_line(team) for team in answer["teams"]]
    if "team" in answer:
        return (_team_line(answer["team"]),)
    if "access" in answer:
        place = f"{answer['entity']}/{answer['project']}"
        return (f"{place} is {answer['access']} now.",)
    if "revoked" in answer:
        return (f"Key {answer['revoked']} lets nobody in any more.",)
    what = errand.partition(" ")[0].capitalize()
    return (f"{what} {answer['removed']} was removed; its projects are kept.",)


def _user_line(user: Fields) -> str:
    marks = [name for name in ("admin", "service") if user[name]]
    marks += ["keeps scripts"] if user["codeSaving"] else []
    marks += [f"in {', '.join(user['teams'])}"] if user["teams"] else []
    return "  ".join([user["name"], user["email"] or "-", *marks])


def _team_line(team: Fields) -> str:
    members = [
        member["name"] + (" (admin)" if member["role"] == "admin" else "")
        for member in team["members"]
    ]
    return f"{team['name']}: {', '.join(members) or 'nobody'}"
