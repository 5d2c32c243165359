"""Floor 2: what tokens look like, what they are derived from, and how a session is judged."""
