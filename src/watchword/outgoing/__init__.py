"""Floor 5: what this server asks others by itself, over connections that cannot be turned against it."""
