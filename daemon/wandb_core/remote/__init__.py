"""Processes on other hosts: they come over TLS, with a token, and know no path here.

```
 other host                          this host
   ring ─► link ══ TLS, token ══► RemoteEndpoint ─► RemoteReception ─► reception
   files ─► carrier ═════╝                          │ Carrying: files, then records
                                                    │ log name → path of our choice
                                                    └ may not ask, stop or listen
```
"""

from wandb_core.remote.door import RemoteDoor
from wandb_core.remote.identity import Identity

__all__ = ["Identity", "RemoteDoor"]
