"""/api/admin/…: users, keys, teams and access of projects, for admins of the server."""

from aiohttp import web

from wandb_server.administration import Asked, Errand
from wandb_server.api.answers import json_answer
from wandb_server.api.bodies import read_json
from wandb_server.api.surroundings import Respond, Visit
from wandb_server.errors import RequestRejected


def run_errand(errand: Errand) -> Respond:
    """The route's answer: what the errand answers, as JSON."""

    async def respond(visit: Visit) -> web.StreamResponse:
        body = (
            await read_json(visit.request, visit.around.settings.limits)
            if visit.request.can_read_body
            else {}
        )
        if not isinstance(body, dict):
            raise RequestRejected("The body must be a JSON object.")
        assert visit.user is not None
        fields = {**body, **visit.request.match_info}
        asked = Asked(visit.around.archive, visit.user, fields)
        return json_answer(await errand.act(asked))

    return respond
