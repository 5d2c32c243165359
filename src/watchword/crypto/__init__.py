"""Floor 0: cryptographic computation without I/O."""
