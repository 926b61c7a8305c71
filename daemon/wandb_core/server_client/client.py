"""One server, one key: every request that core sends goes through here."""

import asyncio
import base64
import email.utils
import logging
import math
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import aiohttp
from wandb_proto import json_codec

from wandb_core.errors import (
    ChunkRejected,
    NotAuthorized,
    ServerBusy,
    ServerUnavailable,
)
from wandb_core.server_client import documents
from wandb_core.server_client.answers import (
    FileStreamAnswer,
    ResumeStatus,
    UploadUrl,
    UpsertAnswer,
    Viewer,
    read_features,
    read_resume_status,
    read_upload_urls,
    read_upsert,
    read_viewer,
)
from wandb_core.server_client.file_content import FileContent, opened
from wandb_core.server_client.proxies import Proxies
from wandb_core.server_client.urls import shown, without_user

_log = logging.getLogger(__name__)

ANSWER_BYTES_MAX = 64 << 20
"""Longer answers are taken for garbage; configs are the largest thing we ask for."""

SHOWN_CHARACTERS_MAX = 300

PERMANENT_STATUSES = frozenset({400, 404, 409, 410, 413, 422, 501})
UNAUTHORIZED_STATUSES = frozenset({401, 403})

SLOWEST_BYTES_PER_S = 50_000
"""A request may take as long as this rate needs, on top of the request timeout."""

_READ_BYTES = 256 << 10


