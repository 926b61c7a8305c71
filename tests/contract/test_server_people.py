"""Users, teams, service accounts and keys: over GraphQL and the admin API."""

import base64
import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from wandb_server.administration import ERRANDS
from wandb_server.api.access import Access
from wandb_server.api.routes import ROUTES

from tests.support.served import CONTROL_TOKEN, Served, served

KEY = "local-" + "k" * 40
# As the official client 0.31.0 sends them.
CREATE_USER = """mutation CreateUserFromAdmin($email: String!, $admin: Boolean) {
  result: createUser(input: {email: $email, admin: $admin}) { user { id username email
  admin } } }"""
CREATE_TEAM = """mutation CreateTeam($teamName: String!, $teamAdminUserName: String) {
  result: createTeam(
    input: {teamName: $teamName, teamAdminUserName: $teamAdminUserName}
  ) { entity { id name available photoUrl limits } } }"""
TEAM = """query GetTeamEntity($name: String!) { entity(name: $name) { id name isTeam
  entityType readOnly members { id admin pending email username name photoUrl
  accountType apiKey } } }"""
INVITE = """mutation CreateInvite($entity: String!, $email: String, $username: String,
  $admin: Boolean) { result: createInvite(input: {entityName: $entity, email: $email,
  username: $username, admin: $admin}) { invite { id name toUser { name } } } }"""
DISMISS = """mutation DeleteInvite($id: String, $entity: String) {
  result: deleteInvite(input: {id: $id, entityName: $entity}) { success } }"""
SERVICE = """mutation CreateServiceAccount($entity: String!, $description: String!) {
  result: createServiceAccount(
    input: {description: $description, entityName: $entity}
  ) { user { id } } }"""
GENERATE = """mutation GenerateApiKey($description: String) {
  result: generateApiKey(input: {description: $description}) { apiKey { id name
  description } } }"""
DELETE_KEY = """mutation DeleteApiKey($id: String!) {
  result: deleteApiKey(input: {id: $id}) { success } }"""
VIEWER = """{ viewer { username entity teams { edges { node { name } } }
  apiKeys { edges { node { id name description } } } } }"""


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Served]:
    """ada is an admin of the server, bob is not."""
    async with served(tmp_path) as running:
        yield running


async def admin(
    server: Served, method: str, path: str, **fields: Any
) -> tuple[int, Any]:
    """Status and body of the admin API, asked by ada."""
    more = {"json": fields} if fields else {}
    status, body, _ = await server.ask(method, f"/api/admin{path}", **more)
    return status, body


def filled(path: str) -> str:
    """A pattern of the registry with something in every place."""
    return path.replace("{", "").replace("}", "")


async def refused(
    server: Served, document: str, user: str, **variables: Any
) -> tuple[int, str]:
    """Status and message of a GraphQL answer with an error."""
    asked = {"query": document, "variables": variables}
    status, body, _ = await server.ask("POST", "/graphql", user=user, json=asked)
    assert "errors" in body, body
    return status, body["errors"][0]["message"]


# ---- GraphQL -------------------------------------------------------------------------


async def test_a_team_comes_to_be_and_shares_a_project(server: Served) -> None:
    made = await server.graphql(CREATE_USER, {"email": "eve@example.org"})
    team = await server.graphql(CREATE_TEAM, {"teamName": "lab"})
    for given in ({"username": "bob"}, {"email": "eve@example.org", "admin": True}):
        await server.graphql(INVITE, {"entity": "lab", **given})
    run = """mutation { upsertBucket(input: {name: "r", entityName: "lab",
      modelName: "p"}) { bucket { user { username } project { entityName } } } }"""
    logged = await server.graphql(run, user="bob")
    seen = await server.graphql(TEAM, {"name": "lab"}, user="bob")

    assert made["result"]["user"]["username"] == "eve"
    assert team["result"]["entity"]["name"] == "lab"
    bucket = logged["upsertBucket"]["bucket"]
    assert bucket == {"user": {"username": "bob"}, "project": {"entityName": "lab"}}
    assert (seen["entity"]["isTeam"], seen["entity"]["entityType"]) == (True, "TEAM")
    members = [(one["username"], one["admin"]) for one in seen["entity"]["members"]]
    assert members == [("ada", True), ("bob", False), ("eve", True)]


