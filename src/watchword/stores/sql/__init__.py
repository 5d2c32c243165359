"""Databases of other applications: how they are reached, what is asked of them, and what their rows mean."""
