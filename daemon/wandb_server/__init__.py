"""The server: keeps what runs log and answers questions about it.

    HTTP ► api ► graphql ► operations ► ingest | query | storage

`api` knows HTTP and who may come in, `graphql` knows the schema, `operations` knows
what is stored (as `model.archive.Archive`). `server` wires one process, `local` is what
`wandb server start | stop | open | status` do. Everything heavy is imported when a
server starts, so importing this package is cheap.
"""
