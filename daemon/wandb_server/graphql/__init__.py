"""What the server answers: `schema.graphql`, executed by graphql-core.

    document ► parse (limits, remembered) ► validate ► cost ► execute ► bytes

`executor.GraphqlExecutor` is the way in; `resolvers/` has the answers field by field;
`question.Question` is what each of them is given.
"""
