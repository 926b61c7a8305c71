"""The types that cross boundaries inside the server, one file per topic.

    file stream request ► file_stream.FileStreamPost ► lines in the tail
                        ► segments (rows + series)
    question            ► history.SeriesQuery        ► history.Series

`archive.Archive` is what `api` and `graphql` may ask of `operations`; nothing above it
knows SQL, Parquet or directories.
"""
