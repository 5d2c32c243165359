"""Verifiers: servers without a database, which learn of revocations from the authentication server's feed.

Nothing here needs more than `cryptography` and the standard library.
"""
