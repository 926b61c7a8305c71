"""An admin makes users, teams, service accounts and keys with the public API."""

import wandb
from flow import PROJECT, refused

name = PROJECT.replace("_", "-")
api = wandb.Api()
user = api.create_user(f"{name}@example.org")
assert user.username == name
with refused(Exception, "belongs to a user already"):
    api.create_user(f"{name}@example.org")
assert api.user(f"{name}@example.org").username == name

team = api.create_team(f"{name}-team")
assert [member.username for member in team.members] == [api.viewer.username]
assert team.invite(name)
assert not team.invite("nobody-is-called-so")
robot = team.create_service_account(f"{name}-robot")
assert robot.account_type == "SERVICE"
assert {member.username for member in api.team(team.name).members} == {
    api.viewer.username,
    name,
    robot.username,
}

with wandb.init(entity=team.name, project=PROJECT) as run:
    run.log({"a": 1})
assert [found.entity for found in api.runs(f"{team.name}/{PROJECT}")] == [team.name]
theirs = wandb.Api(api_key=robot.api_key)
assert theirs.viewer.username == robot.username
assert theirs.default_entity == team.name
assert len(theirs.runs(f"{team.name}/{PROJECT}")) == 1

for member in api.team(team.name).members:
    if member.username == name:
        assert member.delete()
assert name not in {member.username for member in api.team(team.name).members}

viewer = wandb.Api().viewer
key = viewer.generate_api_key("for a laptop")
mine = wandb.Api(api_key=key)
assert mine.viewer.username == viewer.username
assert viewer.delete_api_key(key)
with refused(Exception):
    print(wandb.Api(api_key=key).viewer)
