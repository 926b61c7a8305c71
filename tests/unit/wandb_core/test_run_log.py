"""The log of a run survives crashes, and records that nobody foresaw."""

import json
from pathlib import Path

from wandb_core.model import OWN_RECORDS, IncomingBatch
from wandb_core.owner_mark import Machine
from wandb_core.processor import RunProcessor
from wandb_core.run_log import RunLog, settle_log
from wandb_core.settings import CoreSettings
from wandb_core.transaction_log import find_last_checkpoint, read_all
from wandb_core.uploader.log_folder import identify
from wandb_proto.v1.record_pb2 import Record

from tests.support.core_process import exit_run, log, open_run

HERE = Machine("host1", "boot1")


class Fragile(RunProcessor):
    """A processor with a defect: it breaks at the end of a batch with a 13 in it."""

    broken = False

    def apply(self, stream_id: str, sequence: int, record: object) -> None:
        if b'{"x":13}' in record.SerializeToString():  # type: ignore[attr-defined]
            self.broken = True
        super().apply(stream_id, sequence, record)  # type: ignore[arg-type]

    def finish_batch(self, *arguments: object, **more: object) -> list[bytes]:
        if self.broken:
            raise ZeroDivisionError("defect")
        return super().finish_batch(*arguments, **more)  # type: ignore[arg-type]


def opened(path: Path, **settings: int) -> RunLog:
    return RunLog.open(
        path, "run1", HERE, CoreSettings(**settings), will_be_resent=False
    )


def rows(path: Path) -> list[int]:
    return [
        json.loads(item.value_json)
        for logged in read_all(path)
        for item in logged.record.history.item
        if (item.key or item.nested_key[0]) == "x"
    ]


def batch(first: int, *records: bytes) -> IncomingBatch:
    return IncomingBatch("s1", first, records)


def test_a_log_says_early_where_it_goes_however_large_its_first_batch_is(
    tmp_path: Path,
) -> None:
    """What settles or uploads it reads no further than some way into it."""
    path = tmp_path / "run-run1.wandb"
    begun = opened(path)
    rows_of_pad = [log({"x": n, "pad": "p" * 1000}) for n in range(3000)]
    begun.stage([batch(1, open_run("run1"), *rows_of_pad, log({"x": 1}, commit=False))])
    begun.write_staged()
    begun.close()

    identity = identify(path)

    assert identity is not None
    assert identity.target is not None
    settle_log(path, "run1", HERE, CoreSettings())
    assert rows(path)[-1] == 1
    again = opened(path)
    assert again.processor.next_sequence("s1") == 3003
    again.close()


def test_a_restart_begins_at_the_last_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "run-run1.wandb"
    before = opened(path, checkpoint_bytes=65536)
    sequence = 1
    for records in [[open_run("run1")], *[[log({"x": n})] * 100 for n in range(40)]]:
        before.stage([batch(sequence, *records)])
        before.write_staged()
        sequence += len(records)
    end = before.end
    before.close()

    after = opened(path)

    checkpoint = find_last_checkpoint(path, end)
    assert checkpoint is not None
    assert checkpoint.offset > end // 2
    assert after.processor.next_sequence("s1") == sequence
    assert after.processor.step == 4000
    assert after.summary()["x"] == 39
    after.stage([batch(sequence, log({"x": 40}), exit_run())])
    after.write_staged()
    after.close()
    assert rows(path)[-2:] == [39, 40]
    assert after.exited


def test_a_record_at_fault_is_left_out_and_the_others_are_kept(tmp_path: Path) -> None:
    """The processor breaks only when the batch ends, long after the record."""
    path = tmp_path / "run-run1.wandb"
    run_log = opened(path)
    run_log.stage([batch(1, open_run("run1"), log({"x": 1}))])
    run_log.write_staged()
    records = [log({"x": 12}), log({"x": 13}), log({"x": 14}), log({"x": 13})]

    run_log.new_processor = Fragile
    staged = run_log.stage_sound([batch(3, *records)])
    run_log.write_staged()
    run_log.close()

    assert rows(path) == [1, 12, 14]
    assert staged.next_sequences == {"s1": 7}
    assert [fault.sequence for fault in staged.rejections] == [4, 6]
    assert "defect" in staged.rejections[0].reason


def stats(cpu: int) -> Record:
    record = Record()
    record.stats.item.add(key="cpu", value_json=str(cpu))
    return record


def own(*records: Record) -> IncomingBatch:
    serialised = tuple(record.SerializeToString() for record in records)
    return IncomingBatch(OWN_RECORDS, 0, serialised)


def kinds(path: Path) -> list[str]:
    """Of records that are no summaries and carriers."""
    found = (logged.record.WhichOneof("record_type") for logged in read_all(path))
    return [kind for kind in found if kind and kind != "summary"]


def test_cores_own_records_stand_between_those_of_the_streams(tmp_path: Path) -> None:
    path = tmp_path / "run-run1.wandb"
    run_log = opened(path)

    first = run_log.stage([own(stats(0)), batch(1, open_run("run1")), own(stats(1))])
    run_log.write_staged()
    second = run_log.stage([batch(2, log({"x": 1})), own(stats(2))])
    run_log.write_staged()
    run_log.close()

    # The first one came before there was a run.
    assert kinds(path) == ["header", "run", "stats", "history", "stats"]
    assert (first.next_sequences, second.next_sequences) == ({"s1": 2}, {"s1": 3})
    assert opened(path).processor.next_sequence("s1") == 3


def test_the_last_sample_stands_before_the_exit_record(tmp_path: Path) -> None:
    path = tmp_path / "run-run1.wandb"
    run_log = opened(path)
    run_log.last_words = lambda: stats(9)

    run_log.stage([batch(1, open_run("run1"), log({"x": 1}), exit_run())])
    run_log.stage([own(stats(10))])
    run_log.write_staged()

    assert kinds(path) == ["header", "run", "history", "stats", "exit"]


def test_a_sample_that_came_with_a_record_at_fault_is_lost_alone(
    tmp_path: Path,
) -> None:
    path = tmp_path / "run-run1.wandb"
    run_log = opened(path)
    run_log.new_processor = Fragile
    run_log.processor = Fragile("run1", "1.0")
    batches = [
        batch(1, open_run("run1")),
        own(stats(1)),
        batch(2, log({"x": 12}), log({"x": 13}), log({"x": 14})),
    ]

    staged = run_log.stage_sound(batches)
    run_log.write_staged()

    assert rows(path) == [12, 14]
    assert staged.next_sequences == {"s1": 5}
