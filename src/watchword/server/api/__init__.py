"""The server's routes beside the hot ones: log-in, sessions, tokens, accounts, and their documentation."""

from __future__ import annotations

from watchword.server.api.application import create_api, knows

__all__ = ["create_api", "knows"]
