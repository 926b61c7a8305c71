"""From what the bindings sent to what the log holds: steps are closed, keys flattened.

Pure: no clock, no file, no randomness. `RunProcessor` is the whole of it from outside;
`open_row` keeps the step that is not yet closed, `row_builder` makes a row of it,
`leaf_values` holds what is known of every key (last number, aggregates, its
`define_metric` rule), `encoding` writes rows without building messages, which would
cost most of the time.
"""

from wandb_core.processor.processor import RunProcessor

__all__ = ["RunProcessor"]
