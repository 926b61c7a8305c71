"""Nobody gets in who does not belong; nothing of another user is readable."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from wandb_server.api.access import Access
from wandb_server.api.routes import ROUTES

from tests.support.served import CONTROL_TOKEN, MAKE_RUN, Served, served

OPEN_PATHS = {
    "/healthz",
    "/ready",
    "/auth",
    "/sdk/otel/{tail:.*}",
    # Only what browsers ask before a request of another page: the answer tells nothing.
    "/files/{tail:.*}",
    "/artifact-data/{tail:.*}",
}
PAGE = b"<!doctype html><title>page</title>"


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Served]:
    web_dir = tmp_path / "web"
    (web_dir / "assets").mkdir(parents=True)
    (web_dir / "index.html").write_bytes(PAGE)
    (web_dir / "assets" / "a-1234.js").write_text("1")
    async with served(tmp_path, web_dir=web_dir) as running:
        yield running


async def make_run(server: Served, name: str = "run1") -> str:
    variables = {"name": name, "project": "proj", "config": "{}"}
    data = await server.graphql(MAKE_RUN, variables)
    storage_id: str = data["upsertBucket"]["bucket"]["id"]
    return storage_id


async def sign_in(server: Served) -> str:
    """The Cookie header of a browser of ada."""
    await server.archive.add_login_token(server.users["ada"], "once", 2e9)
    _, _, headers = await server.ask("GET", "/auth?token=once&next=/", user=None)
    return headers["Set-Cookie"].partition(";")[0]


# ---- every route ---------------------------------------------------------------------


async def test_every_route_is_denied_without_credentials(server: Served) -> None:
    await make_run(server)
    filled = {
        "{entity}": "ada", "{project}": "proj", "{run}": "run1",
        "{name:.+}": "x.txt", "{tail:.*}": "anything", "{artifact}": "1",
        "{md5}": "0" * 32, "{part}": "1", "{part_md5}": "0" * 32, "{manifest}": "1",
        "{object}": "1", "{region}": "default", "{collection}": "c", "{birth}": "b",
        "{user}": "ada", "{team}": "t", "{key}": "1",
    }  # fmt: skip
    admitted = []
    for route in ROUTES:
        path = route.path
        for pattern, text in filled.items():
            path = path.replace(pattern, text)
        method = "DELETE" if route.method == "*" else route.method

        status, _, _ = await server.ask(method, path, user=None)

        if route.access is Access.SIGNED:
            assert status == 403, route
        elif status != 401:
            admitted.append(route.path)
    assert set(admitted) <= OPEN_PATHS
    openly = [route for route in ROUTES if route.access is Access.OPEN]
    assert {route.path for route in openly} == OPEN_PATHS
    of_files = [route for route in openly if route.path.endswith("/{tail:.*}")]
    assert {route.method for route in of_files} == {"OPTIONS", "POST"}


async def test_a_wrong_key_is_told_in_the_form_that_clients_show(
    server: Served,
) -> None:
    status, body, _ = await server.ask("POST", "/graphql", user="x" * 40, json={})

    assert status == 401
    assert "API key" in body["errors"][0]["message"]
    assert server.around.public_url in body["errors"][0]["message"]


@pytest.mark.parametrize(
    "authorization", ["Basic", "Basic !!!", "Basic YXBpOg==", "Bearer ", "Digest x"]
)
async def test_broken_credentials_are_refused(
    server: Served, authorization: str
) -> None:
    headers = {"Authorization": authorization}

    status, _, _ = await server.ask(
        "POST", "/graphql", user=None, headers=headers, json={}
    )

    assert status == 401


async def test_bearer_works_like_basic(server: Served) -> None:
    headers = {"Authorization": "Bearer local-" + "a" * 40}

    status, body, _ = await server.ask(
        "GET", "/api/session", user=None, headers=headers
    )

    assert (status, body["user"]) == (200, "ada")


# ---- Host and Origin -----------------------------------------------------------------


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8080", "localhost:1", ""]
)
async def test_a_foreign_host_name_is_refused(server: Served, host: str) -> None:
    status, body, _ = await server.ask("GET", "/healthz", headers={"Host": host})

    assert status == 403
    assert "host name" in body["errors"][0]["message"]


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "[::1]"])
async def test_loopback_names_are_answered(server: Served, name: str) -> None:
    headers = {"Host": f"{name}:{server.around.port}"}

    assert (await server.ask("GET", "/healthz", headers=headers))[0] == 200


async def test_the_cookie_counts_for_changes_only_from_our_origin(
    server: Served,
) -> None:
    cookie = await sign_in(server)
    ours = f"http://localhost:{server.around.port}"
    statuses = {}
    for origin in (ours, "http://localhost:1", "http://evil.example", "null", None):
        headers = {"Cookie": cookie} | ({"Origin": origin} if origin else {})
        statuses[origin], _, _ = await server.ask(
            "POST", "/graphql", user=None, headers=headers,
            json={"query": "{ viewer { name } }"},
        )  # fmt: skip

    assert statuses.pop(ours) == 200
    assert set(statuses.values()) == {401}


# ---- browser -------------------------------------------------------------------------


async def test_the_one_time_address_works_once(server: Served) -> None:
    await server.archive.add_login_token(server.users["ada"], "once", 2e9)
    path = "/auth?token=once&next=/ada/proj"

    status, _, headers = await server.ask("GET", path, user=None)
    again, page, _ = await server.ask("GET", path, user=None)

    cookie = headers["Set-Cookie"]
    assert (status, headers["Location"]) == (303, "/ada/proj")
    assert cookie.startswith(f"wandb_{server.around.port}=")
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert again == 401
    assert b"wandb server open" in page


async def test_a_sign_in_begun_on_another_site_goes_on_from_a_page_of_ours(
    server: Served,
) -> None:
    """A redirect would not carry the SameSite=Strict cookie."""
    await server.archive.add_login_token(server.users["ada"], "once", 2e9)

    status, _, headers = await server.ask(
        "GET", "/auth?token=once&next=/ada/proj", user=None,
        headers={"Sec-Fetch-Site": "cross-site"},
    )  # fmt: skip

    assert status == 200
    assert headers["Refresh"] == "0; url=/ada/proj"
    assert headers["Set-Cookie"].startswith(f"wandb_{server.around.port}=")


async def test_an_old_address_leads_on_who_is_signed_in(server: Served) -> None:
    cookie = await sign_in(server)

    status, _, headers = await server.ask(
        "GET", "/auth?token=once&next=/x", user=None, headers={"Cookie": cookie}
    )

    assert (status, headers["Location"]) == (303, "/x")


async def test_one_time_addresses_and_sessions_end(server: Served) -> None:
    now = server.clock.now
    await server.archive.add_login_token(server.users["ada"], "late", now + 10)
    cookie = await sign_in(server)

    server.clock.now = now + 31 * 24 * 3600
    late, _, _ = await server.ask("GET", "/auth?token=late", user=None)
    session, _, _ = await server.ask(
        "GET", "/api/session", user=None, headers={"Cookie": cookie}
    )

    assert (late, session) == (401, 401)


async def test_the_page_needs_the_cookie_and_says_how_to_get_it(
    server: Served,
) -> None:
    refused, text, _ = await server.ask("GET", "/ada/proj", user=None)
    cookie = {"Cookie": await sign_in(server)}
    status, page, headers = await server.ask(
        "GET", "/ada/proj", user=None, headers=cookie
    )

    assert refused == 401
    assert b"wandb server open" in text
    assert (status, page) == (200, PAGE)
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"


async def test_assets_are_cached_for_good_and_nothing_else_is_reachable(
    server: Served, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("x")

    status, _, headers = await server.ask("GET", "/assets/a-1234.js")
    missing, _, _ = await server.ask("GET", "/assets/b.js")
    outside, body, _ = await server.ask("GET", "/%2e%2e/secret")

    assert status == 200
    assert "immutable" in headers["Cache-Control"]
    assert missing == 404
    assert (outside, body) == (200, PAGE)


async def test_only_the_control_token_makes_one_time_tokens(server: Served) -> None:
    by_key, _, _ = await server.ask("POST", "/api/login-token")
    control = {"Authorization": f"Bearer {CONTROL_TOKEN}"}
    status, body, _ = await server.ask(
        "POST", "/api/login-token", user=None, headers=control
    )
    opened, _, _ = await server.ask("GET", f"/auth?token={body['token']}", user=None)

    assert (by_key, status, opened) == (401, 200, 303)


# ---- other users ---------------------------------------------------------------------


async def test_another_users_runs_are_as_if_absent(server: Served) -> None:
    storage_id = await make_run(server)
    question = """
    query ($id: ID) {
      project(name: "proj", entityName: "ada") { id run(name: "run1") { config } }
      model(name: "proj", entityName: "ada") { bucket(name: "run1") { id } }
      models(entityName: "ada") { edges { node { id } } }
      entity(name: "ada") { id }
    }
    """

    data = await server.graphql(question, {"id": storage_id}, user="bob")

    assert data == {
        "project": None, "model": None, "models": {"edges": []}, "entity": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("mutation", "answer"),
    [
        ('upsertBucket(input: {id: $id, notes: "x"}) { inserted }', 403),
        ('upsertBucket(input: {name: "n", entityName: "ada"}) { inserted }', 403),
        ('upsertModel(input: {name: "n", entityName: "ada"}) { inserted }', 403),
        ("deleteRun(input: {id: $id}) { clientMutationId }", 200),
        ("stopRun(input: {id: $id}) { success }", 200),
        ('updateRunState(input: {id: $id, state: "failed"}) { success }', 200),
        (
            'createRunFiles(input: {entityName: "ada", projectName: "proj", '
            'runName: "run1", files: ["a"]}) { runID }',
            200,
        ),
    ],
)
async def test_another_users_runs_cannot_be_changed(
    server: Served, mutation: str, answer: int
) -> None:
    storage_id = await make_run(server)
    document = "mutation ($id: %s) { %s }"
    kind = "String" if "upsertBucket" in mutation else "ID!"
    if "$id" in mutation:
        document = document % (kind, mutation)
    else:
        document = "mutation { %s }" % mutation  # noqa: UP031

    status, body, _ = await server.ask(
        "POST", "/graphql", user="bob",
        json={"query": document, "variables": {"id": storage_id}},
    )  # fmt: skip

    run = await server.archive.run("ada", "proj", "run1")
    assert status == answer
    refused = "errors" in body or [*body["data"].values()] == [{"success": False}]
    assert refused, body
    assert run is not None
    assert (run.notes, run.state, run.stop_requested) == (None, "running", False)


async def test_another_users_files_and_streams_are_closed(server: Served) -> None:
    await make_run(server)
    await server.ask("PUT", "/files/ada/proj/run1/a.txt", data=b"secret")

    read, _, _ = await server.ask("GET", "/files/ada/proj/run1/a.txt", user="bob")
    wrote, _, _ = await server.ask(
        "PUT", "/files/ada/proj/run1/a.txt", user="bob", data=b"x"
    )
    streamed, _, _ = await server.ask(
        "POST", "/files/ada/proj/run1/file_stream", user="bob", json={}
    )
    changes, _, _ = await server.ask(
        "GET", "/api/changes?entity=ada&project=proj", user="bob"
    )
    _, kept, _ = await server.ask("GET", "/files/ada/proj/run1/a.txt")

    assert (read, wrote, streamed, changes) == (404, 404, 404, 404)
    assert kept == b"secret"
