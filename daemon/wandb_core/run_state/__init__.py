"""What a server should know about a run: a fold over the records of its log.

Pure: logged records in, JSON texts out; official logs are understood too. `RunState` is
the fold; beside it stand the parts that it is made of: values by path (`json_tree`),
history rows (`rows`), the `_wandb` part of the config (`metric_table`, `telemetry`,
`environment`) and `config.yaml` (`yaml_text`).
"""

from wandb_core.run_state.json_tree import JsonTree
from wandb_core.run_state.rows import history_line, item_path, item_text, stats_line
from wandb_core.run_state.state import RunState

__all__ = [
    "JsonTree",
    "RunState",
    "history_line",
    "item_path",
    "item_text",
    "stats_line",
]
