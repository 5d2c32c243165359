"""`[server]`: where the server listens, and whom it believes."""
