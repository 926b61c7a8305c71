"""Answers field by field: one module per family of types.

Each module has `RESOLVERS`: type name -> field name -> function of (parent, question,
arguments). Fields without an entry are attributes of the parent of the same name in
snake_case.
"""

from collections.abc import Mapping

from wandb_server.graphql.question import Resolver
from wandb_server.graphql.resolvers import (
    alerts,
    artifacts,
    artifacts_changes,
    artifacts_collections,
    artifacts_files,
    artifacts_making,
    branches,
    changes,
    console,
    files,
    history,
    media,
    people,
    projects,
    registries,
    run_table,
    runs,
    sweeps,
    users,
)

ALL: tuple[Mapping[str, Mapping[str, Resolver]], ...] = (
    users.RESOLVERS,
    people.RESOLVERS,
    projects.RESOLVERS,
    runs.RESOLVERS,
    history.RESOLVERS,
    console.RESOLVERS,
    files.RESOLVERS,
    changes.RESOLVERS,
    media.RESOLVERS,
    run_table.RESOLVERS,
    alerts.RESOLVERS,
    artifacts.RESOLVERS,
    artifacts_files.RESOLVERS,
    artifacts_collections.RESOLVERS,
    artifacts_making.RESOLVERS,
    artifacts_changes.RESOLVERS,
    branches.RESOLVERS,
    registries.RESOLVERS,
    sweeps.RESOLVERS,
)