class ServerClient:
    """Makes single attempts; errors say whether another may help.

    Every method raises:
        ServerUnavailable: no connection, timeout, 5xx, or an answer that is garbage.
        ServerBusy: 429 or 503 with a wish for patience.
        NotAuthorized: 401 or 403.
        ChunkRejected: the server understood and refuses; the same will fail again.

    Cancelled calls leave nothing behind but, maybe, a request that the server took.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        unix_socket: Path | None = None,
        extra_headers: Mapping[str, str] | None = None,
        request_timeout_s: float = 60.0,
        connect_timeout_s: float = 10.0,
        proxies: Proxies | None = None,
    ) -> None:
        self.base_url = without_user(base_url).rstrip("/")
        self._plain_headers = {"User-Agent": "wandb-core"}
        token = base64.b64encode(f"api:{api_key}".encode()).decode()
        self._headers = {
            **self._plain_headers,
            "Content-Type": "application/json",
            "Authorization": f"Basic {token}",
            **(extra_headers or {}),
        }
        self._unix_socket = unix_socket
        self._request_timeout_s = request_timeout_s
        self._connect_timeout_s = connect_timeout_s
        self._proxies = proxies or Proxies()
        self._sessions: dict[Path | None, aiohttp.ClientSession] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all connections; idempotent."""
        while self._sessions:
            _, session = self._sessions.popitem()
            await session.close()

    async def viewer(self) -> Viewer | None:
        """Whose key this is; None if the server does not know."""
        return read_viewer(await self._ask("Viewer", documents.VIEWER))

    async def server_features(self) -> frozenset[str]:
        """Names of the features that the server announces; empty if it cannot say."""
        try:
            data = await self._ask("ServerFeaturesQuery", documents.SERVER_FEATURES)
        except ChunkRejected as refusal:
            _log.debug("no_server_features reason=%s", refusal)
            return frozenset()
        return read_features(data)

    async def resume_status(
        self, entity: str | None, project: str | None, run: str
    ) -> ResumeStatus | None:
        """What the server has of the run; None if it does not exist."""
        variables = {"project": project, "entity": entity, "name": run}
        return read_resume_status(
            await self._ask("RunResumeStatus", documents.RESUME_STATUS, variables)
        )

    async def history_page(
        self, entity: str | None, project: str, run: str, first_step: int, end_step: int
    ) -> list[str]:
        """The rows of steps [first_step, end_step), as JSON texts; [] without a run."""
        variables = {
            "entity": entity, "project": project, "run": run,
            "minStep": first_step, "maxStep": end_step,
            "pageSize": min(end_step - first_step, 2**31 - 1),
        }  # fmt: skip
        data = await self._ask("HistoryPage", documents.HISTORY_PAGE, variables)
        found = (data.get("project") or {}).get("run") or {}
        return [str(text) for text in found.get("history") or ()]

    async def upsert_run(
        self, fields: documents.RunFields, headers: Mapping[str, str] | None = None
    ) -> UpsertAnswer:
        """Create or update the run; idempotent, sets its state to running.

        headers: say which of several writers of the run this is.
        """
        try:
            data = await self._ask(
                "UpsertBucket", documents.UPSERT_RUN, fields.variables(), headers
            )
        except ChunkRejected as refusal:
            if refusal.status == 409:  # two creations met; the next finds the run
                raise ServerUnavailable(str(refusal), status=409) from refusal
            raise
        answer = read_upsert(data)
        if answer is None:
            raise ChunkRejected(
                f"{self.base_url} did not say which entity and project the run "
                f"{fields.name} belongs to; is it a W&B server?"
            )
        return answer

    async def post_file_stream(
        self,
        entity: str,
        project: str,
        run: str,
        body: bytes,
        headers: Mapping[str, str] | None = None,
    ) -> FileStreamAnswer:
        """Hand over lines (or `{}` as a sign of life); idempotent per file and line."""
        parts = "/".join(quote(part, safe="") for part in (entity, project, run))
        url = f"{self.base_url}/files/{parts}/file_stream"
        text = await self._post(url, body, headers)
        try:
            answer = json_codec.loads(text) if text.strip() else {}
        except ValueError as error:
            # Taking it for a yes could lose rows: some proxies answer with a page.
            raise _garbage(url, text) from error
        stopped = isinstance(answer, dict) and answer.get("stopped") is True
        return FileStreamAnswer(stopped=stopped)

    async def create_run_files(
        self, entity: str, project: str, run: str, names: list[str]
    ) -> list[UploadUrl]:
        """Where the contents of these run files go; match the answers by name."""
        variables = {"entity": entity, "project": project, "run": run, "files": names}
        return read_upload_urls(
            await self._ask("CreateRunFiles", documents.CREATE_RUN_FILES, variables)
        )

    async def put_file(
        self,
        url: str,
        headers: Mapping[str, str],
        path: Path,
        on_progress: Callable[[], None] | None = None,
        *,
        first: int = 0,
        byte_count: int | None = None,
    ) -> None:
        """Upload one file's content to an address that needs no key of ours.

        Of a file in parts: `byte_count` bytes from `first` on. A file that grows
        meanwhile is sent as long as it was. `on_progress` is called for each piece that
        was taken.

        Raises:
            OSError: the file cannot be read.
        """
        async with opened(path) as file:
            size = byte_count
            if size is None:
                size = (await asyncio.to_thread(os.fstat, file.fileno())).st_size
            if first:
                await asyncio.to_thread(file.seek, first)
            content = FileContent(file, size, on_progress)
            sent = {
                **self._plain_headers,
                **{name: str(value) for name, value in headers.items()},
                "Content-Length": str(size),
            }
            limit_s = self._request_timeout_s + size / SLOWEST_BYTES_PER_S
            try:
                await self._request("PUT", url, sent, content.pieces(), limit_s)
            except ServerUnavailable:
                if content.failure is not None:
                    raise content.failure from None
                raise

    async def put_bytes(
        self, url: str, headers: Mapping[str, str], content: bytes
    ) -> None:
        """Upload a small content to an address that needs no key of ours."""
        sent = {
            **self._plain_headers,
            **{name: str(value) for name, value in headers.items()},
        }
        limit_s = self._request_timeout_s + len(content) / SLOWEST_BYTES_PER_S
        await self._request("PUT", url, sent, content, limit_s)

    async def ask(
        self, operation: str, document: str, variables: Mapping[str, object]
    ) -> dict[str, Any]:
        """The data of a GraphQL answer."""
        return await self._ask(operation, document, variables)

    async def alert(self, variables: Mapping[str, object]) -> None:
        """Have the server tell the user's people; variables as the document names."""
        await self._ask("NotifyScriptableRunAlert", documents.ALERT, variables)

    async def _ask(
        self,
        operation: str,
        document: str,
        variables: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        question: dict[str, object] = {"operationName": operation, "query": document}
        if variables is not None:
            question["variables"] = variables
        url = f"{self.base_url}/graphql"
        text = await self._post(url, json_codec.dumps(question), headers)
        try:
            answer = json_codec.loads(text)
        except ValueError as error:
            raise _garbage(url, text) from error
        if not isinstance(answer, dict):
            raise _garbage(url, text)
        if told := _messages(answer):
            raise ChunkRejected(f"{operation} at {self.base_url}: {told}")
        data = answer.get("data")
        if not isinstance(data, dict):
            raise _garbage(url, text)
        return data

    async def _post(
        self, url: str, body: bytes, headers: Mapping[str, str] | None = None
    ) -> bytes:
        limit_s = self._request_timeout_s + len(body) / SLOWEST_BYTES_PER_S
        sent = {**self._headers, **(headers or {})}
        return await self._request("POST", url, sent, body, limit_s)

    async def _request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: object,
        limit_s: float,
    ) -> bytes:
        """One attempt; the body of a 2xx answer."""
        timeout = aiohttp.ClientTimeout(
            total=limit_s, sock_connect=self._connect_timeout_s
        )
        try:
            async with self._session_for(url).request(
                method,
                url,
                headers=headers,
                data=body,
                timeout=timeout,
                allow_redirects=False,
                proxy=self._proxies.choose(url),
            ) as response:
                text = await _read_limited(response)
                if 200 <= response.status < 300:
                    return text
                raise _refusal(method, response, text)
        except TimeoutError as error:
            raise ServerUnavailable(
                f"{shown(url)} did not answer within {limit_s:.0f} s"
            ) from error
        except (aiohttp.InvalidURL, ValueError) as error:
            raise ChunkRejected(f"{shown(url)} is not an address") from error
        except (aiohttp.ClientError, ConnectionError) as error:
            raise ServerUnavailable(f"{shown(url)}: {_reason(error)}") from error

    def _session_for(self, url: str) -> aiohttp.ClientSession:
        """Our Unix socket for addresses of the server itself, TCP for all others."""
        ours = url.startswith(self.base_url + "/")
        socket = self._unix_socket if ours else None
        if (session := self._sessions.get(socket)) is None:
            connector: aiohttp.BaseConnector = (
                aiohttp.TCPConnector(limit=8, keepalive_timeout=30)
                if socket is None
                else aiohttp.UnixConnector(str(socket), limit=8, keepalive_timeout=30)
            )
            session = self._sessions[socket] = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                skip_auto_headers=("Content-Type",),
            )
        return session


