"""Floor 7: the authentication server."""
