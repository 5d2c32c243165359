"""`[tokens]`: access tokens, refresh tokens and auth tokens, and the mechanisms that take them."""
