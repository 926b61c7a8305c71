"""The background half, against a real gRPC server."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from wandb._launcher import CoreUnavailable
from wandb._link import Link
from wandb._publisher import Publisher
from wandb_proto.ring import RingHeader, RingReader, RingWriter
from wandb_proto.v1 import core_service_pb2 as pb

from tests.support.recording_core import RecordingCore
from tests.support.waiting import wait_until


@pytest.fixture
def core() -> Iterator[RecordingCore]:
    core = RecordingCore()
    yield core
    core.close()


class Bench:
    """A link and the ring that it empties."""

    def __init__(self, directory: Path, core: RecordingCore) -> None:
        header = RingHeader("s", "r", "/l.wandb", (str(directory),), os.getpid(), True)
        self.ring = RingWriter.create(directory, header, 1 << 16)
        self.notices: list[tuple[str, str]] = []
        publisher = Publisher("s", "r", "/l.wandb", "/s.ring", "key", 7, True)
        self.link = Link(
            RingReader.beside(self.ring),
            publisher,
            core.connector(),
            lambda level, text: self.notices.append((level, text)),
        )
        self.link.start()

    def append(self, count: int) -> None:
        for _ in range(count):
            assert self.ring.append(b"%d" % self.ring.sequence)

    def flush(self, timeout_s: float = 10.0) -> bool:
        return self.link.flush(self.ring.sequence, timeout_s)


@pytest.fixture
def bench(tmp_path: Path, core: RecordingCore) -> Iterator[Bench]:
    bench = Bench(tmp_path, core)
    yield bench
    bench.link.close(0.0)
    bench.ring.close()


def expected(count: int) -> list[bytes]:
    return [b"%d" % number for number in range(1, count + 1)]


def test_records_arrive_in_order_under_one_opening(
    core: RecordingCore, bench: Bench
) -> None:
    core.start()
    for _ in range(5):
        bench.append(20)
        assert bench.flush()

    assert core.streams["s"] == expected(100)
    assert len(core.openings) == 1
    assert core.openings[0] == pb.StreamOpening(
        stream_id="s", run_id="r", log_path="/l.wandb", ring_path="/s.ring",
        api_key="key", pid=7, primary=True,
    )  # fmt: skip


def test_records_arrive_without_a_flush_after_the_linger(
    core: RecordingCore, bench: Bench
) -> None:
    core.start()
    bench.append(3)

    wait_until(lambda: core.streams["s"] == expected(3))

    wait_until(lambda: bench.ring.used_bytes == 0)


def test_core_may_come_later(core: RecordingCore, bench: Bench) -> None:
    bench.append(10)
    assert not bench.flush(0.2)

    core.start()

    assert bench.flush()
    assert core.streams["s"] == expected(10)


def test_a_restarted_core_gets_the_rest(core: RecordingCore, bench: Bench) -> None:
    for _ in range(3):
        core.start()
        bench.append(30)
        assert bench.flush()
        core.acknowledging.clear()
        bench.append(30)
        sent = len(core.streams["s"]) + 30
        wait_until(lambda sent=sent: len(core.streams["s"]) >= sent)
        core.stop()
        core.acknowledging.set()
        bench.append(5)
    core.start()
    assert bench.flush()

    assert core.streams["s"] == expected(3 * 65)


def test_records_lost_by_core_before_the_acknowledgement_are_sent_again(
    core: RecordingCore, bench: Bench
) -> None:
    core.start()
    core.acknowledging.clear()
    bench.append(10)
    wait_until(lambda: len(core.streams["s"]) == 10)
    core.stop()
    core.streams["s"].clear()
    core.acknowledging.set()

    core.start()

    assert bench.flush()
    assert core.streams["s"] == expected(10)


def test_close_sends_the_rest(core: RecordingCore, bench: Bench) -> None:
    core.start()
    bench.append(50)

    assert bench.link.close(5.0)

    assert core.streams["s"] == expected(50)


def test_close_without_core_ends_in_time_and_keeps_the_records(
    core: RecordingCore, bench: Bench
) -> None:
    bench.append(50)

    assert not bench.link.close(0.1)

    assert RingReader.beside(bench.ring).read().records == expected(50)  # type: ignore[union-attr]


def test_close_while_core_hangs_ends_in_time(core: RecordingCore, bench: Bench) -> None:
    core.start()
    core.acknowledging.clear()
    bench.append(50)
    wait_until(lambda: core.streams["s"])

    assert not bench.link.close(0.1)


def test_questions_are_answered(core: RecordingCore, bench: Bench) -> None:
    core.start()

    answer = bench.link.ask("start_run", pb.StartRunRequest(), 5.0)

    assert answer.run_url == "http://x/r"


def test_a_question_outlives_a_restart_of_core(
    core: RecordingCore, bench: Bench
) -> None:
    core.start()
    bench.append(1)
    assert bench.flush()
    core.stop()
    core.start()

    assert bench.link.ask("finish_run", pb.FinishRunRequest(), 10.0).durable


def test_without_core_a_question_ends_with_a_clear_error(bench: Bench) -> None:
    with pytest.raises(CoreUnavailable, match="did not answer finish_run"):
        bench.link.ask("finish_run", pb.FinishRunRequest(), 0.3)


def test_a_refused_question_is_not_asked_again(
    core: RecordingCore, bench: Bench
) -> None:
    core.start()

    with pytest.raises(CoreUnavailable, match="no such run"):
        bench.link.ask("get_summary", pb.GetSummaryRequest(), 10.0)


def test_a_process_that_logs_nothing_hears_of_news(
    core: RecordingCore, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wandb._publish_call.QUESTION_AFTER_S", 0.1)
    monkeypatch.setattr("wandb._publish_call.LINGER_S", 0.05)
    core.start()
    bench.append(1)
    assert bench.flush()

    core.notices = [pb.Notice(level=pb.Notice.ERROR, text="the run was deleted")]

    wait_until(lambda: bench.notices == [("error", "the run was deleted")])
    bench.append(1)
    assert bench.flush()
    assert core.streams["s"] == expected(2)


def test_notices_reach_the_user(core: RecordingCore, bench: Bench) -> None:
    core.notices = [pb.Notice(level=pb.Notice.WARNING, text="slow disk")]
    core.start()
    bench.append(1)

    assert bench.flush()

    wait_until(lambda: bench.notices == [("warning", "slow disk")])


def test_a_core_of_another_protocol_is_asked_to_stop(
    core: RecordingCore, bench: Bench
) -> None:
    core.protocol = 999
    core.start()
    bench.append(5)

    assert bench.flush()

    assert core.stop_requests == 1
    assert core.streams["s"] == expected(5)
    assert "0.9.0" in bench.notices[0][1]


def test_a_refused_token_is_tried_again(core: RecordingCore, bench: Bench) -> None:
    core.token_refused = True
    core.start()
    bench.append(5)
    assert not bench.flush(0.3)

    core.token_refused = False

    assert bench.flush()


def test_unreadable_records_are_told_and_stepped_over(
    core: RecordingCore, bench: Bench
) -> None:
    bench.append(3)
    begin = bench.ring.offset
    bench.append(1)
    bench.ring.memory[begin + 4] ^= 0xFF  # its sequence
    bench.append(2)
    core.start()

    wait_until(lambda: bench.notices)

    assert bench.notices == [("error", "1 records in the spool were unreadable.")]


def test_an_idle_link_does_not_connect(core: RecordingCore, bench: Bench) -> None:
    core.start()

    assert bench.flush()
    assert bench.link.close(2.0)

    assert core.openings == []
