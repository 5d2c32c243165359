"""What makes the mechanism `signed-request`, and its access keys."""

from __future__ import annotations

from watchword.config.keys.purposes import ACCESS_KEYS
from watchword.config.mechanisms.makings import Makings
from watchword.config.spaces.resolved import ResolvedSpace
from watchword.mechanisms.signed_request import SignedRequests
from watchword.tokens.access_key import AccessKeys
from watchword.tokens.keys import KeyRing


def signed_request(space: ResolvedSpace, makings: Makings) -> SignedRequests:
    """Requests signed with an access key."""
    chosen = makings.settings.signed_request
    return SignedRequests(space.realm, access_keys_of(makings.ring), chosen.policy, chosen.most_content)


def access_keys_of(ring: KeyRing) -> AccessKeys:
    """What makes access keys, and knows their secrets again."""
    return AccessKeys([key.secret for key in ring.all(ACCESS_KEYS)])
