"""/oauth2: the endpoints that OAuth clients call without a browser, and the documents that tell of them."""

from __future__ import annotations

from watchword.server.api.oauth import introspect, revoke, token
from watchword.server.api.oauth.metadata import metadata_routes

__all__ = ["introspect", "metadata_routes", "revoke", "token"]
