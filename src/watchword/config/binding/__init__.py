"""What sessions and Auth-Keys are bound to, besides their tokens."""
