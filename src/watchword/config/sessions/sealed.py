"""Where sessions are kept, out of the settings."""

from __future__ import annotations

import os

from watchword.config.settings import Settings
from watchword.flows.sealed_sessions import ClientKeptSessions
from watchword.flows.session_backend import SessionBackend, StoredSessions
from watchword.http.cookies import MAX_NAME_AND_VALUE
from watchword.tokens.sealed_sessions import SealedSessions


def sealed_sessions(settings: Settings) -> SealedSessions | None:
    """What judges them; None where sessions are kept on the server."""
    session = settings.session
    if session.backend == "stored":
        return None
    longest_name = max(len(session.cookie.secure_name), len(session.cookie.cleartext_name))
    return SealedSessions(
        session.backend, longest=session.absolute, entropy=os.urandom, room=MAX_NAME_AND_VALUE - longest_name
    )


def session_backend(sealed: SealedSessions | None) -> SessionBackend:
    """Where sessions are kept."""
    return StoredSessions() if sealed is None else ClientKeptSessions(sealed, os.urandom)
