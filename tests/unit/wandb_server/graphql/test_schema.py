"""Schema and resolvers fit together."""

from wandb_server.graphql.schema import load_schema


def test_every_resolver_has_its_field() -> None:
    schema = load_schema()

    assert schema.query_type is not None
    assert schema.query_type.fields["viewer"].resolve is not None
