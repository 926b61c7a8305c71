"""Opens core to other hosts, and opens it again after a restart.

```
runtime_dir/core.listen     {address, identity_path, log_dir}: written once it listens,
                            removed by `wandb core stop`
runtime_dir/core.identity   unless another file was named, see `identity`
```
"""

import asyncio
import json
import logging
import socket
from pathlib import Path

from wandb_proto.places import Places, make_private
from wandb_proto.remote_token import join_address, split_address
from wandb_proto.v1 import core_service_pb2 as service

from wandb_core.errors import CoreError
from wandb_core.receiver import RemoteEndpoint
from wandb_core.reception import CoreReception
from wandb_core.remote.identity import Identity
from wandb_core.remote.reception import RemoteReception
from wandb_core.settings import CoreSettings

_log = logging.getLogger(__name__)

EVERYWHERE = ("", "0.0.0.0", "::")


class RemoteDoor:
    """The one way in for processes on other hosts; closed until somebody asks."""

    def __init__(
        self, places: Places, settings: CoreSettings, reception: CoreReception
    ) -> None:
        self._places = places
        self._settings = settings
        self._reception = reception
        self._endpoint: RemoteEndpoint | None = None
        self._asked: service.ListenRequest | None = None
        self._answer = service.ListenResponse()
        self._told = ""
        self._opening = asyncio.Lock()

    @property
    def is_open(self) -> bool:
        """Whether processes on other hosts can come in now."""
        return self._endpoint is not None

    def remembered(self) -> service.ListenRequest | None:
        """What was asked of an earlier core and not taken back; reads the disk."""
        try:
            found = json.loads(self._places.core_listen.read_bytes())
            return service.ListenRequest(
                address=str(found["address"]),
                identity_path=str(found["identity_path"]),
                log_dir=str(found["log_dir"]),
            )
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            _log.warning("listen_file_unreadable reason=%s", error)
            return None

    def log_dir(self, request: service.ListenRequest) -> Path:
        """Where logs of other hosts go."""
        return Path(request.log_dir or self._places.state_dir / "remote")

    async def open(self, request: service.ListenRequest) -> service.ListenResponse:
        """Listen as asked; what was open before is closed. Errors are in the answer."""
        async with self._opening:
            if self._endpoint is not None and request == self._asked:
                return self._answer
            try:
                self._answer = await self._open(request)
            except (CoreError, OSError, ValueError) as error:
                return service.ListenResponse(error=str(error))
        self._asked = request
        _log.info("core_listens_to_hosts address=%s", self._answer.address)
        return self._answer

    async def keep_open(self) -> None:
        """Open as remembered, if it is not open; called again and again."""
        if self._endpoint is not None:
            return
        request = await asyncio.to_thread(self.remembered)
        if request is None:
            return
        error = (await self.open(request)).error
        if error and error != self._told:
            _log.error("cannot_listen_to_hosts reason=%s", error)
        self._told = error

    async def close(self) -> None:
        """Let nobody in any more."""
        if self._endpoint is not None:
            await self._endpoint.close()
            self._endpoint = None

    async def _open(self, request: service.ListenRequest) -> service.ListenResponse:
        host, port = split_address(request.address)
        path = Path(request.identity_path or self._places.core_identity)
        identity = await asyncio.to_thread(Identity.load_or_make, path)
        log_dir = self.log_dir(request)
        is_chosen = bool(request.log_dir)
        await asyncio.to_thread(_make_log_dir, log_dir, is_chosen)
        await self.close()
        endpoint = RemoteEndpoint(
            RemoteReception(self._reception, log_dir),
            identity.secret,
            self._settings,
        )
        port = await endpoint.open(
            join_address(host or "::", port),
            identity.certificate.encode(),
            identity.key.encode(),
        )
        self._endpoint = endpoint
        await asyncio.to_thread(
            self._remember, join_address(host, port), str(path), str(log_dir)
        )
        shown = socket.gethostname() if host in EVERYWHERE else host
        return service.ListenResponse(
            address=join_address(shown, port), token=str(identity.token)
        )

    def _remember(self, address: str, identity_path: str, log_dir: str) -> None:
        text = json.dumps(
            {"address": address, "identity_path": identity_path, "log_dir": log_dir}
        )
        temporary = self._places.core_listen.with_name("core.listen.new")
        temporary.write_text(text)
        temporary.replace(self._places.core_listen)


def _make_log_dir(path: Path, is_chosen: bool) -> None:
    """Private in a place of our own; as the user likes in one of theirs."""
    if is_chosen:
        path.mkdir(parents=True, exist_ok=True)
    else:
        make_private(path)
