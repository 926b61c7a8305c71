"""Work that one server at a time does, where several share a database.

A lease saves work, it protects nothing: what a server does under it is right also when
another one, whose clock is ahead, does the same.
"""

from sqlalchemy import Connection, delete, or_, select, update

from wandb_server.storage.database import insert
from wandb_server.storage.schema import leases

BACKUP = "backup-"
"""While somebody backs up, nothing is swept that the tables of the backup refer to."""


def take_lease(
    connection: Connection, name: str, holder: str, now: float, lasts_s: float
) -> bool:
    """Get it or keep it until now + lasts_s; False: another server has it."""
    free = or_(leases.c.holder == holder, leases.c.expires_at < now)
    values = {"holder": holder, "expires_at": now + lasts_s}
    taken = connection.execute(
        update(leases).where(leases.c.name == name, free).values(values)
    )
    if taken.rowcount:
        return True
    statement = insert(connection, leases).values(name=name, **values)
    fresh = statement.on_conflict_do_nothing().returning(leases.c.name)
    return connection.execute(fresh).first() is not None


def is_anybody_holding(connection: Connection, prefix: str, now: float) -> bool:
    """Whether a lease whose name begins so has not run out."""
    mine = leases.c.name.startswith(prefix, autoescape=True)
    held = select(leases.c.name).where(mine, leases.c.expires_at > now)
    return connection.execute(held.limit(1)).first() is not None


def give_back(connection: Connection, name: str, holder: str) -> None:
    """Let the next one have it at once."""
    mine = (leases.c.name == name) & (leases.c.holder == holder)
    connection.execute(delete(leases).where(mine))
