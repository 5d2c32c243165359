"""Stores that another server answers for by HTTP."""
