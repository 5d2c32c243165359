"""`[storage]`: where accounts, sessions and tokens are kept, and how what has expired is removed."""
