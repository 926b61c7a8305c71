"""Bytes of artifacts: PUT and GET by signed addresses, which need nothing else.

PUT  /artifact-data/uploads/{version}/{md5}              a file, whole
PUT  /artifact-data/parts/{version}/{md5}/{part}/{md5}   a piece of a long one
PUT  /artifact-data/manifests/{manifest}
GET  /artifact-data/manifests/{manifest}
GET  /artifact-data/blobs/{object}/{name}
GET  /artifactsV2/{region}/{entity}/{project}/{collection}/{birth}/{md5}/{name}
     where a client knows no address: by digest, for users who may see it
"""

from collections.abc import AsyncIterator

from aiohttp import web

from wandb_server.api.answers import error_answer
from wandb_server.api.bodies import file_pieces
from wandb_server.api.sent_file import SentFile, send_file
from wandb_server.api.surroundings import Visit
from wandb_server.errors import RequestRejected
from wandb_server.model.artifacts import ProjectPlace
from wandb_server.operations.artifact_uploads import md5_base64_of
from wandb_server.operations.artifacts import Artifacts

CHUNK_BYTES = 256 * 1024


async def put_file_of_artifact(visit: Visit) -> web.StreamResponse:
    """Take a file whose digest stands in the address."""
    parts = visit.request.match_info
    number = _number(parts["artifact"])
    await _artifacts(visit).put_blob(number, parts["md5"], _body(visit))
    return web.Response(status=200, headers=_tag(parts["md5"]))


async def put_part(visit: Visit) -> web.StreamResponse:
    """Take a part; its ETag is what completing the file asks back."""
    parts = visit.request.match_info
    piece = (_number(parts["part"]), parts["part_md5"])
    artifact = _number(parts["artifact"])
    await _artifacts(visit).put_part(artifact, parts["md5"], piece, _body(visit))
    return web.Response(status=200, headers=_tag(parts["part_md5"]))


async def put_manifest(visit: Visit) -> web.StreamResponse:
    """Take a manifest."""
    number = _number(visit.request.match_info["manifest"])
    await _artifacts(visit).put_manifest(number, _body(visit))
    return web.Response(status=200)


async def get_manifest(visit: Visit) -> web.StreamResponse:
    """Send a manifest."""
    artifacts = _artifacts(visit)
    number = _number(visit.request.match_info["manifest"])
    manifest = await artifacts.manifest(number)
    if manifest is None or manifest.object_id is None:
        return error_answer(404, "There is no such manifest any more.")

    async def read(start: int, end: int) -> AsyncIterator[bytes]:
        return artifacts.read_manifest(manifest, start, end)

    name = manifest.name
    return await send_file(
        visit.request, SentFile(name, manifest.size_bytes, "application/json", read)
    )


async def get_file_of_artifact(visit: Visit) -> web.StreamResponse:
    """Send a blob under the name in the address."""
    parts = visit.request.match_info
    return await _send_blob(visit, _number(parts["object"]), parts["name"])


async def get_by_digest(visit: Visit) -> web.StreamResponse:
    """Send a file that some version of the collection holds."""
    parts = visit.request.match_info
    place = ProjectPlace(parts["entity"], parts["project"])
    collection = await visit.archive.artifacts.collection_named(
        place, parts["collection"]
    )
    found = None
    if collection is not None:
        digest = md5_base64_of(parts["md5"])
        found = await _artifacts(visit).blob_in(collection.id, digest)
    if found is None:
        return error_answer(404, f"There is no file {parts['name']} with this digest.")
    return await _send_blob(visit, found, parts["name"])


async def _send_blob(visit: Visit, object_id: int, name: str) -> web.StreamResponse:
    artifacts = _artifacts(visit)
    size_bytes = await artifacts.blob_size(object_id)
    if size_bytes is None:
        return error_answer(404, f"The file {name} was deleted.")

    async def read(start: int, end: int) -> AsyncIterator[bytes]:
        return artifacts.read_blob(object_id, start, end)

    return await send_file(visit.request, SentFile(name, size_bytes, None, read))


def _body(visit: Visit) -> AsyncIterator[bytes]:
    return file_pieces(visit.request, visit.around.settings.limits)


def _artifacts(visit: Visit) -> Artifacts:
    found = visit.around.archive.artifacts
    assert isinstance(found, Artifacts)
    return found


def _number(text: str) -> int:
    if not text.isdecimal() or len(text) > 18:
        raise RequestRejected("The address is not one of this server.", status=404)
    return int(text)


def _tag(md5_hex: str) -> dict[str, str]:
    return {"ETag": f'"{md5_hex}"'}
