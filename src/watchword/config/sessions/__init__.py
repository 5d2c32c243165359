"""`[session]`: how long log-ins last, and where they are kept."""
