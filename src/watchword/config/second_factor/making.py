"""What second factors are like, and what judges them."""

from __future__ import annotations

import os

from watchword.config.keys.purposes import CREDENTIALS
from watchword.config.settings import Settings
from watchword.crypto.sealing import Sealing
from watchword.flows.second_factor import SecondFactorPolicy
from watchword.tokens.keys import KeyRing
from watchword.tokens.second_factor import CodeJudge


def second_factor_policy(settings: Settings, ring: KeyRing, *, realm: str) -> SecondFactorPolicy:
    """The same, for one server of this realm."""
    chosen = settings.second_factor
    sealing = Sealing([(key.id, key.secret) for key in ring.all(CREDENTIALS)])
    return SecondFactorPolicy(
        judge=CodeJudge(sealing=sealing, entropy=os.urandom, acr=chosen.acr),
        issuer=chosen.issuer or realm,
        algorithm=chosen.algorithm,
        digits=chosen.digits,
        required_for=chosen.required_for_roles,
    )