async def test_only_admins_make_users_and_teams_and_change_them(server: Served) -> None:
    await server.graphql(CREATE_TEAM, {"teamName": "lab"})
    outside = await refused(server, INVITE, "bob", entity="lab", username="bob")
    await server.graphql(INVITE, {"entity": "lab", "username": "bob"})
    ada = base64.b64encode(f"User:{server.users['ada'].id}".encode()).decode()

    wishes: Mapping[str, Mapping[str, Any]] = {
        CREATE_USER: {"email": "x@example.org"},
        CREATE_TEAM: {"teamName": "other"},
        INVITE: {"entity": "lab", "username": "bob", "admin": True},
        DISMISS: {"entity": "lab", "id": ada},
        SERVICE: {"entity": "lab", "description": "robot"},
    }
    answers = [await refused(server, d, "bob", **v) for d, v in wishes.items()]

    assert "does not exist" in outside[1]
    assert [status for status, _ in answers] == [403] * 5
    assert "Only admins of team lab" in answers[2][1]
    assert len(await server.archive.users()) == 2
    team = await server.archive.people.team("lab")
    assert [(one.name, one.admin) for one in team.members] == [
        ("ada", True),
        ("bob", False),
    ]


async def test_a_service_account_speaks_for_its_team_and_tells_its_key_once(
    server: Served,
) -> None:
    await server.graphql(CREATE_TEAM, {"teamName": "lab"})
    await server.graphql(SERVICE, {"entity": "lab", "description": "night runs"})

    first = (await server.graphql(TEAM, {"name": "lab"}))["entity"]["members"][1]
    second = (await server.graphql(TEAM, {"name": "lab"}))["entity"]["members"][1]
    told = await server.graphql(VIEWER, user=first["apiKey"])
    await server.graphql(DISMISS, {"entity": "lab", "id": first["id"]})
    status, _, _ = await server.ask("GET", "/api/session", user=first["apiKey"])

    assert (first["username"], first["accountType"]) == ("night-runs", "SERVICE")
    assert second["apiKey"] is None
    assert told["viewer"]["entity"] == "lab"
    assert status == 401


async def test_keys_are_shown_once_and_revoked_by_their_owner(server: Served) -> None:
    made = await server.graphql(GENERATE, {"description": "laptop"}, user="bob")
    key = made["result"]["apiKey"]
    listed = (await server.graphql(VIEWER, user=key["name"]))["viewer"]["apiKeys"]
    names = [edge["node"]["name"] for edge in listed["edges"]]
    own = await server.graphql(VIEWER)
    foreign = own["viewer"]["apiKeys"]["edges"][0]["node"]["id"]

    _, message = await refused(server, DELETE_KEY, "bob", id=foreign)
    gone = await server.graphql(DELETE_KEY, {"id": key["id"]}, user="bob")
    status, _, _ = await server.ask("GET", "/api/session", user=key["name"])

    assert len(key["name"]) >= 40
    assert key["name"] not in names
    assert key["name"][:8] in names
    assert "does not exist" in message
    assert gone["result"]["success"] is True
    assert status == 401
    assert (await server.ask("GET", "/api/session"))[0] == 200


# ---- admin API -----------------------------------------------------------------------


async def test_the_admin_api_is_for_admins_and_the_control_token(
    server: Served,
) -> None:
    routes = [route for route in ROUTES if route.path.startswith("/api/admin")]
    control = {"Authorization": f"Bearer {CONTROL_TOKEN}"}

    by_bob = {
        route: (await server.ask(route.method, filled(route.path), user="bob"))[0]
        for route in routes
    }
    by_control, _, _ = await server.ask(
        "GET", "/api/admin/users", user=None, headers=control
    )

    assert {route.access for route in routes} == {Access.ADMIN}
    assert len(routes) == len(ERRANDS)
    assert by_bob == dict.fromkeys(routes, 403)
    assert by_control == 200


async def test_users_keys_and_teams_over_http(server: Served) -> None:
    made = await admin(server, "POST", "/users", name="eve", apiKey=KEY, email="e@x")
    more = await admin(server, "POST", "/users/eve/keys", label="laptop")
    keys = await admin(server, "GET", "/users/eve/keys")
    team = await admin(server, "POST", "/teams", name="lab", members=["eve"])
    both = await admin(server, "POST", "/teams/lab/members", user="bob", admin=True)
    robot = await admin(server, "POST", "/teams/lab/service-accounts", name="robot")
    told = await server.graphql(VIEWER, user=KEY)
    path = f"/users/eve/keys/{more[1]['key']['id']}"
    revoked = await admin(server, "DELETE", path)
    out = await admin(server, "DELETE", "/teams/lab/members/bob")
    gone = await admin(server, "DELETE", "/teams/lab")
    removed = await admin(server, "DELETE", "/users/eve")
    users = await admin(server, "GET", "/users")

    assert (made[0], made[1]["apiKey"]) == (200, KEY)
    assert [key["label"] for key in keys[1]["keys"]] == ["made with the user", "laptop"]
    assert KEY not in str(keys) + str(users)
    assert team[1]["team"]["members"] == [
        {"name": "eve", "role": "member", "service": False}
    ]
    assert both[1]["team"]["members"][0]["role"] == "admin"
    assert robot[1]["user"]["entity"] == "lab"
    assert told["viewer"]["teams"]["edges"] == [{"node": {"name": "lab"}}]
    assert [revoked[0], out[0], gone[0], removed[0]] == [200] * 4
    assert [user["name"] for user in users[1]["users"]] == ["ada", "bob"]
    for key in (KEY, more[1]["apiKey"], robot[1]["apiKey"]):
        assert (await server.ask("GET", "/api/session", user=key))[0] == 401