async def _read_limited(response: aiohttp.ClientResponse) -> bytes:
    pieces: list[bytes] = []
    size = 0
    async for piece in response.content.iter_chunked(_READ_BYTES):
        size += len(piece)
        if size > ANSWER_BYTES_MAX:
            raise ServerUnavailable(
                f"{shown(str(response.url))} answered with more than "
                f"{ANSWER_BYTES_MAX} bytes"
            )
        pieces.append(piece)
    return b"".join(pieces)


def _refusal(method: str, response: aiohttp.ClientResponse, text: bytes) -> Exception:
    status = response.status
    what = f"{method} {shown(str(response.url))}: HTTP {status}"
    if told := _told(text):
        what += f": {told}"
    if status in UNAUTHORIZED_STATUSES:
        return NotAuthorized(what, status=status)
    if status in PERMANENT_STATUSES:
        return ChunkRejected(what, status=status)
    patience_s = _retry_after_s(response)
    if status == 429 or patience_s is not None:
        return ServerBusy(what, retry_after_s=patience_s)
    if 300 <= status < 400:
        target = shown(response.headers.get("Location", "elsewhere"))
        return ServerUnavailable(f"{what} (it points to {target})", status=status)
    return ServerUnavailable(what, status=status)


def _retry_after_s(response: aiohttp.ClientResponse) -> float | None:
    """Seconds, as a number (fractions allowed) or until an HTTP date."""
    text = response.headers.get("Retry-After", "").strip()
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        wanted = email.utils.parsedate_tz(text)
        sent = email.utils.parsedate_tz(response.headers.get("Date", ""))
        if wanted is None or sent is None:
            return None
        seconds = email.utils.mktime_tz(wanted) - email.utils.mktime_tz(sent)
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _messages(answer: dict[str, Any]) -> str:
    """What a GraphQL answer complains about; "" if it does not."""
    errors = answer.get("errors")
    if not isinstance(errors, list):
        return ""
    return "; ".join(
        str(error.get("message", error)) if isinstance(error, dict) else str(error)
        for error in errors
    )[:SHOWN_CHARACTERS_MAX]


def _told(text: bytes) -> str:
    """The server's own words, as far as they fit in a message."""
    try:
        answer = json_codec.loads(text)
    except ValueError:
        answer = None
    if isinstance(answer, dict) and (messages := _messages(answer)):
        return messages
    return text[:SHOWN_CHARACTERS_MAX].decode(errors="replace").strip()


def _garbage(url: str, text: bytes) -> ServerUnavailable:
    said = text[:60].decode(errors="replace")
    return ServerUnavailable(f"{shown(url)} answered with something else: {said!r}")


def _reason(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientConnectorError):
        # asyncio's own text repeats the address: say what the system said.
        number, text = error.os_error.errno, error.os_error.strerror or ""
        if number and text.startswith("Connect call failed"):
            text = os.strerror(number)
        return f"cannot connect ({text or error.os_error})"
    return str(error) or type(error).__name__
