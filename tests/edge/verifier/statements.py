"""Messages of a feed to try things with, and clocks that stand where they are put."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from watchword.core.revocations import Revocation, Revoked, SelfContained
from watchword.tokens.feed_message import FeedMessage

ISSUER = "https://auth.example.com"
NOW = 1_800_000_000.0


@dataclass(slots=True)
class Ticks:
    """A clock that goes forwards when it is told to."""

    at: float = 1000.0

    def __call__(self) -> float:
        return self.at


def message(**members: Any) -> FeedMessage:
    """A heartbeat, unless it is told otherwise."""
    plain = FeedMessage(
        issuer=ISSUER,
        epoch="epoch",
        stream="stream",
        clock=50.0,
        at=NOW,
        since=5,
        until=5,
        kids=("k1",),
        keep=3600.0,
        staleness=2.0,
        offline_ttl=30.0,
    )
    return replace(plain, **members)


def hello(**members: Any) -> FeedMessage:
    """The first message of a connection that sent the nonce `nonce`: there is nothing to tell."""
    return message(**{"since": -1, "whole": True, "nonce": "nonce", **members})


def ended(token_id: str) -> Revocation:
    return Revocation(at=NOW, what=Revoked.TOKEN, key=token_id)


def token(token_id: str = "t", **members: Any) -> SelfContained:
    plain = SelfContained(
        subject="ann",
        state="s1",
        client_id="watchword",
        token_id=token_id,
        family="f",
        scopes=None,
        issued_at=NOW - 60,
    )
    return replace(plain, **members)
