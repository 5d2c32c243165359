"""Records in a SQL database. SQLite so far: `sqlite.py` puts the other modules together."""
