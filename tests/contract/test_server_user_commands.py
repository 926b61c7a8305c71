"""`wandb server user | team | service-account | project` as an operator meets them."""

import json
from typing import Any

from tests.support.server_process import ServerProcess, server_command, started_server

KEY = "local-" + "k" * 40
VIEWER = "{ viewer { username entity teams { edges { node { name } } } } }"


def told(environment: dict[str, str], *words: str) -> Any:
    """What a command answers with --json."""
    done = server_command(environment, *words, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def viewer(server: ServerProcess, key: str) -> Any:
    body = json.dumps({"query": VIEWER}).encode()
    return server.request("POST", "/graphql", body, key=key).json["data"]["viewer"]


def test_before_beside_and_after_a_running_server(places_env: dict[str, str]) -> None:
    """The same commands over the stores and through the server, and both see both."""
    early = told(places_env, "user", "add", "bob", "--email", "bob@example.org")
    with started_server(places_env) as server:
        made = told(places_env, "user", "add", "eve", "--api-key", KEY)
        told(places_env, "team", "add", "lab", "--member", "bob", "eve")
        robot = told(places_env, "service-account", "add", "lab", "robot")
        more = told(places_env, "user", "key", "add", "eve", "--label", "laptop")
        by_key = [viewer(server, key["apiKey"]) for key in (early, made, more, robot)]
        told(places_env, "user", "key", "revoke", "eve", str(more["key"]["id"]))
        old = server.request("GET", "/api/session", key=more["apiKey"])
        server.graphql('mutation { upsertModel(input: {name: "p"}) { inserted } }')
        place = f"{server.entity}/p"
        shown = server_command(places_env, "project", "access", place, "public")
    users = told(places_env, "user", "list")["users"]
    teams = server_command(places_env, "team", "list")
    keys = server_command(places_env, "user", "key", "list", "eve")

    assert server.entity not in ("bob", "eve")
    assert [user["name"] for user in users] == [server.entity, "bob", "eve", "robot"]
    names = [(one["username"], one["entity"]) for one in by_key]
    assert names == [("bob", "bob"), ("eve", "eve"), ("eve", "eve"), ("robot", "lab")]
    assert all(one["teams"]["edges"] for one in by_key)
    assert old.status == 401
    assert shown.stdout == f"{place} is public now.\n"
    assert teams.stdout == "lab: bob, eve, robot\n"
    assert "made with the user" in keys.stdout
    assert KEY not in keys.stdout


def test_what_cannot_be_is_said_in_a_line(places_env: dict[str, str]) -> None:
    told(places_env, "user", "add", "bob")
    with started_server(places_env):
        beside = server_command(places_env, "user", "add", "bob")
    alone = server_command(places_env, "user", "add", "bob")
    unknown = server_command(places_env, "team", "add", "lab", "--member", "nobody")

    for done in (beside, alone):
        assert done.returncode == 1
        assert done.stderr == "wandb server: name: 'bob' is taken\n"
    assert unknown.returncode == 1
    assert "'nobody' does not exist" in unknown.stderr


def test_another_user_signs_in_by_an_address_that_works_once(
    places_env: dict[str, str],
) -> None:
    with started_server(places_env) as server:
        told(places_env, "user", "add", "bob")
        shown = server_command(places_env, "open", "--user", "bob")
        nobody = server_command(places_env, "open", "--user", "nobody")
        path = "/auth" + shown.stdout.strip().partition("/auth")[2]
        signed = server.request("GET", path, key=None)
        again = server.request("GET", path, key=None)
        cookie = {"Cookie": signed.headers["Set-Cookie"].partition(";")[0]}
        session = server.request("GET", "/api/session", key=None, headers=cookie)

    assert (signed.status, again.status) == (303, 401)
    assert (session.json["user"], session.json["entity"]) == ("bob", "bob")
    assert nobody.returncode == 1
    assert "user 'nobody' does not exist" in nobody.stderr
