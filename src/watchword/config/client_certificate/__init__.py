"""`[client_certificate]`: the mechanism of that name."""
