"""The face of the decision table at OAuth endpoints (C24): the same decision, told as RFC 6749 section 5.2 has it."""

from __future__ import annotations

from collections.abc import Mapping

from watchword.core.decision import Refused
from watchword.http.oauth_error import OAuthError

_UNKNOWN_CLIENT = "The client is unknown, may not be used, or did not prove to be itself."

_ERRORS: Mapping[str, OAuthError] = {
    "C03": OAuthError("invalid_client", "The client has to authenticate."),
    "C04": OAuthError("invalid_client", "The client has to authenticate by another method."),
    "C07": OAuthError("invalid_client", _UNKNOWN_CLIENT),
    "C08": OAuthError("invalid_client", "The credentials of the client could not be decoded."),
    "C09": OAuthError("invalid_client", _UNKNOWN_CLIENT),
    "C10": OAuthError(
        "invalid_request", "The client uses several methods to authenticate, or one that cannot be read."
    ),
    # Neither section 5.2 nor an extension has errors for an outage of the server or for too many attempts. The name is
    # that of the authorization endpoint, for the same thing; the status and Retry-After say what to do.
    "C16": OAuthError("temporarily_unavailable", "There were too many failed attempts."),
    "C17": OAuthError("temporarily_unavailable", "The request cannot be judged at the moment."),
}


def oauth_error(refused: Refused) -> OAuthError:
    """What a client is told of this refusal. Its status and its challenges are the table's."""
    return _ERRORS.get(refused.cell) or OAuthError("invalid_request", refused.detail or refused.title)
