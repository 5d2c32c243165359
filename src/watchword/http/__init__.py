"""Floor 0: the RFC texts as code. Pure functions and values; nothing here reads a socket or a clock."""
