"""The committed generated code works under every protobuf runtime that users have."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

ROUND_TRIP = """
import google.protobuf
from wandb_proto.v1 import core_service_pb2, record_pb2

record = record_pb2.Record(num=7)
item = record.history.item.add(nested_key=["a", "b"], value_json="0.5")
record.history.step.num = 3
again = record_pb2.Record.FromString(record.SerializeToString())
assert again == record and again.history.item[0].nested_key[1] == "b"
batch = core_service_pb2.RecordBatch(first_sequence=1, records=[b"x"])
assert core_service_pb2.RecordBatch.FromString(batch.SerializeToString()) == batch
print(google.protobuf.__version__)
"""


@pytest.mark.parametrize("major", ["4.25", "5", "6", "7"])
def test_generated_code_works_under_the_newest_runtime_of_each_major(
    major: str, tmp_path: Path
) -> None:
    install = subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps",
         "--disable-pip-version-check", "--target", str(tmp_path),
         f"protobuf=={major}.*"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if install.returncode:
        pytest.skip(
            f"protobuf {major} cannot be installed here: {install.stderr[-200:]}"
        )

    answer = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", ROUND_TRIP],
        env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT / 'proto'}"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert answer.returncode == 0, answer.stderr
    # 4.25 calls itself 4.25.x, later ones 5.x, 6.x, 7.x.
    assert answer.stdout.strip().startswith(major)
