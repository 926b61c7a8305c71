"""Organizations, in which clients look for registries: one's own and those of teams."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.served import Served, served

# As the official client 0.31.0 sends it.
ORGANIZATION = """query FetchOrgInfoFromEntity($entity: String!) {
  entity(name: $entity) {
    organization { ...OrgInfoFragment }
    user { organizations { ...OrgInfoFragment } } } }
fragment OrgInfoFragment on Organization { name orgEntity { name } }"""


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Served]:
    """ada leads the team `lab`; bob is in no team."""
    async with served(tmp_path) as running:
        await running.archive.people.add_team("lab", {"ada": True})
        yield running


def told(name: str) -> dict[str, Any]:
    return {"name": name, "orgEntity": {"name": name}}


async def test_a_user_has_an_organization_and_those_of_the_teams(
    server: Served,
) -> None:
    found = await server.graphql(ORGANIZATION, {"entity": "ada"})

    assert found["entity"]["organization"] is None
    assert found["entity"]["user"]["organizations"] == [told("ada"), told("lab")]


async def test_a_team_is_its_own_organization(server: Served) -> None:
    found = await server.graphql(ORGANIZATION, {"entity": "lab"})

    assert found["entity"] == {"organization": told("lab"), "user": None}


@pytest.mark.parametrize("entity", ["ada", "lab"])
async def test_strangers_find_no_organization(server: Served, entity: str) -> None:
    found = await server.graphql(ORGANIZATION, {"entity": entity}, user="bob")
    named = await server.graphql(
        "query ($name: String) { organization(name: $name) { name } }",
        {"name": entity},
        user="bob",
    )

    shown = found["entity"] or {"organization": None, "user": None}
    assert shown["organization"] is None
    assert not (shown["user"] or {}).get("organizations")
    assert named["organization"] is None
