from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class HandshakeRequest(_message.Message):
    __slots__ = ("protocol", "version", "build")
    PROTOCOL_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    BUILD_FIELD_NUMBER: _ClassVar[int]
    protocol: int
    version: str
    build: str
    def __init__(self, protocol: _Optional[int] = ..., version: _Optional[str] = ..., build: _Optional[str] = ...) -> None: ...

class HandshakeResponse(_message.Message):
    __slots__ = ("protocol", "version", "build", "pid")
    PROTOCOL_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    BUILD_FIELD_NUMBER: _ClassVar[int]
    PID_FIELD_NUMBER: _ClassVar[int]
    protocol: int
    version: str
    build: str
    pid: int
    def __init__(self, protocol: _Optional[int] = ..., version: _Optional[str] = ..., build: _Optional[str] = ..., pid: _Optional[int] = ...) -> None: ...

class RecordBatch(_message.Message):
    __slots__ = ("opening", "first_sequence", "records", "frames")
    OPENING_FIELD_NUMBER: _ClassVar[int]
    FIRST_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    RECORDS_FIELD_NUMBER: _ClassVar[int]
    FRAMES_FIELD_NUMBER: _ClassVar[int]
    opening: StreamOpening
    first_sequence: int
    records: _containers.RepeatedScalarFieldContainer[bytes]
    frames: bytes
    def __init__(self, opening: _Optional[_Union[StreamOpening, _Mapping]] = ..., first_sequence: _Optional[int] = ..., records: _Optional[_Iterable[bytes]] = ..., frames: _Optional[bytes] = ...) -> None: ...

class StreamOpening(_message.Message):
    __slots__ = ("stream_id", "run_id", "log_path", "ring_path", "api_key", "pid", "primary", "monitoring")
    STREAM_ID_FIELD_NUMBER: _ClassVar[int]
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    LOG_PATH_FIELD_NUMBER: _ClassVar[int]
    RING_PATH_FIELD_NUMBER: _ClassVar[int]
    API_KEY_FIELD_NUMBER: _ClassVar[int]
    PID_FIELD_NUMBER: _ClassVar[int]
    PRIMARY_FIELD_NUMBER: _ClassVar[int]
    MONITORING_FIELD_NUMBER: _ClassVar[int]
    stream_id: str
    run_id: str
    log_path: str
    ring_path: str
    api_key: str
    pid: int
    primary: bool
    monitoring: Monitoring
    def __init__(self, stream_id: _Optional[str] = ..., run_id: _Optional[str] = ..., log_path: _Optional[str] = ..., ring_path: _Optional[str] = ..., api_key: _Optional[str] = ..., pid: _Optional[int] = ..., primary: bool = ..., monitoring: _Optional[_Union[Monitoring, _Mapping]] = ...) -> None: ...

class Monitoring(_message.Message):
    __slots__ = ("interval_s", "pid", "whole_tree", "disk_paths", "gpu_ids", "boot_id", "pid_namespace")
    INTERVAL_S_FIELD_NUMBER: _ClassVar[int]
    PID_FIELD_NUMBER: _ClassVar[int]
    WHOLE_TREE_FIELD_NUMBER: _ClassVar[int]
    DISK_PATHS_FIELD_NUMBER: _ClassVar[int]
    GPU_IDS_FIELD_NUMBER: _ClassVar[int]
    BOOT_ID_FIELD_NUMBER: _ClassVar[int]
    PID_NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    interval_s: float
    pid: int
    whole_tree: bool
    disk_paths: _containers.RepeatedScalarFieldContainer[str]
    gpu_ids: _containers.RepeatedScalarFieldContainer[int]
    boot_id: str
    pid_namespace: str
    def __init__(self, interval_s: _Optional[float] = ..., pid: _Optional[int] = ..., whole_tree: bool = ..., disk_paths: _Optional[_Iterable[str]] = ..., gpu_ids: _Optional[_Iterable[int]] = ..., boot_id: _Optional[str] = ..., pid_namespace: _Optional[str] = ...) -> None: ...

