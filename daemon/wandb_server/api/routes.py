"""The registry of routes: every one with its access rule. The first match answers."""

from dataclasses import dataclass

from wandb_server.administration import ERRANDS
from wandb_server.api.access import Access
from wandb_server.api.admin_routes import run_errand
from wandb_server.api.artifact_routes import (
    get_by_digest,
    get_file_of_artifact,
    get_manifest,
    put_file_of_artifact,
    put_manifest,
    put_part,
)
from wandb_server.api.changes_route import stream_changes
from wandb_server.api.export_route import get_export
from wandb_server.api.file_routes import allow_other_origins, get_file, put_file
from wandb_server.api.file_stream_route import refuse_empty_path, take_file_stream
from wandb_server.api.graphql_route import answer_graphql
from wandb_server.api.health_routes import collect_garbage, healthy, ready
from wandb_server.api.history_file_routes import get_history_file
from wandb_server.api.metrics_route import show_metrics
from wandb_server.api.page_routes import refuse_method, refuse_telemetry, show_page
from wandb_server.api.session_routes import make_login_token, session, sign_in
from wandb_server.api.surroundings import Respond

_RUN = "/files/{entity}/{project}/{run}"
_DATA = "/artifact-data"
_BLOB = "/blobs/{object}/{name:.+}"
_HISTORY_FILE = "/history-files/{object}/{name:.+}"
_PART = "/parts/{artifact}/{md5}/{part}/{part_md5}"
_BY_DIGEST = (
    "/artifactsV2/{region}/{entity}/{project}/{collection}/{birth}/{md5}/{name:.+}"
)


@dataclass(frozen=True, slots=True)
class Route:
    """Method and path pattern, who may come in, who answers."""

    method: str
    path: str
    access: Access
    respond: Respond


ROUTES = (
    Route("GET", "/healthz", Access.OPEN, healthy),
    Route("GET", "/ready", Access.OPEN, ready),
    Route("GET", "/metrics", Access.METRICS, show_metrics),
    Route("GET", "/auth", Access.OPEN, sign_in),
    Route("POST", "/sdk/otel/{tail:.*}", Access.OPEN, refuse_telemetry),
    Route("POST", "/graphql", Access.USER, answer_graphql),
    Route("POST", _RUN + "/file_stream", Access.USER, take_file_stream),
    Route("POST", "/files/{tail:.*}", Access.USER, refuse_empty_path),
    Route("PUT", _RUN + "/{name:.+}", Access.FILE, put_file),
    Route("GET", _RUN + "/{name:.+}", Access.FILE, get_file),
    Route("HEAD", _RUN + "/{name:.+}", Access.FILE, get_file),
    Route(
        "PUT", _DATA + "/uploads/{artifact}/{md5}", Access.SIGNED, put_file_of_artifact
    ),
    Route("PUT", _DATA + _PART, Access.SIGNED, put_part),
    Route("PUT", _DATA + "/manifests/{manifest}", Access.SIGNED, put_manifest),
    Route("GET", _DATA + "/manifests/{manifest}", Access.SIGNED, get_manifest),
    Route("GET", _DATA + _BLOB, Access.SIGNED, get_file_of_artifact),
    Route("HEAD", _DATA + _BLOB, Access.SIGNED, get_file_of_artifact),
    Route("GET", _HISTORY_FILE, Access.SIGNED, get_history_file),
    Route("HEAD", _HISTORY_FILE, Access.SIGNED, get_history_file),
    Route("GET", _BY_DIGEST, Access.USER, get_by_digest),
    Route("OPTIONS", "/files/{tail:.*}", Access.OPEN, allow_other_origins),
    Route("OPTIONS", _DATA + "/{tail:.*}", Access.OPEN, allow_other_origins),
    Route("GET", "/api/session", Access.USER, session),
    Route("GET", "/api/changes", Access.USER, stream_changes),
    Route(
        "GET", "/api/export/{entity}/{project}/{run}.parquet", Access.USER, get_export
    ),
    Route("POST", "/api/login-token", Access.CONTROL, make_login_token),
    Route("POST", "/api/collect-garbage", Access.CONTROL, collect_garbage),
    *(
        Route(errand.method, errand.path, Access.ADMIN, run_errand(errand))
        for errand in ERRANDS.values()
    ),
    Route("GET", "/{tail:.*}", Access.PAGE, show_page),
    Route("*", "/{tail:.*}", Access.USER, refuse_method),
)
