"""The aiohttp application: routes of the registry behind the checks in their order."""

import asyncio
import logging
import time

from aiohttp import web

from wandb_server.api import access
from wandb_server.api.access import Access
from wandb_server.api.answers import SECURITY_HEADERS, error_answer, text_page
from wandb_server.api.rate_limits import RateLimits
from wandb_server.api.routes import ROUTES, Route
from wandb_server.api.surroundings import Surroundings, Visit
from wandb_server.errors import (
    NotAllowed,
    NotFound,
    QueryError,
    RequestRejected,
    StorageBusy,
    StorageError,
    trouble_of,
)
from wandb_server.graphql.executor import BUSY, CANNOT_STORE, MENDED_AFTER_S
from wandb_server.model.accounts import User

KEY_UNKNOWN = (
    "Not logged in: the API key is missing, or not known to this server ({url}). "
    "Run: wandb login --relogin --host {url}"
)
ADMINS_ONLY = "Only admins of this server may use {path}."
TOO_OFTEN = "You ask this server too often; try again after the seconds it says."
ADDRESS_EXPIRED = "This address was not made by this server, or its time is over."
SIGN_IN_TITLE = "Not signed in"
SIGN_IN_TEXT = (
    "This page belongs to the user who started the server. In a terminal of that user, "
    "run <code>wandb server open</code> and follow the address it prints."
)
HOST_UNKNOWN = (
    "This server does not answer to the host name of your request. Use its own "
    "address, or start it with --public-url."
)

logger = logging.getLogger(__name__)


def make_application(around: Surroundings) -> web.Application:
    """All routes of the registry; everything else is answered 404."""
    settings = around.settings
    application = web.Application(client_max_size=settings.limits.body_bytes_max)
    rates = RateLimits(settings.requests_per_s, settings.requests_burst, around.clock)
    for route in ROUTES:
        application.router.add_route(
            route.method, route.path, _Doorkeeper(route, around, rates).answer
        )
    application.on_response_prepare.append(_add_headers)
    return application


class _Doorkeeper:
    """Lets through whom the route's rule admits, and turns errors into answers."""

    def __init__(self, route: Route, around: Surroundings, rates: RateLimits) -> None:
        self._route = route
        self._around = around
        self._rates = rates

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer and count; a request whose client went away counts as 499."""
        began, status = time.perf_counter(), 499
        closing = self._around.closing
        try:
            connections = self._around.connections
            with closing.answering(), connections.answering(request.transport):
                response = await self._answer(request)
            status = response.status
            if closing.begun:
                response.force_close()
            return response
        except web.HTTPException as error:
            status = error.status
            raise
        finally:
            self._around.measures.answered(
                request.method if self._route.method == "*" else self._route.method,
                self._route.path,
                status,
                time.perf_counter() - began,
            )

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        if not access.host_allowed(self._around, request.host):
            return error_answer(403, HOST_UNKNOWN)
        try:
            admitted, user = await self._admit(request)
            if not admitted:
                return self._refuse()
            if user is not None and (wait_s := self._wait_s(user)):
                self._around.measures.slowed += 1
                return error_answer(429, TOO_OFTEN, retry_after_s=wait_s)
            return await self._route.respond(Visit(request, self._around, user))
        except web.HTTPRequestEntityTooLarge:
            limit = self._around.settings.limits.body_bytes_max
            return error_answer(413, f"The request is larger than {limit} bytes.")
        except RequestRejected as error:
            return error_answer(error.status, str(error))
        except (StorageBusy, TimeoutError) as error:
            logger.warning("storage busy error=%s", error)
            return error_answer(503, BUSY)
        except StorageError as error:
            return _cannot_store(error)
        except NotAllowed as error:
            return error_answer(403, str(error))
        except NotFound as error:
            return error_answer(404, str(error))
        except QueryError as error:
            return error_answer(400, str(error))
        except (asyncio.CancelledError, web.HTTPException, ConnectionError):
            raise
        except OSError as error:
            return _cannot_store(error)  # a full disk, as the system tells it
        except Exception:
            # The boundary of a request: clients retry 500, the log says why.
            logger.exception("request failed route=%s", self._route.path)
            return error_answer(500, "The server failed at this; its log says why.")

    def _wait_s(self, user: User) -> int:
        """How long to wait: nobody who is the local user, or who is nobody (a signed
        address), ever does."""
        if user.id in (0, self._around.local_user.id):
            return 0
        return self._rates.wait_s(user.id)

    async def _admit(self, request: web.Request) -> tuple[bool, User | None]:
        rule, around = self._route.access, self._around
        if rule is Access.OPEN:
            return True, None
        if rule is Access.SIGNED:
            return access.has_signature(around, request), None
        if rule is Access.CONTROL:
            known = access.has_control_token(around, request)
            return known, around.local_user if known else None
        if rule is Access.METRICS and around.settings.metrics_open:
            return True, None
        for_admins = rule in (Access.ADMIN, Access.METRICS)
        if for_admins and access.has_control_token(around, request):
            return True, around.local_user
        user = await access.user_of(around, request)
        if for_admins and user is not None and not user.admin:
            raise NotAllowed(ADMINS_ONLY.format(path=request.path))
        if user is None and rule is Access.FILE:
            user = access.user_of_signature(around, request)
        return user is not None, user

    def _refuse(self) -> web.Response:
        if self._route.access is Access.SIGNED:
            return error_answer(403, ADDRESS_EXPIRED)
        if self._route.access is Access.PAGE:
            return text_page(401, SIGN_IN_TITLE, SIGN_IN_TEXT)
        return error_answer(401, KEY_UNKNOWN.format(url=self._around.public_url))


async def _add_headers(_: web.Request, response: web.StreamResponse) -> None:
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers["Server"] = "wandb"


def _cannot_store(error: Exception) -> web.Response:
    """Clients keep what they have and try again; people must mend it."""
    trouble = trouble_of(error)
    logger.error("storage refused error=%s", error, extra={"trouble": trouble})
    text = CANNOT_STORE.format(error=trouble)
    return error_answer(503, text, retry_after_s=MENDED_AFTER_S)
