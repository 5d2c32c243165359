"""The answers to questions about secrets: who is held up first, and only then what the stores say."""
