"""The web page: its built files, and index.html for every other address."""

from pathlib import Path

from aiohttp import web

from wandb_server.api.answers import error_answer, text_page
from wandb_server.api.surroundings import Visit

API_PREFIXES = ("/api/", "/files/", "/graphql", "/sdk/", "/assets/")
NOT_BUILT_TITLE = "The page is not built"
NOT_BUILT_TEXT = (
    "The server runs, but its web page is missing from this installation. In a clone "
    "of the repository, run <code>make web</code>."
)


def find_pages(web_dir: Path) -> dict[str, Path]:
    """URL path -> file, of everything that was built. Looked up, never joined."""
    if not web_dir.is_dir():
        return {}
    return {
        "/" + path.relative_to(web_dir).as_posix(): path
        for path in sorted(web_dir.rglob("*"))
        if path.is_file()
    }


async def show_page(visit: Visit) -> web.StreamResponse:
    """A built file, else index.html: the page itself knows what its address means."""
    path, pages = visit.request.path, visit.around.pages
    if (file := pages.get(path)) is not None and path != "/index.html":
        kept = path.startswith("/assets/")  # their names hold a hash of the content
        caching = "public, max-age=31536000, immutable" if kept else "no-cache"
        return web.FileResponse(file, headers={"Cache-Control": caching})
    if path.startswith(API_PREFIXES):
        return error_answer(404, "There is nothing at this address.")
    if (index := pages.get("/index.html")) is None:
        return text_page(503, NOT_BUILT_TITLE, NOT_BUILT_TEXT)
    return web.FileResponse(index, headers={"Cache-Control": "no-cache"})


async def refuse_telemetry(_: Visit) -> web.Response:
    """POST /sdk/otel/…: we collect no telemetry; 404 makes clients stop sending it."""
    return error_answer(404, "This server takes no telemetry.")


async def refuse_method(_: Visit) -> web.Response:
    """Any other method at any other address."""
    return error_answer(404, "There is nothing at this address.")
