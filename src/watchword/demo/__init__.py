"""The demo: a small REST API behind Watchword, people to sign in as, and a page that does so without pop-ups."""
