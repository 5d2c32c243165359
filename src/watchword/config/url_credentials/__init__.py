"""`[url_session]` and `[url_key]`: the mechanisms of those names."""
