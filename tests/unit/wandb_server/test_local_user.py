"""The local user's name is one that addresses and clients accept."""

import pytest
from wandb_server.local_user import entity_name


@pytest.mark.parametrize(
    ("login", "name"),
    [
        ("ada", "ada"),
        ("Ada.Lovelace", "ada-lovelace"),
        ("DOMAIN\\ada", "domain-ada"),
        ("ada_l-1", "ada_l-1"),
        ("", "local"),
        ("阿达", "local"),
        ("../..", "local"),
        ("api", "api-user"),
        ("x" * 200, "x" * 64),
    ],
)
def test_login_names_become_entities(login: str, name: str) -> None:
    assert entity_name(login) == name
