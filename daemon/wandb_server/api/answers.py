"""Forms that all answers share: JSON, errors as GraphQL clients read them, headers."""

from typing import Any

from aiohttp import web

from wandb_server.graphql.executor import RETRY_AFTER_S, error_body
from wandb_server.strict_json import encode

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data: blob:; "
        "style-src 'self' 'unsafe-inline'; connect-src 'self' blob: data:; "
        "media-src 'self' blob:; object-src 'none'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
}

COMPRESSED_INLINE_BYTES = 64 * 1024
"""Longer bodies are compressed in a thread, if at all: a millisecond and more."""

UPLOADED_FILE_HEADERS = {
    # What a user uploaded is never run with the rights of the page.
    "Content-Security-Policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "private, no-cache",
}


def json_answer(value: Any, status: int = 200) -> web.Response:
    """Strict JSON, never cached."""
    return json_bytes(encode(value), status)


def json_bytes(body: bytes, status: int = 200) -> web.Response:
    """Like `json_answer` for what is already encoded."""
    return web.Response(
        body=body,
        status=status,
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
        zlib_executor_size=COMPRESSED_INLINE_BYTES,
    )


def error_answer(
    status: int, message: str, *, retry_after_s: float | None = None
) -> web.Response:
    """An error in the one form that clients show to people."""
    answer = json_bytes(error_body(message), status)
    if status == 503 and retry_after_s is None:
        retry_after_s = RETRY_AFTER_S
    if retry_after_s is not None:
        answer.headers["Retry-After"] = f"{retry_after_s:g}"
    return answer


def text_page(status: int, title: str, text: str) -> web.Response:
    """A plain page for people; nothing in it comes from the request."""
    body = (
        "<!doctype html><html lang=en><meta charset=utf-8>"
        '<meta name=viewport content="width=device-width">'
        f"<title>{title}</title>"
        "<style>body{font:15px/1.5 system-ui,sans-serif;max-width:36em;"
        "margin:15vh auto;padding:0 1em;color-scheme:light dark}"
        "code{font:14px ui-monospace,monospace}h1{font-size:20px}</style>"
        f"<h1>{title}</h1><p>{text}</p>"
    )
    return web.Response(
        text=body,
        status=status,
        content_type="text/html",
        headers={"Cache-Control": "no-store"},
    )
