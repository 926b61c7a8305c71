"""Where things lie: tables (SQLAlchemy), objects (obstore), segments (DuckDB, zstd).

Start reading at `schema`. Functions that take a `Connection` run inside a transaction
of `Database.read` or `Database.write`; nothing here decides what a request means.
"""
