"""An artifact on its way: its record is in the log, core uploads it.

```
 wait() ─► core: what became of it? ── pending ──► again
              │ committed: its id        │ failed: CommError   │ offline: not logged
              ▼
           server: the version's facts
```
Once the run is over, the server is asked for the client's id instead.
"""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wandb_proto.remote_token import ADDRESS_VARIABLE

from wandb._terminal import termwarn
from wandb.errors import CommError
from wandb.sdk.artifacts import documents
from wandb.sdk.artifacts.exceptions import ArtifactNotLoggedError, WaitTimeoutError

if TYPE_CHECKING:
    from wandb.apis.public.graphql_client import GraphqlClient
    from wandb.sdk.artifacts.artifact import Artifact
    from wandb.sdk.wandb_run import Run

ASK_WAIT_S = 5.0
SERVER_POLL_S = 0.5


@dataclass(frozen=True, slots=True)
class PendingLog:
    """Which run logged it."""

    run: "Run"

    def wait(self, artifact: "Artifact", timeout_s: float | None) -> None:
        """Return when the artifact knows its version; where core is on another host and
        this one does not reach the server, when it is committed.

        Raises:
            ArtifactNotLoggedError: the run is offline or disabled.
            WaitTimeoutError: the upload takes longer than timeout_s.
            CommError: the server or core refuses it.
        """
        if self.run.offline or self.run.disabled:
            raise ArtifactNotLoggedError("Artifact.wait", artifact)
        end = None if timeout_s is None else time.monotonic() + timeout_s
        artifact_id = self._wait_for_id(artifact, end)
        from wandb.sdk.artifacts.look_up import artifact_facts

        client = client_of(self.run)
        try:
            artifact._learn(client, artifact_facts(client, artifact_id))
        except CommError as problem:
            if not self.run._session.environ.get(ADDRESS_VARIABLE):
                raise
            termwarn(
                f"Artifact {artifact.name} is at the server, which this host does not "
                f"reach: its version is not known here. {problem}",
                repeat=False,
            )

    def _wait_for_id(self, artifact: "Artifact", end: float | None) -> str:
        while True:
            left_s = ASK_WAIT_S if end is None else end - time.monotonic()
            if left_s <= 0:
                raise WaitTimeoutError(
                    f"Artifact {artifact.name} is not at the server yet; its upload "
                    "goes on in the background",
                    artifact,
                )
            wait_s = min(left_s, ASK_WAIT_S)
            if self.run._finished:
                found = _id_at_server(client_of(self.run), artifact._client_id)
                if found is None:
                    time.sleep(min(wait_s, SERVER_POLL_S))
            else:
                found = self._ask_core(artifact, wait_s)
            if found:
                return found

    def _ask_core(self, artifact: "Artifact", wait_s: float) -> str | None:
        began = time.monotonic()
        self.run._stream.flush(wait_s)
        outcome = self.run._questions.artifact_outcome(artifact._client_id, wait_s)
        if outcome is None or outcome.state == "pending":
            if time.monotonic() - began < wait_s / 2:  # core did not wait
                time.sleep(min(wait_s, 0.1))
            return None
        if outcome.state == "offline":
            raise ArtifactNotLoggedError("Artifact.wait", artifact)
        if outcome.state == "failed":
            raise CommError(
                f"Artifact {artifact.name} was not uploaded: {outcome.error}"
            )
        return outcome.artifact_id or None


def client_of(run: "Run") -> "GraphqlClient":
    """The server of a run, asked with the run's own key."""
    from wandb.apis.public.graphql_client import GraphqlClient
    from wandb.sdk.public_settings import TIMEOUT_S
    from wandb.sdk.server_choice import choose_server, local_url

    settings, session = run._settings, run._session
    if settings.is_local and session.settings.base_url is None:
        # It may have been started after the run, on another port than was thought.
        settings = settings.merged({"base_url": local_url(session.places)})
    server = choose_server(settings, session.places, session.environ)
    timeout_s = settings.x_graphql_timeout_seconds or TIMEOUT_S
    return GraphqlClient(server.base_url, server.api_key, timeout_s)


def _id_at_server(client: "GraphqlClient", client_id: str) -> str | None:
    data = client.ask(documents.CLIENT_ID, {"clientID": client_id})
    artifact_id = (data.get("clientIDMapping") or {}).get("serverID")
    if artifact_id is None:
        return None
    found = client.ask(documents.ARTIFACT_BY_ID, {"id": artifact_id}).get("artifact")
    is_there = found is not None and found.get("state") == "COMMITTED"
    return str(artifact_id) if is_there else None
