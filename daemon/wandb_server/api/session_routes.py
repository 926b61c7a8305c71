"""Signing in with a one-time token, and who is signed in."""

import secrets

from aiohttp import web
from wandb_proto import VERSION

from wandb_server.api.answers import json_answer, text_page
from wandb_server.api.bodies import read_json
from wandb_server.api.surroundings import Visit
from wandb_server.errors import NotFound

TOKEN_USED_TITLE = "This address was used already"
TOKEN_USED_TEXT = (
    "Each address works once and for a limited time. For another one, run "
    "<code>wandb server open</code> in a terminal."
)


def local_path(text: str) -> str:
    """`text` if it is a path on this server, else `/`: never a way to another site."""
    if not text.startswith("/") or text.startswith("//") or "\\" in text:
        return "/"
    if any(ord(character) < 32 for character in text):
        return "/"
    return text


async def sign_in(visit: Visit) -> web.StreamResponse:
    """GET /auth?token=…&next=…: trade the token for a cookie and go on."""
    around, query = visit.around, visit.request.query
    now = around.clock()
    target = local_path(query.get("next", "/"))
    user = await around.archive.redeem_login_token(query.get("token", ""), now)
    if user is None:
        # Somebody who is signed in and clicks an old address just goes on.
        old = visit.request.cookies.get(around.cookie_name)
        if old and await around.archive.user_of_session(old, now):
            return _go_on(visit, target)
        return text_page(401, TOKEN_USED_TITLE, TOKEN_USED_TEXT)
    token = secrets.token_urlsafe(32)
    lifetime_s = around.settings.session_lifetime_s
    await around.archive.add_session(user, token, now + lifetime_s)
    response = _go_on(visit, target)
    response.set_cookie(
        around.cookie_name,
        token,
        max_age=int(lifetime_s),
        path="/",
        httponly=True,
        samesite="Strict",
        secure=around.public_url.startswith("https:"),
    )
    return response


def _go_on(visit: Visit, target: str) -> web.Response:
    """Send the browser on to `target`.

    Coming from another site (`wandb server open` opens a local file first), a redirect
    would not carry the SameSite=Strict cookie; a page of ours that moves on does.
    """
    if visit.request.headers.get("Sec-Fetch-Site", "none") == "cross-site":
        headers = {"Refresh": f"0; url={target}", "Cache-Control": "no-store"}
        return web.Response(text="Signing in …", headers=headers)
    headers = {"Location": target, "Cache-Control": "no-store"}
    return web.Response(status=303, headers=headers)


async def make_login_token(visit: Visit) -> web.Response:
    """POST /api/login-token: a one-time address for the browser of the local user, or
    of the one that a JSON body names as `user`."""
    around, user = visit.around, visit.user
    if visit.request.can_read_body:
        body = await read_json(visit.request, visit.around.settings.limits)
        name = str(body.get("user", "")) if isinstance(body, dict) else ""
        user = await around.archive.user_named(name)
        if user is None:
            raise NotFound("user", name)
    assert user is not None
    token = secrets.token_urlsafe(32)
    expires_at = around.clock() + around.settings.login_token_lifetime_s
    await around.archive.add_login_token(user, token, expires_at)
    return json_answer({"token": token})


async def session(visit: Visit) -> web.Response:
    """GET /api/session: who is signed in."""
    assert visit.user is not None
    user = visit.user
    return json_answer(
        {"user": user.name, "entity": user.entity, "version": VERSION, "local": True}
    )
