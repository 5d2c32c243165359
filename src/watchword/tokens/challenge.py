"""The error parameters that tokens add to their challenges (RFC 6750 section 3, RFC 9470 section 3)."""

from __future__ import annotations

from watchword.core.outcome import Insufficient, Malformed, Outcome, Rejected, Stale
from watchword.core.requirement import Requirement
from watchword.http.authentication import Challenge

Parameters = tuple[tuple[str, str], ...]


def step_up(challenge: Challenge, requirement: Requirement) -> Challenge:
    """With what the proof lacks: `acr_values`, `max_age` (RFC 9470)."""
    parameters: Parameters = (("error", "insufficient_user_authentication"),)
    if requirement.acr:
        parameters += (("acr_values", " ".join(sorted(requirement.acr))),)
    if requirement.max_age is not None:
        parameters += (("max_age", str(int(requirement.max_age))),)
    return challenge.with_params(parameters)


def insufficient_scope(challenge: Challenge, requirement: Requirement) -> Challenge:
    """With the scopes that are needed (RFC 6750 section 3.1)."""
    return challenge.with_params((("error", "insufficient_scope"), ("scope", " ".join(sorted(requirement.scopes)))))


def invalid_token(challenge: Challenge, *, expired: bool) -> Challenge:
    """With `error="invalid_token"` and a description that tells nothing which the code does not (RFC 6750)."""
    description = "The token has expired" if expired else "The token is not valid"
    return challenge.with_params((("error", "invalid_token"), ("error_description", description)))


def key_challenge(scheme: str, realm: str, outcome: Outcome | Insufficient, requirement: Requirement) -> Challenge:
    """That of API keys, wherever they come: with `error="invalid_key"` where one is wrong. The scheme is nobody's
    standard, so it says no more than that."""
    challenge = Challenge(scheme, (("realm", realm),))
    match outcome:
        case Insufficient.SCOPE:
            return insufficient_scope(challenge, requirement)
        case Malformed() | Rejected() | Stale():
            return challenge.with_params((("error", "invalid_key"),))
        case _:
            return challenge
