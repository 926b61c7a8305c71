"""System metrics: what the machine and the processes of a run do meanwhile.

```
 run's task ── every interval ──► Monitor.sample(watch)
                                    │ side threads, each may hang alone:
                                    ├─ system   machine (shared by all runs), processes
                                    ├─ disks    usage of paths: a dead network drive
                                    └─ gpus     NVML (shared by all runs)
                                  readings ──► metrics (pure) ──► StatsRecord
```

The machine is read once for all runs that ask at about the same time. Names and units
are those of the protocol page on the file stream, section 10.
"""

from wandb_core.monitor.monitor import Monitor
from wandb_core.monitor.watch import Watch

__all__ = ["Monitor", "Watch"]
