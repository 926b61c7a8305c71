"""`wandb.tensorboard.patch()` and `init(sync_tensorboard=True)`.

What goes to TensorBoard goes to the run, too:

```
 SummaryWriter.add_scalar ─► EventFileWriter.add_event ─► event file
                                        └► rows of the run: <folder>/<tag>, global_step
```

For writers in Python: those of torch, tensorboardX and Lightning. Files of TensorFlow's
own writers, which are native code, are not read.
"""

import importlib
from typing import Any

import wandb
from wandb._terminal import termwarn
from wandb.errors import Error
from wandb.integration.tensorboard.writers import Tap

__all__ = ["patch", "unpatch"]

_WRITERS = (
    "tensorboard.summary.writer.event_file_writer",
    "tensorboardX.event_file_writer",
)


def patch(
    save: bool = True,
    tensorboard_x: bool | None = None,
    pytorch: bool | None = None,
    root_logdir: str = "",
) -> None:
    """From now on log to the active run what is written for TensorBoard, too.

    Args:
        save: keep the event files with the run's files.
        tensorboard_x, pytorch: accepted; every writer that is installed is taken.
        root_logdir: folders below it are part of the keys; default: the first one used.

    Raises:
        Error: it is patched already.
    """
    if wandb.patched["tensorboard"]:
        raise Error("TensorBoard is patched already: call wandb.tensorboard.unpatch().")
    tap = Tap(root_logdir, save)
    for name in _WRITERS:
        try:
            module = importlib.import_module(name)
        except ImportError:
            continue
        _tap_writer(module, tap)
    if not wandb.patched["tensorboard"]:
        termwarn("Neither tensorboard nor tensorboardX is installed: nothing to log.")


def unpatch() -> None:
    """Let TensorBoard's writers alone again. Idempotent."""
    for writer, original in wandb.patched["tensorboard"]:
        writer.add_event = original
    wandb.patched["tensorboard"].clear()


def _tap_writer(module: Any, tap: Tap) -> None:
    writer = module.EventFileWriter
    original = writer.add_event

    def add_event(self: Any, event: Any, *more: Any) -> Any:
        tap.take(str(self.get_logdir()), event)
        return original(self, event, *more)

    writer.add_event = add_event
    wandb.patched["tensorboard"].append((writer, original))
