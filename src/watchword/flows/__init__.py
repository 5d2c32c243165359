"""Floor 4: use cases, written as steps: each asks for what it needs, and none of them waits."""
