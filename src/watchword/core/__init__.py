"""Floor 1: what a request proves, what a target requires, and the one table that decides between them."""
