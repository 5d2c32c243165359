"""`[auth_key]`: the mechanism of that name."""
