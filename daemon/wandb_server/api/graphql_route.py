"""POST /graphql."""

from aiohttp import web

from wandb_server.api.answers import json_bytes
from wandb_server.api.bodies import read_json
from wandb_server.api.surroundings import Visit
from wandb_server.graphql.executor import read_request
from wandb_server.graphql.question import Question


async def answer_graphql(visit: Visit) -> web.Response:
    """Execute the document for the visitor."""
    request = read_request(await read_json(visit.request))
    around = visit.around
    assert visit.user is not None
    question = Question(
        user=visit.user,
        archive=visit.archive,
        addresses=around.addresses,
        limits=around.settings.limits,
        keys_of=around.archive.keys_of,
    )
    answer = await around.executor.execute(request, question)
    response = json_bytes(answer.body, answer.status)
    if answer.retry_after_s is not None:
        response.headers["Retry-After"] = f"{answer.retry_after_s:g}"
    return response
