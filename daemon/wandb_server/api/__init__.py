"""HTTP: who may come in, and which route answers.

    request ► headers ► errors in one form ► Host ► access rule of the route ► respond

`routes.ROUTES` is the registry: every route stands there with its access rule, and
there is no other way to add one. `application.make_application` turns it into an
aiohttp application.
"""
