"""What processes on other hosts may ask of core, over real TLS."""

import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from wandb._remote_core import RemoteCore
from wandb_core.remote import Identity
from wandb_proto.places import Places
from wandb_proto.remote_token import CERTIFICATE_NAME
from wandb_proto.v1 import core_service_pb2 as service
from wandb_proto.v1 import core_service_pb2_grpc as service_grpc

from tests.support.core_process import log, open_run, stop_any_core
from tests.support.hosts import remote_variables


class RemoteClient:
    """A process on another host, by hand, as any client of gRPC."""

    def __init__(self, variables: dict[str, str]) -> None:
        remote = RemoteCore.from_environment(variables)
        assert remote is not None
        self.address = remote.reach()
        self.channel = grpc.secure_channel(
            self.address.address,
            grpc.ssl_channel_credentials(self.address.certificate.encode()),
            options=[("grpc.ssl_target_name_override", CERTIFICATE_NAME)],
        )
        self.stub: Any = service_grpc.CoreServiceStub(self.channel)

    def ask(self, method: str, request: Any) -> Any:
        """One question with the token."""
        metadata = [("wandb-token", self.address.token)]
        return getattr(self.stub, method)(request, metadata=metadata, timeout=5)

    def publish(self, run_id: str, log_path: str, *records: bytes) -> int:
        """Send records from 1 on; returns what core acknowledged."""
        opening = service.StreamOpening(
            stream_id=uuid.uuid4().hex,
            run_id=run_id,
            log_path=log_path,
            ring_path="/etc/passwd",
            pid=1,
        )
        batch = service.RecordBatch(
            opening=opening, first_sequence=1, records=list(records)
        )
        acks = self.ask("Publish", iter([batch]))
        return max(ack.next_sequence for ack in acks)


@pytest.fixture
def client(places_env: dict[str, str]) -> Iterator[RemoteClient]:
    command = [sys.executable, "-m", "wandb_core", "start", "--export"]
    started = subprocess.run(
        [*command, "--listen", "127.0.0.1:0"],
        env=places_env, capture_output=True, text=True, check=True,
    )  # fmt: skip
    client = RemoteClient(remote_variables(started.stdout))
    try:
        yield client
    finally:
        client.channel.close()
        stop_any_core(places_env)


def test_other_hosts_may_write_and_nothing_else(client: RemoteClient) -> None:
    for method, request in (
        ("GetStatus", service.GetStatusRequest()),
        ("Stop", service.StopRequest(abort=True)),
        ("Listen", service.ListenRequest(address=":0")),
    ):
        with pytest.raises(grpc.RpcError) as caught:
            client.ask(method, request)
        assert caught.value.code() is grpc.StatusCode.PERMISSION_DENIED

    assert client.ask("Handshake", service.HandshakeRequest()).pid


def test_without_the_token_nothing_is_answered(client: RemoteClient) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        client.stub.Handshake(service.HandshakeRequest(), timeout=5)

    assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED


def test_a_path_of_another_host_is_never_followed(
    client: RemoteClient, places: Places, tmp_path: Path
) -> None:
    target = tmp_path / "run-x.wandb"
    for path in (str(target), f"../../{target}", "", "0" * 31 + "/"):
        with pytest.raises(grpc.RpcError) as caught:
            client.publish("x", path, open_run("x"))
        assert caught.value.code() is grpc.StatusCode.FAILED_PRECONDITION
        run = service.RunRef(run_id="x", log_path=path)
        answer = client.ask("GetSummary", service.GetSummaryRequest(run=run))
        assert not answer.found

    assert not target.exists()
    assert list((places.state_dir / "remote").iterdir()) == []


def test_the_log_of_another_host_lies_below_one_directory(
    client: RemoteClient, places: Places
) -> None:
    name = uuid.uuid4().hex
    evil = "../../../x"

    assert client.publish(evil, name, open_run(evil), log({"a": 1})) == 3

    (found,) = (places.state_dir / "remote").rglob("*.wandb")
    assert found.parent.name.endswith(name)
    assert found.parent.parent == places.state_dir / "remote"
    run = service.RunRef(run_id=evil, log_path=name)
    answer = client.ask("GetSummary", service.GetSummaryRequest(run=run))
    assert answer.found
    assert '"a":1' in answer.summary_json


def test_an_identity_is_made_once_and_damage_is_told(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "identity"

    made = Identity.load_or_make(path)

    assert Identity.load_or_make(path) == made
    assert path.stat().st_mode & 0o077 == 0
    assert made.secret not in repr(made.token.fingerprint)
    path.write_text("{}")
    with pytest.raises(Exception, match="not the identity of a core"):
        Identity.load_or_make(path)