class BatchAck(_message.Message):
    __slots__ = ("next_sequence", "notices", "stop_requested")
    NEXT_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    NOTICES_FIELD_NUMBER: _ClassVar[int]
    STOP_REQUESTED_FIELD_NUMBER: _ClassVar[int]
    next_sequence: int
    notices: _containers.RepeatedCompositeFieldContainer[Notice]
    stop_requested: bool
    def __init__(self, next_sequence: _Optional[int] = ..., notices: _Optional[_Iterable[_Union[Notice, _Mapping]]] = ..., stop_requested: bool = ...) -> None: ...

class Notice(_message.Message):
    __slots__ = ("level", "text")
    class Level(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        INFO: _ClassVar[Notice.Level]
        WARNING: _ClassVar[Notice.Level]
        ERROR: _ClassVar[Notice.Level]
        FATAL: _ClassVar[Notice.Level]
    INFO: Notice.Level
    WARNING: Notice.Level
    ERROR: Notice.Level
    FATAL: Notice.Level
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    level: Notice.Level
    text: str
    def __init__(self, level: _Optional[_Union[Notice.Level, str]] = ..., text: _Optional[str] = ...) -> None: ...

class RunRef(_message.Message):
    __slots__ = ("run_id", "log_path")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    LOG_PATH_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    log_path: str
    def __init__(self, run_id: _Optional[str] = ..., log_path: _Optional[str] = ...) -> None: ...

class StartRunRequest(_message.Message):
    __slots__ = ("run", "wait_s")
    RUN_FIELD_NUMBER: _ClassVar[int]
    WAIT_S_FIELD_NUMBER: _ClassVar[int]
    run: RunRef
    wait_s: float
    def __init__(self, run: _Optional[_Union[RunRef, _Mapping]] = ..., wait_s: _Optional[float] = ...) -> None: ...

class StartRunResponse(_message.Message):
    __slots__ = ("server_known", "entity", "project", "display_name", "run_url", "project_url", "storage_id", "resumed", "starting_step", "config_json", "summary_json", "error", "error_kind")
    SERVER_KNOWN_FIELD_NUMBER: _ClassVar[int]
    ENTITY_FIELD_NUMBER: _ClassVar[int]
    PROJECT_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    RUN_URL_FIELD_NUMBER: _ClassVar[int]
    PROJECT_URL_FIELD_NUMBER: _ClassVar[int]
    STORAGE_ID_FIELD_NUMBER: _ClassVar[int]
    RESUMED_FIELD_NUMBER: _ClassVar[int]
    STARTING_STEP_FIELD_NUMBER: _ClassVar[int]
    CONFIG_JSON_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_JSON_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    ERROR_KIND_FIELD_NUMBER: _ClassVar[int]
    server_known: bool
    entity: str
    project: str
    display_name: str
    run_url: str
    project_url: str
    storage_id: str
    resumed: bool
    starting_step: int
    config_json: str
    summary_json: str
    error: str
    error_kind: str
    def __init__(self, server_known: bool = ..., entity: _Optional[str] = ..., project: _Optional[str] = ..., display_name: _Optional[str] = ..., run_url: _Optional[str] = ..., project_url: _Optional[str] = ..., storage_id: _Optional[str] = ..., resumed: bool = ..., starting_step: _Optional[int] = ..., config_json: _Optional[str] = ..., summary_json: _Optional[str] = ..., error: _Optional[str] = ..., error_kind: _Optional[str] = ...) -> None: ...

class GetSummaryRequest(_message.Message):
    __slots__ = ("run",)
    RUN_FIELD_NUMBER: _ClassVar[int]
    run: RunRef
    def __init__(self, run: _Optional[_Union[RunRef, _Mapping]] = ...) -> None: ...

class GetSummaryResponse(_message.Message):
    __slots__ = ("found", "summary_json")
    FOUND_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_JSON_FIELD_NUMBER: _ClassVar[int]
    found: bool
    summary_json: str
    def __init__(self, found: bool = ..., summary_json: _Optional[str] = ...) -> None: ...

class FinishRunRequest(_message.Message):
    __slots__ = ("run", "wait_s")
    RUN_FIELD_NUMBER: _ClassVar[int]
    WAIT_S_FIELD_NUMBER: _ClassVar[int]
    run: RunRef
    wait_s: float
    def __init__(self, run: _Optional[_Union[RunRef, _Mapping]] = ..., wait_s: _Optional[float] = ...) -> None: ...

class FinishRunResponse(_message.Message):
    __slots__ = ("durable", "uploaded", "offline", "rows_total", "rows_uploaded", "bytes_left", "idle_s", "problem", "failed", "run_url", "summary_json", "refused_rows", "needs_key", "history_json", "media_files", "other_files")
    DURABLE_FIELD_NUMBER: _ClassVar[int]
    UPLOADED_FIELD_NUMBER: _ClassVar[int]
    OFFLINE_FIELD_NUMBER: _ClassVar[int]
    ROWS_TOTAL_FIELD_NUMBER: _ClassVar[int]
    ROWS_UPLOADED_FIELD_NUMBER: _ClassVar[int]
    BYTES_LEFT_FIELD_NUMBER: _ClassVar[int]
    IDLE_S_FIELD_NUMBER: _ClassVar[int]
    PROBLEM_FIELD_NUMBER: _ClassVar[int]
    FAILED_FIELD_NUMBER: _ClassVar[int]
    RUN_URL_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_JSON_FIELD_NUMBER: _ClassVar[int]
    REFUSED_ROWS_FIELD_NUMBER: _ClassVar[int]
    NEEDS_KEY_FIELD_NUMBER: _ClassVar[int]
    HISTORY_JSON_FIELD_NUMBER: _ClassVar[int]
    MEDIA_FILES_FIELD_NUMBER: _ClassVar[int]
    OTHER_FILES_FIELD_NUMBER: _ClassVar[int]
    durable: bool
    uploaded: bool
    offline: bool
    rows_total: int
    rows_uploaded: int
    bytes_left: int
    idle_s: float
    problem: str
    failed: bool
    run_url: str
    summary_json: str
    refused_rows: int
    needs_key: bool
    history_json: str
    media_files: int
    other_files: int
    def __init__(self, durable: bool = ..., uploaded: bool = ..., offline: bool = ..., rows_total: _Optional[int] = ..., rows_uploaded: _Optional[int] = ..., bytes_left: _Optional[int] = ..., idle_s: _Optional[float] = ..., problem: _Optional[str] = ..., failed: bool = ..., run_url: _Optional[str] = ..., summary_json: _Optional[str] = ..., refused_rows: _Optional[int] = ..., needs_key: bool = ..., history_json: _Optional[str] = ..., media_files: _Optional[int] = ..., other_files: _Optional[int] = ...) -> None: ...

class ArtifactOutcomeRequest(_message.Message):
    __slots__ = ("run", "client_id", "wait_s")
    RUN_FIELD_NUMBER: _ClassVar[int]
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    WAIT_S_FIELD_NUMBER: _ClassVar[int]
    run: RunRef
    client_id: str
    wait_s: float
    def __init__(self, run: _Optional[_Union[RunRef, _Mapping]] = ..., client_id: _Optional[str] = ..., wait_s: _Optional[float] = ...) -> None: ...

class ArtifactOutcomeResponse(_message.Message):
    __slots__ = ("state", "artifact_id", "error")
    STATE_FIELD_NUMBER: _ClassVar[int]
    ARTIFACT_ID_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    state: str
    artifact_id: str
    error: str
    def __init__(self, state: _Optional[str] = ..., artifact_id: _Optional[str] = ..., error: _Optional[str] = ...) -> None: ...

class CarriedFile(_message.Message):
    __slots__ = ("artifact", "name", "byte_count")
    ARTIFACT_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    BYTE_COUNT_FIELD_NUMBER: _ClassVar[int]
    artifact: str
    name: str
    byte_count: int
    def __init__(self, artifact: _Optional[str] = ..., name: _Optional[str] = ..., byte_count: _Optional[int] = ...) -> None: ...

class FindCarriedRequest(_message.Message):
    __slots__ = ("run", "file")
    RUN_FIELD_NUMBER: _ClassVar[int]
    FILE_FIELD_NUMBER: _ClassVar[int]
    run: RunRef
    file: CarriedFile
    def __init__(self, run: _Optional[_Union[RunRef, _Mapping]] = ..., file: _Optional[_Union[CarriedFile, _Mapping]] = ...) -> None: ...

class FindCarriedResponse(_message.Message):
    __slots__ = ("byte_count", "sha256")
    BYTE_COUNT_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    byte_count: int
    sha256: bytes
    def __init__(self, byte_count: _Optional[int] = ..., sha256: _Optional[bytes] = ...) -> None: ...

class FilePart(_message.Message):
    __slots__ = ("run", "file", "offset", "data", "sha256")
    RUN_FIELD_NUMBER: _ClassVar[int]
    FILE_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    run: RunRef
    file: CarriedFile
    offset: int
    data: bytes
    sha256: bytes
    def __init__(self, run: _Optional[_Union[RunRef, _Mapping]] = ..., file: _Optional[_Union[CarriedFile, _Mapping]] = ..., offset: _Optional[int] = ..., data: _Optional[bytes] = ..., sha256: _Optional[bytes] = ...) -> None: ...

class FileCarried(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class CarryRecordsRequest(_message.Message):
    __slots__ = ("run", "stream_id", "first_sequence", "records")
    RUN_FIELD_NUMBER: _ClassVar[int]
    STREAM_ID_FIELD_NUMBER: _ClassVar[int]
    FIRST_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    RECORDS_FIELD_NUMBER: _ClassVar[int]
    run: RunRef
    stream_id: str
    first_sequence: int
    records: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, run: _Optional[_Union[RunRef, _Mapping]] = ..., stream_id: _Optional[str] = ..., first_sequence: _Optional[int] = ..., records: _Optional[_Iterable[bytes]] = ...) -> None: ...

class CarryRecordsResponse(_message.Message):
    __slots__ = ("missing",)
    MISSING_FIELD_NUMBER: _ClassVar[int]
    missing: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, missing: _Optional[_Iterable[str]] = ...) -> None: ...

class GetStatusRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetStatusResponse(_message.Message):
    __slots__ = ("status_json",)
    STATUS_JSON_FIELD_NUMBER: _ClassVar[int]
    status_json: str
    def __init__(self, status_json: _Optional[str] = ...) -> None: ...

class StopRequest(_message.Message):
    __slots__ = ("abort",)
    ABORT_FIELD_NUMBER: _ClassVar[int]
    abort: bool
    def __init__(self, abort: bool = ...) -> None: ...

class StopResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListenRequest(_message.Message):
    __slots__ = ("address", "identity_path", "log_dir")
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    IDENTITY_PATH_FIELD_NUMBER: _ClassVar[int]
    LOG_DIR_FIELD_NUMBER: _ClassVar[int]
    address: str
    identity_path: str
    log_dir: str
    def __init__(self, address: _Optional[str] = ..., identity_path: _Optional[str] = ..., log_dir: _Optional[str] = ...) -> None: ...

class ListenResponse(_message.Message):
    __slots__ = ("error", "address", "token")
    ERROR_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    error: str
    address: str
    token: str
    def __init__(self, error: _Optional[str] = ..., address: _Optional[str] = ..., token: _Optional[str] = ...) -> None: ...
