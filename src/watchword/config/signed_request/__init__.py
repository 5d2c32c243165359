"""`[signed_request]`: the mechanism of that name."""
