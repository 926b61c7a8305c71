"""A real notebook kernel: cells, a second init, a restart in the middle of a run."""

import pytest

from tests.support.stack import Stack
from tests.support.waiting import wait_until

DRIVER = """
import sys
from jupyter_client.manager import start_new_kernel

manager, client = start_new_kernel(kernel_name="python3")
CELL = '''
import wandb
run = wandb.init(project="notebook", id="{id}")
for i in range(100):
    run.log({{"i": i}})
'''

def cell(code):
    answer = client.execute_interactive(code, timeout=60, output_hook=lambda _: None)
    content = answer["content"]
    if content["status"] != "ok":
        sys.exit("\\n".join(content["traceback"]))

cell(CELL.format(id="first"))
cell(CELL.format(id="second"))  # a second init in a notebook finishes the first run
manager.restart_kernel(now=sys.argv[1] == "killed")
client.wait_for_ready(timeout=60)
cell(CELL.format(id="third") + "run.finish()")
client.stop_channels()
manager.shutdown_kernel()
"""

STATES = "{run.id: run.state for run in api.runs('notebook')}"
VALUES = (
    "{run.id: [row['i'] for row in run.scan_history()] for run in api.runs('notebook')}"
)


@pytest.mark.parametrize(
    ("way", "second"), [("killed", "crashed"), ("asked", "finished")]
)
def test_a_restarted_kernel_loses_nothing(stack: Stack, way: str, second: str) -> None:
    """Killed, its run shows as crashed; asked to end, the kernel finishes its run."""
    stack.run(DRIVER, way)

    expected = {"first": "finished", "second": second, "third": "finished"}
    wait_until(lambda: stack.ask(STATES) == expected, timeout_s=30)
    assert stack.ask(VALUES) == {name: list(range(100)) for name in expected}