@pytest.mark.parametrize(
    ("method", "path", "fields", "status", "words"),
    [
        ("POST", "/users", {"name": "ada"}, 400, "taken"),
        ("POST", "/teams", {"name": "bob"}, 400, "taken"),
        ("POST", "/users", {"name": "graphql"}, 400, "cannot be"),
        ("POST", "/users", {"name": "a/b"}, 400, "cannot be"),
        ("POST", "/users", {"name": ""}, 400, "must be given"),
        ("POST", "/users", {"name": "eve", "apiKey": "short"}, 400, "40"),
        ("POST", "/users", {"name": "eve", "admin": "yes"}, 400, "true or false"),
        ("POST", "/users", {"name": "eve", "apiKey": "local-" + "b" * 40}, 400, "use"),
        ("POST", "/teams", {"name": "t", "members": ["nobody"]}, 404, "nobody"),
        ("PUT", "/users/nobody", {"codeSaving": True}, 404, "nobody"),
        ("PUT", "/users/bob", {"codeSaving": "on"}, 400, "true or false"),
        ("DELETE", "/users/nobody", {}, 404, "nobody"),
        ("DELETE", "/users/ada", {}, 400, "starts this server"),
        ("DELETE", "/users/ada/keys/x", {}, 404, "key"),
        ("DELETE", "/users/bob/keys/1", {}, 404, "key"),
        ("PUT", "/projects/ada/none", {"access": "public"}, 404, "none"),
        ("PUT", "/projects/ada/none", {"access": "open"}, 400, "private, team, public"),
    ],
)
async def test_what_cannot_be_is_refused_in_words_and_changes_nothing(
    server: Served, method: str, path: str, fields: Any, status: int, words: str
) -> None:
    found, body = await admin(server, method, path, **fields)

    assert found == status
    assert words in body["errors"][0]["message"]
    assert [user.name for user in await server.archive.users()] == ["ada", "bob"]
    assert list(await server.archive.people.teams()) == []


async def test_a_removed_name_is_kept_for_whoever_had_it(server: Served) -> None:
    await admin(server, "POST", "/users", name="eve", apiKey=KEY)
    await server.archive.create_project("eve", "p")
    await admin(server, "DELETE", "/users/eve")

    again = await admin(server, "POST", "/users", name="eve")
    as_team = await admin(server, "POST", "/teams", name="eve")
    back = await admin(server, "POST", "/users", name="eve", restore=True)

    assert (again[0], as_team[0], back[0]) == (400, 400, 200)
    assert "--restore" in again[1]["errors"][0]["message"]
    data = await server.graphql(
        '{ project(name: "p") { name } }', user=back[1]["apiKey"]
    )
    assert data == {"project": {"name": "p"}}


async def test_a_project_is_opened_and_closed(server: Served) -> None:
    await server.archive.create_project("ada", "p")
    question = '{ project(name: "p", entityName: "ada") { access readOnly } }'
    seen = []
    for access in ("public", "team", "private"):
        await admin(server, "PUT", "/projects/ada/p", access=access)
        seen.append((await server.graphql(question, user="bob"))["project"])
    own = (await server.graphql(question))["project"]

    assert seen == [{"access": "USER_READ", "readOnly": True}, None, None]
    assert own == {"access": "PRIVATE", "readOnly": False}


async def test_the_account_says_whether_scripts_are_kept(server: Served) -> None:
    """`viewer.flags` is a JSON object as text, as both clients read it."""
    seen = []
    for is_on in (None, True, False):
        if is_on is not None:
            done = await admin(server, "PUT", "/users/bob", codeSaving=is_on)
            assert (done[0], done[1]["user"]["codeSaving"]) == (200, is_on)
        viewer = await server.graphql("{ viewer { flags } }", user="bob")
        seen.append(json.loads(viewer["viewer"]["flags"]))

    assert seen == [{}, {"code_saving_enabled": True}, {}]
    ada = await server.graphql("{ viewer { flags } }")
    assert json.loads(ada["viewer"]["flags"]) == {}
