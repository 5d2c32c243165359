"""The server's own keys: what they are for, their file, and what is asked of them while the server runs."""
