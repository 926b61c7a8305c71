"""Alerts are kept with run and project."""

import base64
import json
import os
import urllib.request

import wandb
from flow import ENTITY, PROJECT, until
from wandb import AlertLevel

with wandb.init(project=PROJECT) as run:
    run.alert(title="low", text="accuracy is low", level=AlertLevel.WARN)
    run.alert("plain", "text", wait_duration=300)
    run.log({"x": 1})

QUERY = """query ($project: String!, $entity: String!, $run: String!) {
  project(name: $project, entityName: $entity) {
    alerts(first: 10) { title text severity createdAt run { name } }
    run(name: $run) { alerts { title } }
  } }"""


def asked() -> dict:
    variables = {"project": PROJECT, "entity": ENTITY, "run": run.id}
    body = json.dumps({"query": QUERY, "variables": variables}).encode()
    request = urllib.request.Request(os.environ["WANDB_BASE_URL"] + "/graphql", body)
    key = base64.b64encode(f"api:{os.environ['WANDB_API_KEY']}".encode()).decode()
    request.add_header("Authorization", f"Basic {key}")
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)["data"]["project"]


found = until(lambda: len((f := asked())["alerts"]) == 2 and f, "two alerts")
by_title = {alert["title"]: alert for alert in found["alerts"]}
assert by_title["low"]["text"] == "accuracy is low"
assert by_title["low"]["severity"] == "WARN"
assert by_title["plain"]["run"]["name"] == run.id
assert len(found["run"]["alerts"]) == 2
