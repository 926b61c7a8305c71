"""The user of the key, entities, and looking users up."""

import wandb
from flow import ENTITY, PROJECT

api = wandb.Api()
viewer = api.viewer
assert viewer.username
assert ENTITY in (viewer.entity, *viewer.teams)
assert api.default_entity == viewer.entity
assert api.user(viewer.username).username == viewer.username
assert api.users(viewer.username)[0].username == viewer.username
assert api.user("nobody-is-called-so") is None
wandb.init(project=PROJECT).finish()
assert PROJECT in {project.name for project in api.projects(ENTITY)}
project = api.project(PROJECT, ENTITY)
assert project.name == PROJECT
[run] = api.runs(PROJECT)
assert run.user.username == viewer.username
