"""What an operator does to the stores: back them up, restore, check them.

Works on the stores themselves, beside a server or without one: `Stores` of `operations`
belong to a server and are not used here.
"""

from wandb_server.maintenance.backup import back_up, restore
from wandb_server.maintenance.checking import check
from wandb_server.maintenance.opening import OpenedStores, open_stores

__all__ = ["OpenedStores", "back_up", "check", "open_stores", "restore"]
