"""The five simulated experiments of the introductory tutorial, exactly as printed."""

import json

from tests.support.stack import Stack

TUTORIAL = """\
# W&B 계정에 로그인
import wandb
import random
import math

# wandb-core 사용, wandb의 새로운 백엔드를 위해 임시적으로 사용
wandb.require("core")
wandb.login()
import random
import math

# 5개의 시뮬레이션된 실험 시작
total_runs = 5
for run in range(total_runs):
  # 1️. 이 스크립트를 추적하기 위해 새로운 run 시작
  wandb.init(
      # 이 run이 기록될 프로젝트 설정
      project="basic-intro",
      # run 이름 전달 (그렇지 않으면 sunshine-lollypop-10과 같이 임의로 할당됩니다)
      name=f"experiment_{run}",
      # 하이퍼파라미터 및 run 메타데이터 추적
      config={
      "learning_rate": 0.02,
      "architecture": "CNN",
      "dataset": "CIFAR-100",
      "epochs": 10,
      })

  # 이 간단한 블록은 메트릭을 기록하는 트레이닝 루프를 시뮬레이션합니다.
  epochs = 10
  offset = random.random() / 5
  for epoch in range(2, epochs):
      acc = 1 - 2 ** -epoch - random.random() / epoch - offset
      loss = 2 ** -epoch + random.random() / epoch + offset

      # 2️. 스크립트에서 W&B로 메트릭 기록
      wandb.log({"acc": acc, "loss": loss})

  # run을 완료된 것으로 표시
  wandb.finish()
"""

EXPECTED = """
import random
random.seed(7)
rows = []
for run in range(5):
    offset = random.random() / 5
    for epoch in range(2, 10):
        acc = 1 - 2 ** -epoch - random.random() / epoch - offset
        loss = 2 ** -epoch + random.random() / epoch + offset
        rows.append((f"experiment_{run}", epoch - 2, acc, loss))
"""

READ_BACK = """[
    [run.name, row["_step"], row["acc"], row["loss"]]
    for run in sorted(api.runs("basic-intro"), key=lambda run: run.name)
    for row in run.scan_history()
]"""

FACTS = """[
    [run.name, run.state, dict(run.config), run.summary["acc"], run.lastHistoryStep]
    for run in sorted(api.runs("basic-intro"), key=lambda run: run.name)
]"""


def test_the_tutorial_reads_back_equal_through_both_clients(
    stack: Stack, official_python: str
) -> None:
    """Run as printed; only the random generator is seeded, from outside."""
    seeded = f"import random as _random; _random.seed(7)\n{TUTORIAL}"
    expected: dict[str, list[tuple[object, ...]]] = {}
    exec(EXPECTED, expected)  # noqa: S102 (our own text)

    stack.run(seeded)

    wanted = json.loads(json.dumps(expected["rows"]))
    assert stack.ask(READ_BACK) == wanted
    assert stack.ask_official(READ_BACK) == wanted
    facts = stack.ask(FACTS)
    assert facts == stack.ask_official(FACTS)
    assert [name for name, *_ in facts] == [f"experiment_{i}" for i in range(5)]
    for _, state, config, acc, last_step in facts:
        assert state == "finished"
        assert config == {
            "learning_rate": 0.02,
            "architecture": "CNN",
            "dataset": "CIFAR-100",
            "epochs": 10,
        }
        assert last_step == 7
        assert acc in [row[2] for row in wanted]
