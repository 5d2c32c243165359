"""What other packages add to Watchword: mechanisms, stores, a token manager and authorizers, by entry points."""
