"""`[second_factor]`: codes from an authenticator besides the password."""

from __future__ import annotations

import re
from typing import Annotated, TypeAlias

from pydantic import Field

from watchword.config.section import Section
from watchword.config.values import Read, Text, Unfit, choice, whole
from watchword.core.second_factor import STRONGER
from watchword.crypto.otp import Algorithm

# RFC 9470 section 3: acr_values are separated by spaces, and stand in a quoted-string.
# acr = 1*200( %x21 / %x23-5B / %x5D-7E )
_ACR = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,200}")


def _acr(value: object) -> str:
    if not isinstance(value, str) or not _ACR.fullmatch(value):
        raise Unfit
    return value


Acr: TypeAlias = Annotated[str, Read("a name without spaces, or a URI", _acr)]


class SecondFactorSettings(Section):
    """A second factor: an authenticator that shows codes, and recovery codes. Accounts that confirmed one need it at
    every log-in, whatever stands here."""

    acr: Acr = Field(default=STRONGER, examples=["https://refeds.org/profile/mfa"])
    """The authentication context class (`acr`) of log-ins with a second factor: what targets require
    (`require = {acr = ["mfa"]}`), and what tokens tell other servers."""

    required_for_roles: frozenset[Text] = Field(default=frozenset(), examples=[["admin"]])
    """Roles that need one: to whoever has such a role and logged in by a password alone, nothing is open but
    `/second-factors`, where to add one (401 `step-up-required` elsewhere). API keys and certificates are proofs of
    their own."""

    failures: Annotated[int, whole(3, 20)] = Field(default=5, examples=[3])
    """Wrong codes for one account after which its next attempts must wait, longer each time, up to `limits.max_delay`.
    After 100 in 30 days only recovery codes are taken."""

    issuer: Text | None = Field(default=None, examples=["Clinic"])
    """Whose account it is, as authenticators show it; the realm where nothing is said."""

    digits: Annotated[int, whole(6, 8)] = Field(default=6, examples=[8])
    """Of a code. What is here does not change authenticators that were added before."""

    algorithm: Annotated[Algorithm, choice("SHA1", "SHA256", "SHA512")] = Field(default="SHA1", examples=["SHA256"])
    """With which hash function codes are computed. Not all authenticators know others than `SHA1`, which is as safe
    here. What is here does not change authenticators that were added before."""
