"""The type of numbers that a database gives to rows: 64 bits everywhere.

SQLite counts by itself only in a column that is called INTEGER.
"""

from sqlalchemy import BigInteger, Integer

Id = BigInteger().with_variant(Integer(), "sqlite")
